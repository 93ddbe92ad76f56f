//! `open`: one run at the rates of the command line, judged and reported.

mod args;
mod rate;
mod stream;
mod two_step;

pub(crate) use args::Args;

use super::{Scene, conduct};
use crate::interrupt::Interrupt;
use crate::open::{Judgment, OpenJson, Plan, judge, pictures, summary, tables};
use crate::report::Findings;
use crate::sut::Spec;
use crate::usage::UsageError;
use crate::verdict::Ending;

/// Its name in reports.
const EXPERIMENT: &str = "open";

/// Carries out the command.
pub(crate) fn command(args: &Args, interrupt: &Interrupt) -> anyhow::Result<Ending> {
    let plan = args.plan().map_err(UsageError)?;
    let spec = Spec::find(&args.common.target.target);
    let spec = spec.map_err(|error| UsageError(format!("--target: {error}")))?;
    let shares = args.shares(&spec).map_err(UsageError)?;
    let mut common = args.common.clone();
    common.accounts.accounts = shares.users;
    conduct(EXPERIMENT, &common, interrupt, |scene| measure(args, &plan, shares.two_step, scene))
}

fn measure(
    args: &Args,
    plan: &Plan,
    two_step: usize,
    scene: &mut Scene<'_>,
) -> anyhow::Result<Findings<OpenJson>> {
    let mut works = vec![scene.stage.verify(), scene.stage.sign_in()];
    if two_step > 0 {
        works.push(scene.second_factor(&args.common.accounts, two_step)?);
    }
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
    let rates: Vec<String> = args
        .streams()
        .into_iter()
        .filter(|(_, rates)| !rates.is_zero())
        .map(|(stream, rates)| format!("{rates} {} per second", stream.plural()))
        .collect();
    format!(
        "How long do people wait when {} arrive for {}, whatever becomes of those before them?",
        rates.join(" and "),
        humantime::format_duration(plan.duration())
    )
}
