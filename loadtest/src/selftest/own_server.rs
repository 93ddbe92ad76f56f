//! Checks on a server of their own.

use anyhow::anyhow;

use super::row::Row;
use crate::accounts::AccountArgs;
use crate::interrupt::Interrupt;
use crate::open::Stage;
use crate::sut::{Host, Spec, TargetArgs};

/// Starts a server, signs users in, measures, and ends the server.
///
/// # Errors
///
/// The server does not start or ends by itself, the users cannot be signed in, or the error of
/// `measure`.
pub(super) fn on_own_server(
    args: &TargetArgs,
    users: usize,
    interrupt: &Interrupt,
    measure: impl FnOnce(&Host, &Stage) -> anyhow::Result<Vec<Row>>,
) -> anyhow::Result<Vec<Row>> {
    let spec = Spec::find(&args.target).map_err(|error| anyhow!(error))?;
    let mut host = Host::find(args, interrupt)?;
    let stage = Stage::set(&host, spec, args, &AccountArgs::of(users), interrupt);
    let outcome = stage.and_then(|stage| measure(&host, &stage));
    let outcome = host.explain(outcome);
    host.end(outcome.is_err());
    outcome
}
