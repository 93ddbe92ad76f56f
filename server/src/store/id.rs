use std::fmt;
use std::sync::atomic::{AtomicU16, Ordering};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A new `UUIDv7` (RFC 9562 section 5.7) of the time `at`.
pub fn uuid_v7(at: Timestamp) -> Uuid {
    let since_epoch = at.as_duration().unsigned_abs();
    let time = uuid::Timestamp::from_unix(
        uuid::NoContext,
        since_epoch.as_secs(),
        since_epoch.subsec_nanos(),
    );
    Uuid::new_v7(time)
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id for what comes to be `at`.
            pub fn new(at: Timestamp) -> Self {
                Self(uuid_v7(at))
            }

            /// Reads the text form as it is shown: in lower case, with hyphens.
            pub fn parse(text: &str) -> Option<Self> {
                let id = Uuid::try_parse(text).ok()?;
                (id.hyphenated().to_string() == text).then_some(Self(id))
            }

            /// The bytes, whose order is that of creation.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// What [`as_bytes`](Self::as_bytes) yielded.
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// The id as any other UUID.
            pub fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A user's id: a `UUIDv7`, so that ids sort by the time of registration.
    UserId
);
id!(
    /// A session's id: a `UUIDv7`.
    SessionId
);
id!(
    /// The id of a block of a network: a `UUIDv7`.
    BlockId
);
id!(
    /// The id of an OAuth client: a `UUIDv7`.
    OauthClientId
);
id!(
    /// A passkey's id: a `UUIDv7`.
    PasskeyId
);
id!(
    /// The id of an audit record: a `UUIDv7`, so that ids sort by time.
    AuditId
);

id!(
    /// The id of a [challenge](crate::store::Challenge): a `UUIDv7`.
    ChallengeId
);

impl AuditId {
    /// An id that sorts after those that this process made in the same millisecond before, but for
    /// one in 4096.
    pub fn in_order(at: Timestamp) -> Self {
        static COUNT: AtomicU16 = AtomicU16::new(0);
        let [high, low] = COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let mut bytes = uuid_v7(at).into_bytes();
        // After the version, RFC 9562 leaves 12 bits to a counter (section 6.2, method 1).
        (bytes[6], bytes[7]) = (0x70 | (high & 0x0f), low);
        Self(Uuid::from_bytes(bytes))
    }

    /// The least id of this time.
    pub fn least(at: Timestamp) -> Self {
        let millis = at.as_millisecond().max(0).unsigned_abs() << 16;
        Self(Uuid::from_u64_pair(millis, 0))
    }

    /// The time, to the millisecond.
    pub fn time(self) -> Timestamp {
        let (high, _) = self.0.as_u64_pair();
        let millis = i64::try_from(high >> 16).unwrap_or(i64::MAX);
        Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
    }
}

impl UserId {
    /// An id that no user has.
    pub const NOBODY: Self = Self(Uuid::nil());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_audit_records_tell_their_time_and_sort_by_it() {
        let at = |millis| Timestamp::from_millisecond(millis).unwrap();
        let made = || [7, 7, 7, 8, 1_800_000_000_123].map(|millis| AuditId::in_order(at(millis)));
        // The counter begins anew once in 4096 ids, at most once here.
        let [first, second] = [made(), made()];
        assert!(first.is_sorted() || second.is_sorted(), "{first:?} {second:?}");
        let ids = first;
        assert_eq!(ids.map(AuditId::time), [7, 7, 7, 8, 1_800_000_000_123].map(at));
        assert!(AuditId::least(at(8)) > ids[2] && AuditId::least(at(8)) <= ids[3]);
        assert!(ids.iter().all(|id| id.uuid().get_version_num() == 7));
    }
}
