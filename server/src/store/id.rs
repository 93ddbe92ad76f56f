use std::fmt;

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

impl UserId {
    /// An id that no user has.
    pub const NOBODY: Self = Self(Uuid::nil());
}
