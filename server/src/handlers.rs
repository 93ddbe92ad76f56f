//! What the routes do: plain async functions, one file per resource. They turn HTTP into calls of
//! use cases, and results into answers.

pub(crate) mod account;
pub(crate) mod admin;
pub(crate) mod audit;
pub(crate) mod docs;
pub(crate) mod factors;
pub(crate) mod frontend;
pub(crate) mod guard;
pub(crate) mod guarded;
pub(crate) mod health;
pub(crate) mod login;
pub(crate) mod oauth;
pub(crate) mod passkeys;
pub(crate) mod public;
pub(crate) mod reset;
pub(crate) mod restrictions;
pub(crate) mod sessions;
mod signed_in;
