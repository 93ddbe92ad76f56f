use jiff::Timestamp;
use prometheus::{IntCounter, IntGauge};

use super::families::Families;

/// Backups that the server made by itself.
#[derive(Clone, Debug)]
pub struct BackupMetrics {
    ok: IntCounter,
    failed: IntCounter,
    last: IntGauge,
}

impl BackupMetrics {
    pub(super) fn new(families: Families<'_>) -> Self {
        let help = "Backups that the server made by itself, by what came of them.";
        let outcomes = families.counters("hallpass_backups_total", help, &["outcome"]);
        let help = "When the server last made a backup by itself, in seconds since 1970.";
        let last = families.gauge("hallpass_backup_last_success_timestamp_seconds", help);
        Self {
            ok: outcomes.with_label_values(&["ok"]),
            failed: outcomes.with_label_values(&["failed"]),
            last,
        }
    }

    /// One was made.
    pub fn made(&self, now: Timestamp) {
        self.ok.inc();
        self.last.set(now.as_second());
    }

    /// One was not made.
    pub fn failed(&self) {
        self.failed.inc();
    }
}
