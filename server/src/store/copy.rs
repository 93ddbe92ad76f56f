//! Copies all that a store holds into an empty one of whatever backend. Nobody is signed out.
//!
//! A copy is whole, or it is not there: PostgreSQL gets it in one transaction, and a data directory
//! as a file that appears once it is complete. So a copy that was interrupted is run again. One
//! that was complete is recognized by its contents.

mod contents;
pub(super) mod rows;

pub use self::rows::Kind;

use std::path::Path;

use anyhow::ensure;

use self::contents::Contents;
use self::rows::{KINDS, Rows};
use super::keys_record::KeysRecord;
use super::postgres::{DatabaseUrl, PostgresCopy};
use super::redb::RedbCopy;
use super::sealed_keys::SealedKeys;

/// Where a store is.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// The file of a data directory.
    File(&'a Path),
    /// A database of PostgreSQL.
    Database(&'a DatabaseUrl),
}

/// How far a copy has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// What is being copied.
    pub kind: Kind,
    /// How many of them are copied.
    pub done: u64,
    /// How many there are.
    pub all: u64,
}

/// What a copy came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Copied {
    /// How many of each [`Kind`] there are now, in their order.
    pub counts: [u64; KINDS],
    /// Whether they were all there before.
    pub was_there: bool,
}

async fn counts(rows: &mut dyn Rows) -> anyhow::Result<[u64; KINDS]> {
    let mut counts = [0; KINDS];
    for (count, kind) in counts.iter_mut().zip(Kind::ALL) {
        *count = rows.count(kind).await?;
    }
    Ok(counts)
}

/// A copy whose rows are complete. It is there once it is [finished](Self::finish).
pub struct Copying {
    source: Box<dyn Rows>,
    target: Box<dyn Rows>,
    counts: [u64; KINDS],
    was_there: bool,
}

impl Copying {
    /// Copies all rows from one place to another, which must be empty. Compares what is there in
    /// the end.
    ///
    /// # Errors
    ///
    /// If a server uses one of them, the source is damaged, the target holds something else, or one
    /// of them fails. Then the target is as it was.
    pub async fn of(
        from: Place<'_>,
        to: Place<'_>,
        progress: impl FnMut(Progress) + Send,
    ) -> anyhow::Result<Self> {
        let mut source: Box<dyn Rows> = match from {
            Place::File(path) => Box::new(RedbCopy::source(path)?),
            Place::Database(url) => Box::new(PostgresCopy::source(url).await?),
        };
        let mut target: Box<dyn Rows> = match to {
            Place::File(path) => Box::new(RedbCopy::target(path)?),
            Place::Database(url) => Box::new(PostgresCopy::target(url).await?),
        };
        let (counts, found) = (counts(&mut *source).await?, counts(&mut *target).await?);
        let was_there = found != [0; KINDS] || target.keys_record().await? != KeysRecord::NeverMade;
        if was_there {
            let is_same = counts == found
                && Contents::of(&mut *source).await? == Contents::of(&mut *target).await?;
            ensure!(is_same, "the target holds other data, and a copy needs an empty one");
        } else {
            let copied = transfer(&mut *source, &mut *target, counts, progress).await?;
            let is_same = Contents::of(&mut *target).await? == copied;
            ensure!(is_same, "the copy differs from the source");
        }
        Ok(Self { source, target, counts, was_there })
    }

    /// The sealed keys of the source and of the target. None of a file, which has none.
    ///
    /// # Errors
    ///
    /// If they can't be read.
    pub async fn sealed_keys(&mut self) -> anyhow::Result<[Option<SealedKeys>; 2]> {
        Ok([self.source.sealed_keys().await?, self.target.sealed_keys().await?])
    }

    /// Whether the source has keys, as it says itself.
    ///
    /// # Errors
    ///
    /// If it can't be read.
    pub async fn has_keys(&mut self) -> anyhow::Result<bool> {
        Ok(self.source.keys_record().await? == KeysRecord::Made)
    }

    /// Makes the copy last, and with it these sealed keys, if the target has none yet.
    ///
    /// # Errors
    ///
    /// If the target fails.
    pub async fn finish(mut self, sealed: Option<Vec<u8>>) -> anyhow::Result<Copied> {
        if !self.was_there {
            self.target.finish(self.source.keys_record().await?, sealed).await?;
        }
        Ok(Copied { counts: self.counts, was_there: self.was_there })
    }
}

/// Copies row by row, and says what was copied.
async fn transfer(
    source: &mut dyn Rows,
    target: &mut dyn Rows,
    counts: [u64; KINDS],
    mut progress: impl FnMut(Progress) + Send,
) -> anyhow::Result<Contents> {
    let mut copied = Contents::default();
    for (kind, all) in Kind::ALL.into_iter().zip(counts) {
        let (mut after, mut done) = (None, 0);
        loop {
            let rows = source.page(kind, after).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.key());
            copied.add(&rows)?;
            done += rows.len() as u64;
            target.add(rows).await?;
            progress(Progress { kind, done, all });
        }
    }
    Ok(copied)
}

#[cfg(test)]
mod tests;
