use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::store::{AuditEntry, AuditId, AuditRecord};

/// The most counts at a time. Whatever comes from more networks counts as from one.
const MOST_COUNTS: usize = 1000;

/// For how long is counted.
const PERIOD: SignedDuration = SignedDuration::from_secs(60);

/// How often the same happened from the same network within a minute.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// When the first of them was counted.
    since: Option<Timestamp>,
    counts: HashMap<AuditRecord, u64>,
}

impl Counts {
    pub(super) fn add(&mut self, record: AuditRecord, now: Timestamp) {
        self.since.get_or_insert(now);
        let is_full = self.counts.len() >= MOST_COUNTS && !self.counts.contains_key(&record);
        let counted = match is_full {
            true => AuditRecord {
                user: None,
                session: None,
                detail: None,
                address: Some("many networks".to_owned()),
                ..record
            },
            false => record,
        };
        *self.counts.entry(counted).or_default() += 1;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Ends a period that is over, or any if `now` is none.
    pub(super) fn take(&mut self, now: Option<Timestamp>) -> Vec<AuditEntry> {
        let Some(since) = self.since else { return Vec::new() };
        if now.is_some_and(|now| now.duration_since(since) < PERIOD) {
            return Vec::new();
        }
        self.since = None;
        let counts = self.counts.drain();
        let entry = |(record, times)| {
            let record = AuditRecord { times: Some(times), ..record };
            AuditEntry { id: AuditId::in_order(since), record }
        };
        counts.map(entry).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(address: &str) -> AuditRecord {
        AuditRecord { address: Some(address.to_owned()), ..AuditRecord::default() }
    }

    #[test]
    fn what_is_the_same_is_counted_for_a_minute() {
        let mut counts = Counts::default();
        let begin = Timestamp::UNIX_EPOCH;
        for address in ["a", "b", "a"] {
            counts.add(of(address), begin);
        }
        assert_eq!(counts.take(Some(begin + SignedDuration::from_secs(59))), []);
        let mut taken = counts.take(Some(begin + PERIOD));
        taken.sort_by_key(|entry| entry.record.times);
        let found = taken.iter().map(|entry| (entry.record.address.as_deref(), entry.record.times));
        assert_eq!(found.collect::<Vec<_>>(), [(Some("b"), Some(1)), (Some("a"), Some(2))]);
        assert!(counts.is_empty() && counts.take(None).is_empty());
    }

    #[test]
    fn a_flood_from_everywhere_takes_no_more_than_so_many_counts() {
        let mut counts = Counts::default();
        for n in 0..3 * MOST_COUNTS {
            counts.add(of(&n.to_string()), Timestamp::UNIX_EPOCH);
        }
        let taken = counts.take(None);
        assert_eq!(taken.len(), MOST_COUNTS + 1);
        let times: u64 = taken.iter().filter_map(|entry| entry.record.times).sum();
        assert_eq!(times, 3 * MOST_COUNTS as u64);
    }
}
