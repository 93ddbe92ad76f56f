//! What the routes do: plain async functions, one file per resource. They turn HTTP into calls of
//! use cases, and results into answers.

pub mod account;
pub mod admin;
pub mod docs;
pub mod frontend;
pub mod guarded;
pub mod health;
pub mod login;
pub mod public;
pub mod reset;
pub mod sessions;
