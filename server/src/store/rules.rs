//! Every decision about accounts and sessions, as pure functions.
//!
//! A backend carries out an operation in one transaction. It loads the rows that a rule asks for,
//! calls the rule, and writes the [`Changes`] of its [`Decision`]. So a backend holds no policy.

mod accounts;
mod addresses;
mod audit;
mod creation;
mod decision;
mod factors;
mod names;
mod oauth_clients;
mod permission;
mod resets;
mod restrictions;
mod revocation;
mod rotation;
mod sessions;

#[cfg(test)]
mod tests;

pub(super) use accounts::{
    change_password, delete, edit, end_all_sessions, end_other_sessions, end_session_of,
    end_sessions, set_password,
};
pub(super) use addresses::remember;
pub(super) use audit::{concerned, is_asked_for};
pub(super) use creation::{NameCheck, import, register};
pub(super) use decision::{Changes, Decision, EndSessions, Which};
pub(super) use factors::{CLOSED, change_factors, count_answer, forgotten_before, remove_factors};
pub(super) use names::{account_key, is_taken, owner, similar_kinds};
pub(super) use oauth_clients::add_oauth_client;
pub(super) use permission::Asker;
pub(super) use resets::{is_open, offer, take_up, withdraw};
pub(super) use restrictions::{add_block, remove_block, set_registration};
pub(super) use revocation::{has_expired, swept_until, until};
pub(crate) use rotation::is_exchangeable;
pub(super) use rotation::refresh;
pub(super) use sessions::{Existing, end_session, is_full, reauthenticate, start};
