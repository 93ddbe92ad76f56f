//! What the operator should know of the database's replication.

use tokio_postgres::Client;

/// How the database replicates, as far as it can be seen.
#[derive(Clone, Debug)]
pub(super) struct Replication {
    /// `synchronous_commit`
    synchronous_commit: String,
    /// Whether `synchronous_standby_names` names any.
    has_synchronous_standbys: bool,
    /// Whether a standby is connected, or the URL names several hosts.
    may_fail_over: bool,
}

impl Replication {
    pub(super) async fn read(db: &Client, hosts: usize) -> anyhow::Result<Self> {
        let query = "SELECT current_setting('synchronous_commit') AS commit,
                     current_setting('synchronous_standby_names') <> '' AS has_synchronous,
                     EXISTS (SELECT FROM pg_stat_replication) AS has_standby";
        let row = db.query_typed_one(query, &[]).await?;
        Ok(Self {
            synchronous_commit: row.try_get("commit")?,
            has_synchronous_standbys: row.try_get("has_synchronous")?,
            may_fail_over: hosts > 1 || row.try_get("has_standby")?,
        })
    }

    /// What may bring back sessions that were signed out of.
    pub(super) fn concern(&self) -> Option<&'static str> {
        match self.synchronous_commit.as_str() {
            "off" => Some(
                "synchronous_commit is off, so a crash of the database may bring back sessions \
                 that were signed out of; set it to on",
            ),
            "local" if self.may_fail_over => Some(
                "synchronous_commit is local, so a fail-over may bring back sessions that were \
                 signed out of; set it to on",
            ),
            _ if self.may_fail_over && !self.has_synchronous_standbys => Some(
                "no standby of the database is synchronous, so a fail-over may bring back sessions \
                 that were signed out of; set synchronous_standby_names, and see that a primary \
                 that was replaced is fenced",
            ),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_fail_over_or_a_crash_may_undo_is_a_concern() {
        for (commit, has_synchronous_standbys, may_fail_over, expected) in [
            ("on", false, false, None),
            ("on", true, true, None),
            ("remote_apply", true, true, None),
            ("on", false, true, Some("no standby")),
            ("local", true, true, Some("is local")),
            ("local", false, false, None),
            ("off", false, false, Some("is off")),
            ("off", true, true, Some("is off")),
        ] {
            let replication = Replication {
                synchronous_commit: commit.to_owned(),
                has_synchronous_standbys,
                may_fail_over,
            };
            let concern = replication.concern();
            let is_expected = expected.is_none_or(|text| concern.unwrap_or("").contains(text));
            assert!(is_expected && concern.is_some() == expected.is_some(), "{replication:?}");
        }
    }
}
