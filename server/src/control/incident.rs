use ipnet::IpNet;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::store::{AuditId, SessionId};

/// What operators ask for on a bad day: a part of the commands.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "incident", rename_all = "snake_case")]
pub(crate) enum Incident {
    /// Show the sessions of a user.
    Sessions {
        /// Whose.
        username: String,
    },
    /// End the sessions of a user.
    EndSessions {
        /// Whose.
        username: String,
        /// This one alone.
        session: Option<SessionId>,
    },
    /// End the sessions of all users.
    EndAllSessions,
    /// Forget a user's failed attempts in a row.
    Unlock {
        /// Whose.
        username: String,
    },
    /// Take all second factors from a user; their sessions end.
    ResetFactors {
        /// Whose.
        username: String,
    },
    /// Accept no token of a key any more.
    RevokeKey {
        /// Its id.
        kid: String,
    },
    /// Say who may register.
    Registration,
    /// Open or close registration.
    SetRegistration {
        /// Whether everyone may register.
        is_open: bool,
    },
    /// Show the networks that are blocked.
    Blocks,
    /// Block a network.
    Block {
        /// Which.
        network: IpNet,
        /// For how long.
        seconds: u64,
        /// Why.
        reason: String,
        /// Also if that is hazardous.
        force: bool,
    },
    /// End the block of a network.
    Unblock {
        /// Which.
        network: IpNet,
    },
    /// Show records of the audit log.
    Audit {
        /// Those that concern this user, or tell what they did: a name, or the id of somebody who
        /// may be gone.
        user: Option<String>,
        /// Those of this event.
        event: Option<String>,
        /// Those from this time on.
        since: Option<Timestamp>,
        /// Those before this one.
        before: Option<AuditId>,
        /// How many at most.
        limit: usize,
    },
}
