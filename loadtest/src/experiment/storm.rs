//! `storm`: everybody at once after an outage.

mod args;
mod report;
mod run;
mod users;
mod variant;

pub(crate) use args::Args;
use report::{StormJson, figures, question, summary, tables};
use run::Storm;
use variant::Variant;

use super::ending::ending;
use super::knee::objectives;
use super::{Scene, Stream, conduct};
use crate::interrupt::Interrupt;
use crate::report::Findings;
use crate::slo::{Judged, Slo};
use crate::verdict::Ending;

/// Its name in reports.
const EXPERIMENT: &str = "storm";

/// How often a variant is run that was disturbed.
const MOST_TRIES: u32 = 2;

/// Carries out the command.
pub(crate) fn command(args: &Args, interrupt: &Interrupt) -> anyhow::Result<Ending> {
    conduct(EXPERIMENT, &args.common, interrupt, |scene| measure(args, scene))
}

/// Runs a variant, and again if the generator or others on the machine disturbed it.
fn undisturbed(
    args: &Args,
    slos: &[Slo],
    variant: Variant,
    scene: &mut Scene<'_>,
) -> anyhow::Result<Storm> {
    for _ in 1..MOST_TRIES {
        let storm = Storm::run(args, slos, variant, scene)?;
        let is_over = storm.result.interrupted || scene.server_exit().is_some();
        if storm.faults.is_empty() || is_over {
            return Ok(storm);
        }
        eprintln!("storm, {variant}: {}; once more", storm.faults.join(", "));
    }
    Storm::run(args, slos, variant, scene)
}

fn measure(args: &Args, scene: &mut Scene<'_>) -> anyhow::Result<Findings<StormJson>> {
    let slos = objectives(&args.slo, Stream::Login);
    let (storms, broken) = run_variants(args, &slos, scene)?;
    let within = usize::try_from(args.recover_within.as_secs())?;
    let objectives: Vec<Judged> =
        storms.iter().flat_map(|storm| storm.outcome.objectives(within)).collect();
    let faults: Vec<String> = storms.iter().filter_map(Storm::fault).collect();
    let server = scene.server();
    Ok(Findings {
        title: format!("Login storm on {}", server.host),
        server,
        question: question(args),
        ending: ending(&faults, broken.as_slice(), &objectives),
        objectives,
        figures: figures(&storms, &slos),
        tables: tables(&storms, &slos),
        summary: summary(&storms),
        body: StormJson::new(args, &storms),
    })
}

/// Runs the variants one after the other, and says what cut that short, if anything did.
fn run_variants(
    args: &Args,
    slos: &[Slo],
    scene: &mut Scene<'_>,
) -> anyhow::Result<(Vec<Storm>, Option<String>)> {
    let mut storms: Vec<Storm> = Vec::new();
    for variant in &args.variants {
        let storm = undisturbed(args, slos, *variant, scene)?;
        let interrupted = storm.result.interrupted;
        storms.push(storm);
        if let Some(exit) = scene.server_exit() {
            return Ok((storms, Some(format!("the server ended during the run ({exit})"))));
        }
        if interrupted {
            let (number, of) = (storms.len(), args.variants.len());
            return Ok((storms, Some(format!("interrupted in variant {number} of {of}"))));
        }
    }
    Ok((storms, None))
}
