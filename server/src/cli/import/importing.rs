use anyhow::{Context as _, bail, ensure};
use indicatif::ProgressBar;

use super::complaints::{Complaints, Remarks};
use super::names::Names;
use super::records::{Found, Numbered, Records, Spot};
use crate::accounts::{ImportResult, UserRecord};
use crate::cli::executor::{Executor, unexpected};
use crate::cli::terminal::note;
use crate::control::{Command, Reply};
use crate::proof::password::{StoredHash, UNUSABLE, is_unusable};

/// Records that are sent at once.
const BATCH: usize = 1000;

/// What a batch may take in the file: as a command it stays far below the longest line.
const BATCH_BYTES: u64 = 1024 * 1024;

/// A remark on users without a password.
const WITHOUT_PASSWORD: &str =
    "there is no password; make each a reset link, on the admin page or by the API";

/// What becomes of the secrets of one-time codes.
#[derive(Clone, Copy)]
pub(super) enum Secrets {
    Taken,
    Left,
    /// Nobody has said. A user who had a second factor must not come in without it unnoticed.
    Refused,
}

/// What became of the lines of a file.
#[derive(Default)]
struct LineTally {
    added: u64,
    already_there: u64,
    bad: u64,
}

/// An import while it runs.
pub(super) struct Importing {
    pub(super) dry_run: bool,
    pub(super) without_refused_hashes: bool,
    bar: ProgressBar,
    tally: LineTally,
    complaints: Complaints,
    remarks: Remarks,
    names: Names,
    batch: Vec<Numbered>,
    secrets: Secrets,
}

impl Importing {
    pub(super) fn new(bar: ProgressBar, secrets: Secrets) -> Self {
        Self {
            dry_run: false,
            without_refused_hashes: false,
            bar,
            tally: LineTally::default(),
            complaints: Complaints::default(),
            remarks: Remarks::default(),
            names: Names::default(),
            batch: Vec::new(),
            secrets,
        }
    }

    pub(super) async fn all(
        &mut self,
        records: &mut dyn Records,
        executor: &mut Executor,
    ) -> anyhow::Result<()> {
        let mut begin = records.bytes_read();
        while let Some(next) = records.next().context("can't read on")? {
            // Whether this line clashes depends on whether the earlier one is accepted.
            let name = next.1.as_ref().map(|found| &found.record.username);
            if name.is_ok_and(|name| self.names.is_undecided(name)) {
                self.send(executor).await?;
            }
            self.add(next);
            let bytes = records.bytes_read();
            if self.batch.len() == BATCH || bytes - begin >= BATCH_BYTES {
                self.send(executor).await?;
                self.bar.set_position(bytes);
                begin = bytes;
            }
        }
        self.send(executor).await
    }

    fn add(&mut self, (spot, parsed): Numbered) {
        let parsed = parsed.and_then(|mut found| {
            self.settle_secret(&mut found.record)?;
            self.settle_hash(&mut found);
            match self.names.claim(&found.record.username) {
                Ok(()) => Ok(found),
                Err(earlier) => Err(format!("username: {earlier} has the same name")),
            }
        });
        self.batch.push((spot, parsed));
    }

    fn settle_secret(&self, record: &mut UserRecord) -> Result<(), String> {
        match (self.secrets, &record.totp_secret) {
            (Secrets::Refused, Some(_)) => {
                Err("totp_secret: say --with-secrets to take it over, or --without-secrets".into())
            }
            (Secrets::Left, _) => {
                record.totp_secret = None;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn settle_hash(&self, found: &mut Found) {
        let hash = found.record.password_hash.expose();
        let is_refused = !is_unusable(hash) && StoredHash::parse(hash).is_err();
        if is_refused && self.without_refused_hashes {
            found.record.password_hash = UNUSABLE.into();
        }
        found.remark_if(is_unusable(found.record.password_hash.expose()), WITHOUT_PASSWORD);
    }

    async fn send(&mut self, executor: &mut Executor) -> anyhow::Result<()> {
        let (mut records, mut results, mut sent) = (Vec::new(), Vec::new(), Vec::new());
        for (spot, parsed) in std::mem::take(&mut self.batch) {
            results.push((
                spot,
                parsed.map(|found| {
                    sent.push((found.record.username.clone(), found.remarks));
                    records.push(found.record);
                }),
            ));
        }
        let outcomes = self.ask(records, executor).await?;
        ensure!(outcomes.len() == sent.len(), unexpected());
        let mut outcomes = sent.into_iter().zip(outcomes);
        for (spot, parsed) in results {
            let outcome = match parsed {
                Ok(()) => {
                    let ((name, remarks), outcome) = outcomes.next().with_context(unexpected)?;
                    self.names.decide(&name, spot, !matches!(outcome, ImportResult::Refused(_)));
                    if outcome == ImportResult::Added {
                        remarks.into_iter().for_each(|remark| self.remarks.add(remark));
                    }
                    outcome
                }
                Err(reason) => ImportResult::Refused(reason),
            };
            self.count(spot, &outcome);
        }
        Ok(())
    }

    async fn ask(
        &self,
        records: Vec<UserRecord>,
        executor: &mut Executor,
    ) -> anyhow::Result<Vec<ImportResult>> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let command = match self.dry_run {
            true => Command::RehearseImport { records },
            false => Command::Import { records },
        };
        match executor.ask(command).await? {
            Reply::Imported { outcomes } => Ok(outcomes),
            _ => bail!(unexpected()),
        }
    }

    fn count(&mut self, spot: Spot, outcome: &ImportResult) {
        match outcome {
            ImportResult::Added => self.tally.added += 1,
            ImportResult::AlreadyThere => self.tally.already_there += 1,
            ImportResult::Refused(reason) => {
                self.tally.bad += 1;
                self.complaints.add(spot, reason);
            }
        }
    }

    /// Says on standard error what is wrong with lines, and what does not come along.
    pub(super) fn say_what_is_to_know(&self) {
        self.bar.finish_and_clear();
        self.complaints.say();
        self.remarks.say();
        if self.dry_run {
            note("hallpass: nothing was changed");
        }
    }

    pub(super) fn nothing_was_bad(&self) -> bool {
        self.tally.bad == 0
    }

    pub(super) fn summary(&self) -> String {
        let LineTally { added, already_there, bad } = self.tally;
        let did = if self.dry_run { "would import" } else { "imported" };
        format!("{did} {added}, already there {already_there}, bad {bad}")
    }
}
