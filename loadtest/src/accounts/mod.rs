//! The accounts of a run.

mod account;
mod provision;

pub(crate) use account::{Account, SignedIn, Token, check_login};
pub(crate) use provision::{Accounts, provision};
