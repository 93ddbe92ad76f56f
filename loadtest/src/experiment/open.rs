//! `open`: one run at the rates of the command line, judged and reported.

mod args;
mod rate;

pub(crate) use args::Args;

use super::{Scene, conduct};
use crate::interrupt::Interrupt;
use crate::open::{Judgment, OpenJson, Plan, judge, pictures, summary, tables};
use crate::report::Findings;
use crate::usage::UsageError;
use crate::verdict::Ending;

/// Its name in reports.
const EXPERIMENT: &str = "open";

/// Carries out the command.
pub(crate) fn command(args: &Args, interrupt: &Interrupt) -> anyhow::Result<Ending> {
    let plan = args.plan().map_err(UsageError)?;
    conduct(EXPERIMENT, &args.common, interrupt, |scene| measure(args, &plan, scene))
}

fn measure(args: &Args, plan: &Plan, scene: &mut Scene<'_>) -> anyhow::Result<Findings<OpenJson>> {
    let works = [scene.stage.verify(), scene.stage.sign_in()];
    let result = scene.run("", plan, &works)?;
    let server = scene.server();
    let Judgment { ending, slos } = judge(&result, &args.slo, scene.server_exit().as_deref());
    Ok(Findings {
        title: format!("Load on {}", server.host),
        server,
        question: question(args, plan),
        figures: pictures(&result, &args.slo),
        tables: tables(&result),
        summary: summary(&result),
        body: OpenJson::new(&result, &slos, plan.duration()),
        ending,
        objectives: slos,
    })
}

/// What the run was to find out.
fn question(args: &Args, plan: &Plan) -> String {
    let (verify, login) = args.rates();
    let streams = [("verifications", verify), ("logins", login)];
    let rates: Vec<String> = streams
        .into_iter()
        .filter(|(_, rates)| !rates.is_zero())
        .map(|(what, rates)| format!("{rates} {what} per second"))
        .collect();
    format!(
        "How long do people wait when {} arrive for {}, whatever becomes of those before them?",
        rates.join(" and "),
        humantime::format_duration(plan.duration())
    )
}
