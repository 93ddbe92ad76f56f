use std::io::Write;
use std::sync::Arc;

use super::Accounts;
use super::error::AccountError;
use crate::audit::{Event, Record};
use crate::store::{BackupHead, Beside, StoreCounts};

impl Accounts {
    /// Writes a backup of all that is stored, for an operator: users, sessions and keys.
    ///
    /// # Errors
    ///
    /// If not all could be read, or `out` took no more.
    pub(crate) async fn back_up(
        self: &Arc<Self>,
        out: Box<dyn Write + Send>,
    ) -> Result<BackupHead, AccountError> {
        self.to_the_end(|accounts| async move {
            let beside = Beside {
                // Before the rows: a key that is made meanwhile was the next one before.
                keys: accounts.keys.stored_text()?,
                now: accounts.clock.now(),
                made_by: env!("HALLPASS_VERSION").to_owned(),
            };
            let record = Record::of_operator(Event::Backup);
            let made = accounts.store.back_up(beside, out).await;
            match &made {
                Ok(head) => record.detail(format_args!("{} users", head.users)).ok(&accounts.audit),
                Err(error) => record.refused(&accounts.audit, &error.to_string()),
            }
            Ok(made?)
        })
        .await
    }

    /// How much is stored.
    pub(crate) async fn counts(&self) -> Result<StoreCounts, AccountError> {
        Ok(self.store.counts().await?)
    }
}
