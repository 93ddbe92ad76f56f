//! Many tokens that end together: none of them is sent after its end.

use std::time::Duration;

use super::own_server::on_own_server;
use super::plain::Unseen;
use super::row::{Row, heading};
use crate::interrupt::Interrupt;
use crate::open::{Load, Plan, run};
use crate::sut::TargetArgs;

const USERS: usize = 150;
const RATE: f64 = 150.0;
const TIME: Duration = Duration::from_secs(12);
/// Short, so that each is renewed more than once; and logins that are cheap.
const ARGS: [&str; 2] = ["--access-ttl=5s", "--pbkdf2-iterations=1000"];

pub(super) fn check(args: &TargetArgs, interrupt: &Interrupt) -> anyhow::Result<Vec<Row>> {
    let mut args = args.clone();
    args.server_args.extend(ARGS.map(str::to_owned));
    on_own_server(&args, USERS, interrupt, |_, stage| {
        let plan = Plan::constant(vec![Load::constant(RATE)], TIME, args.timeout);
        drop(stage.renewals());
        let result = run(&plan, &[stage.verify()], &stage.connector, interrupt, &mut Unseen)?;
        let renewed = stage.renewals().tally.served();
        heading("150 users whose tokens live for 5 s and end together, verified for 12 s");
        // Each is renewed after 1.75 to 3 s.
        let (least, most) = (USERS as u64 * 2, USERS as u64 * 8);
        let truth = (format!("{least}-{most}"), "as many");
        let renewals = Row::within("renewals", truth, renewed, least..=most);
        Ok(vec![Row::same("verifications refused", &0, &result.total(0).unserved()), renewals])
    })
}
