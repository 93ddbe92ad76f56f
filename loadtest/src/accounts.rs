//! The accounts of a run: made or taken from a file, and signed in.

mod args;
mod ask;
mod codes;
mod file;
mod import;
mod keeper;
mod names;
mod pool;
mod progress;
mod provision;
mod reuse;
mod set_up;
mod users;

pub(crate) use args::AccountArgs;
pub(crate) use codes::{STEP_SECONDS, Step};
pub(crate) use import::disable;
pub(crate) use keeper::{Keeper, Renewals};
pub(crate) use names::Namer;
#[cfg(test)]
pub(crate) use pool::tests::pool as code_pool;
pub(crate) use pool::{CodePool, Loan, NoAccount};
pub(crate) use provision::Provisioner;
pub(crate) use users::Users;
