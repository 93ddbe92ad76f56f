//! The audit log as it is kept in the store.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;

use super::Accounts;
use super::error::AccountError;
use crate::store::{AuditPage, AuditQuery, UserId};

/// Records that are kept in one write.
const BATCH: usize = 256;

/// How long records wait for more, so that they are kept together.
const PAUSE: Duration = Duration::from_millis(500);

/// For how long is counted what may come in a flood.
const COUNTING: Duration = Duration::from_secs(60);

/// Until records are tried again that could not be kept.
const RETRY: Duration = Duration::from_secs(5);

/// How much of the audit log is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AuditKeeping {
    /// For how long.
    pub keep: Duration,
    /// The most bytes.
    pub most: u64,
}

/// A part of the audit log.
#[derive(Clone, Debug)]
pub(crate) struct AuditPart {
    /// The records, the latest one first.
    pub page: AuditPage,
    /// The names of the users in them who are still there.
    pub names: HashMap<UserId, String>,
}

impl AuditKeeping {
    /// Whether any records are kept.
    pub(crate) fn keeps_any(self) -> bool {
        self.most > 0 && !self.keep.is_zero()
    }
}

impl Accounts {
    /// Records of the audit log, those of this server up to now.
    pub(crate) async fn audit_log(&self, query: AuditQuery) -> Result<AuditPart, AccountError> {
        if let Err(error) = self.keep_audit(true).await {
            tracing::warn!("the newest audit records are not kept yet: {error:#}");
        }
        let mut page = self.store.audit(query).await?;
        let people = page.entries.iter().flat_map(|entry| [entry.record.user, entry.record.by]);
        let people: HashSet<UserId> = people.flatten().collect();
        let mut names = HashMap::new();
        for id in people {
            // Who is gone, or can't be read, has no name here.
            if let Ok(Some(user)) = self.store.user_by_id(id).await {
                names.insert(id, user.username);
            }
        }
        for entry in &mut page.entries {
            // A crash may have left it, in the middle of the deletion.
            let owner = entry.record.owner_of_address();
            if owner.is_some_and(|owner| !names.contains_key(&owner)) {
                entry.record = std::mem::take(&mut entry.record).without_address();
            }
        }
        Ok(AuditPart { page, names })
    }

    /// Writes the audit records that wait to the store. Of what is counted, that of a minute that
    /// is over, or `all`.
    pub(crate) async fn keep_audit(&self, all: bool) -> Result<(), AccountError> {
        let _alone = self.keeping.lock().await;
        let lost = self.audit.lost();
        if lost > 0 {
            tracing::error!(lost, "audit records were not kept in the store: too many waited");
        }
        loop {
            let entries = self.audit.next(BATCH, all);
            if entries.is_empty() {
                return Ok(());
            }
            let records = entries.len();
            // Whoever asked may have gone by now. Then they are added once more, which changes
            // nothing.
            self.store.add_audit(entries, self.audit_keeping.most).await?;
            self.audit.are_kept(records);
        }
    }

    /// Writes audit records to the store soon after they were made, for ever.
    pub(crate) async fn keep_audit_for_ever(&self) {
        loop {
            match self.audit.is_counting() {
                // What comes first: a record, or the end of the minute.
                true => drop(tokio::time::timeout(COUNTING, self.audit.arrived()).await),
                false => self.audit.arrived().await,
            }
            tokio::time::sleep(PAUSE).await;
            if let Err(error) = self.keep_audit(false).await {
                tracing::error!("can't keep audit records in the store: {error:#}");
                tokio::time::sleep(RETRY).await;
                self.audit.again();
            }
        }
    }

    /// Removes the audit records that are too old or too many.
    pub(crate) async fn sweep_audit(&self, now: Timestamp) {
        let AuditKeeping { keep, most } = self.audit_keeping;
        let before = now.checked_sub(keep).unwrap_or(Timestamp::MIN);
        match self.store.sweep_audit(before, most).await {
            Ok(0) => {}
            Ok(records) => tracing::debug!(records, "old audit records were removed"),
            Err(error) => tracing::error!("can't remove old audit records: {error:#}"),
        }
    }
}
