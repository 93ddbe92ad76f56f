use anyhow::Context as _;
use tokio_postgres::Row;

/// Reads the timeline. It fails on a standby.
macro_rules! timeline {
    () => {
        "left(pg_walfile_name(pg_current_wal_lsn()), 8) AS timeline"
    };
}
pub(super) use timeline;

/// Which of the database's histories a server writes. Each fail-over begins another one, with a
/// larger number. A primary that was replaced and does not know it yet is told by its own.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Timeline(pub(super) i64);

impl Timeline {
    pub(super) fn read(row: &Row) -> anyhow::Result<Self> {
        let hex: &str = row.try_get("timeline")?;
        let number = i64::from_str_radix(hex, 16);
        Ok(Self(number.with_context(|| format!("the database's timeline is {hex}"))?))
    }
}
