//! Copies all that a store holds into an empty one of whatever backend. Nobody is signed out.
//!
//! A copy is whole, or it is not there: PostgreSQL gets it in one transaction, and a data directory
//! as a file that appears once it is complete. So a copy that was interrupted is run again. One
//! that was complete is recognized by its contents.

mod contents;
pub(super) mod rows;

pub use self::rows::Kind;

use std::path::Path;

use anyhow::{bail, ensure};

use self::contents::Contents;
use self::rows::Rows;
use super::keys_record::KeysRecord;
use super::postgres::{DatabaseUrl, PostgresCopy};
use super::redb::RedbCopy;

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
    pub counts: [u64; 5],
    /// Whether they were all there before.
    pub was_there: bool,
}

async fn counts(rows: &mut dyn Rows) -> anyhow::Result<[u64; 5]> {
    let mut counts = [0; 5];
    for (count, kind) in counts.iter_mut().zip(Kind::ALL) {
        *count = rows.count(kind).await?;
    }
    Ok(counts)
}

/// Copies all from one place to another, which must be empty. Compares what is there in the end.
///
/// # Errors
///
/// If a server uses one of them, the source is damaged, the target holds something else, or one of
/// them fails. Then the target is as it was.
pub async fn copy(
    from: Place<'_>,
    to: Place<'_>,
    progress: impl FnMut(Progress) + Send,
) -> anyhow::Result<Copied> {
    let mut source: Box<dyn Rows> = match from {
        Place::File(path) => Box::new(RedbCopy::source(path)?),
        Place::Database(url) => Box::new(PostgresCopy::source(url).await?),
    };
    let mut target: Box<dyn Rows> = match to {
        Place::File(path) => Box::new(RedbCopy::target(path)?),
        Place::Database(url) => Box::new(PostgresCopy::target(url).await?),
    };
    let (counts, found) = (counts(&mut *source).await?, counts(&mut *target).await?);
    let is_empty = found == [0; 5] && target.keys_record().await? == KeysRecord::NeverMade;
    if !is_empty {
        let is_same = counts == found
            && Contents::of(&mut *source).await? == Contents::of(&mut *target).await?;
        if !is_same {
            bail!("the target holds other data, and a copy needs an empty one");
        }
        return Ok(Copied { counts, was_there: true });
    }
    let copied = transfer(&mut *source, &mut *target, counts, progress).await?;
    ensure!(Contents::of(&mut *target).await? == copied, "the copy differs from the source");
    target.finish(source.keys_record().await?).await?;
    Ok(Copied { counts, was_there: false })
}

/// Copies row by row, and says what was copied.
async fn transfer(
    source: &mut dyn Rows,
    target: &mut dyn Rows,
    counts: [u64; 5],
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
