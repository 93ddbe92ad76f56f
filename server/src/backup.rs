//! Backup files: how they are sealed, written and opened. What is in them is the store's business.

mod file;
mod open;
mod plan;
mod seal;

pub(crate) use self::file::{Destination, NewFile};
pub(crate) use self::open::{Opener, open};
pub(crate) use self::plan::Plan;
pub(crate) use self::seal::{AgeKey, Seal, SealArgs};

#[cfg(test)]
mod tests;
