//! Many tokens that end together: none of them is sent after its end.

use anyhow::anyhow;
use std::time::Duration;

use super::delay::Unseen;
use super::{Row, heading};
use crate::accounts::AccountArgs;
use crate::interrupt::Interrupt;
use crate::open::{Load, Plan, Stage, run};
use crate::sut::{Host, Spec, TargetArgs};

const USERS: usize = 150;
const RATE: f64 = 150.0;
const TIME: Duration = Duration::from_secs(12);
/// Short, so that each is renewed more than once; and logins that are cheap.
const ARGS: [&str; 2] = ["--access-ttl=5s", "--pbkdf2-iterations=1000"];

pub(super) fn check(args: &TargetArgs, interrupt: &Interrupt) -> anyhow::Result<Vec<Row>> {
    let mut args = args.clone();
    args.server_args.extend(ARGS.map(str::to_owned));
    let spec = Spec::find(&args.target).map_err(|error| anyhow!(error))?;
    let mut host = Host::find_quietly(&args, interrupt)?;
    let outcome = measure(&host, spec, &args, interrupt);
    let outcome = host.explain(outcome);
    host.end(outcome.is_err());
    outcome
}

fn measure(
    host: &Host,
    spec: Spec,
    args: &TargetArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Vec<Row>> {
    let stage = Stage::set(host, spec, args, &AccountArgs::of(USERS), interrupt)?;
    let plan = Plan::constant(vec![Load::constant(RATE)], TIME, args.timeout);
    drop(stage.renewals());
    let result = run(&plan, &[stage.verify()], &stage.connector, interrupt, &mut Unseen)?;
    let renewals = stage.renewals().tally;
    heading("150 users whose tokens live for 5 s and end together, verified for 12 s");
    let refused = result.total(0).unserved();
    // Each is renewed after 1.75 to 3 s.
    let (least, most) = (USERS as u64 * 2, USERS as u64 * 8);
    Ok(vec![
        Row {
            what: "verifications refused",
            truth: "0".to_owned(),
            reported: refused.to_string(),
            distance: "the same".to_owned(),
            right: refused == 0,
        },
        Row {
            what: "renewals",
            truth: format!("{least}-{most}"),
            reported: renewals.served().to_string(),
            distance: "as many".to_owned(),
            right: (least..=most).contains(&renewals.served()),
        },
    ])
}
