//! `isolate`: what logins do to verifications.

mod args;
mod report;
mod result;
mod step;
mod verdict;

pub(crate) use args::Args;
use report::{IsolateJson, figures, question, summary, tables};
use result::{Capacity, IsolateResult};
use step::Step;
use verdict::{IsolateGoals, Point, judge};

use super::knee::{self, Limit};
use super::{Scene, Stream, conduct};
use crate::interrupt::Interrupt;
use crate::report::Findings;
use crate::slo::{Judged, Slo};
use crate::text::rate_text;
use crate::verdict::{Ending, Verdict};

/// How often the rate at which a server shows the most that it can do is raised, from the one that
/// holds.
const MOST_DOUBLINGS: u32 = 4;
/// Its name in reports.
const EXPERIMENT: &str = "isolate";
/// Fewer verifications per second than this make no percentiles.
const FEWEST: f64 = 50.0;

/// Carries out the command.
pub(crate) fn command(args: &Args, interrupt: &Interrupt) -> anyhow::Result<Ending> {
    conduct(EXPERIMENT, &args.common, interrupt, |scene| {
        let measured = measure(args, scene)?;
        Ok(findings(args, scene, measured))
    })
}

fn measure(args: &Args, scene: &mut Scene<'_>) -> anyhow::Result<IsolateResult> {
    let verify_rate = bearable(args, scene)?;
    let capacity = capacity(args, scene, verify_rate)?;
    let mut steps = Vec::new();
    let Some(known) = capacity.as_ref().filter(|capacity| capacity.is_the_servers()) else {
        return Ok(IsolateResult { verify_rate, capacity, steps });
    };
    let planned = args.steps.0.len();
    for (number, percent) in (1..).zip(&args.steps.0) {
        let name = format!("step {number} of {planned}, logins at {percent}%");
        let rates = (*percent, verify_rate, known.per_s * percent / 100.0);
        let step = Step::take_undisturbed(args, scene, &name, rates)?;
        if scene.server_exit().is_some() {
            anyhow::bail!("the steps cannot be finished");
        }
        if step.interrupted {
            break;
        }
        steps.push(step);
    }
    Ok(IsolateResult { verify_rate, capacity, steps })
}

/// The rate of verifications, halved until server and generator can do it without any logins.
fn bearable(args: &Args, scene: &mut Scene<'_>) -> anyhow::Result<f64> {
    let mut rate = args.verify_rate;
    loop {
        let name = format!("{} verifications per second alone", rate_text(rate));
        let step = Step::take_undisturbed(args, scene, &name, (0.0, rate, 0.0))?;
        let kept_up = step.verify_served >= 0.98 * step.verify_offered;
        if step.interrupted || (step.faults.is_empty() && kept_up) || rate / 2.0 < FEWEST {
            return Ok(rate);
        }
        eprintln!("that is too much for this machine: half of it");
        rate /= 2.0;
    }
}

/// The logins per second that are 100 %; `None` if none were found.
fn capacity(
    args: &Args,
    scene: &mut Scene<'_>,
    verify_rate: f64,
) -> anyhow::Result<Option<Capacity>> {
    if let Some(per_s) = args.capacity {
        return Ok(Some(Capacity { per_s, found: None }));
    }
    if scene.interrupt.caught() {
        return Ok(None);
    }
    let lone = knee::lone_login(scene, &args.generator)?;
    let mut rules = args.search.rules(Stream::Login, &args.generator);
    rules.beside = verify_rate;
    let mut found = knee::find(scene, &rules, lone, args.search.resolution)?;
    if found.bounds.limit == Limit::Generator {
        eprintln!("the load generator was the limit, not the server: once more");
        let again = knee::find(scene, &rules, lone, args.search.resolution)?;
        if again.bounds.holds_per_s.is_some() {
            found = again;
        }
    }
    // Also of an interrupted search, whose probes are then in the report.
    let Some(holds) = found.bounds.holds_per_s else { return Ok(None) };
    let per_s = match found.bounds.limit {
        Limit::Generator => holds,
        _ => most_done(holds, |rate| {
            let name = format!("{} logins per second, whatever they wait", rate_text(rate));
            let step = Step::take(args, scene, &name, (0.0, verify_rate, rate))?;
            Ok((!step.interrupted).then_some(step.login_goodput))
        })?,
    };
    Ok(Some(Capacity { per_s, found: Some(found) }))
}

/// The most logins per second that the server does, however long they wait. A server that computes
/// many passwords at once does more logins once they queue. `holds` is a rate that holds. `done`
/// tells how many logins are done of so many that arrive; `None` after an interrupt.
fn most_done(
    holds: f64,
    mut done: impl FnMut(f64) -> anyhow::Result<Option<f64>>,
) -> anyhow::Result<f64> {
    let (mut most, mut rate) = (holds, 2.0 * holds);
    for _ in 0..MOST_DOUBLINGS {
        let Some(done) = done(rate)? else { break };
        most = most.max(done);
        if done < 0.8 * rate {
            break;
        }
        rate *= 2.0;
    }
    Ok(most)
}

/// The objectives about verifications, each by the first step that misses it, or else by the last.
fn at_every_step(slos: &[Slo], steps: &[Step]) -> Vec<Judged> {
    let name = Stream::Verify.name();
    let about = slos.iter().filter(|slo| slo.request.as_deref() == Some(name));
    let judged = about.filter_map(|slo| {
        let judged = |step: &Step| (step.percent, slo.judge(name, &step.verify, step.lasted));
        let (percent, at) = steps
            .iter()
            .map(judged)
            .filter(|(_, judged)| !judged.held)
            .min_by_key(|(_, judged)| judged.undecided.is_some())
            .or_else(|| steps.last().map(judged))?;
        let observed = at.observed.map(|observed| format!("{observed} at {percent}%"));
        Some(Judged { slo: format!("{slo} at every step"), observed, ..at })
    });
    judged.collect()
}

fn judged(args: &Args, steps: &[Step]) -> (Ending, Vec<Judged>) {
    let points: Vec<Point> = steps.iter().map(Step::point).collect();
    let asked = IsolateGoals { within: args.within, keep: args.keep };
    judge(&points, args.steps.0.len(), asked, at_every_step(&args.search.slo, steps))
}

fn findings(args: &Args, scene: &Scene<'_>, measured: IsolateResult) -> Findings<IsolateJson> {
    let (ending, objectives) = match unknown(measured.capacity.as_ref(), scene.interrupt.caught()) {
        Some(ending) => (ending, vec![]),
        None => judged(args, &measured.steps),
    };
    let server = scene.server();
    Findings {
        title: format!("Isolation of verifications from logins on {}", server.host),
        server,
        question: question(&measured),
        ending,
        objectives,
        figures: figures(&measured, args.within),
        tables: tables(&measured),
        summary: summary(&measured),
        body: IsolateJson::new(measured),
    }
}

/// How a run ends that does not know the capacity.
fn unknown(capacity: Option<&Capacity>, interrupted: bool) -> Option<Ending> {
    let (verdict, reason) = match capacity {
        Some(capacity) if capacity.is_the_servers() => return None,
        _ if interrupted => {
            (Verdict::Fail, "interrupted before the login capacity was known".to_owned())
        }
        Some(capacity) => (
            Verdict::Invalid,
            format!(
                "the generator fell behind before the server did, which can do {} logins/s or more; give \
             --capacity",
                rate_text(capacity.per_s)
            ),
        ),
        None => (Verdict::Invalid, NO_CAPACITY.to_owned()),
    };
    Some(Ending { verdict, reason })
}

const NO_CAPACITY: &str =
    "no login rate was found that holds, so that there are no percents of it; give --capacity";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::knee::{Bounds, Found, Limit};

    fn capacity(limit: Limit) -> Capacity {
        let bounds = Bounds { holds_per_s: Some(40.0), beyond_per_s: Some(50.0), limit };
        let found = Found { stream: Stream::Login, slos: vec![], bounds, probes: vec![] };
        Capacity { per_s: 40.0, found: Some(found) }
    }

    #[test]
    fn the_rate_is_doubled_until_the_server_does_much_less_than_arrives() {
        let most = |done: fn(f64) -> Option<f64>| {
            let mut asked = vec![];
            let most = most_done(40.0, |rate| {
                asked.push(rate);
                Ok(done(rate))
            });
            (most.unwrap(), asked)
        };
        assert_eq!(most(|rate| Some(rate.min(66.0))), (66.0, vec![80.0, 160.0]));
        assert_eq!(most(|rate| Some(rate.min(60.0))), (60.0, vec![80.0]));
        // One that does less when it is flooded does what held.
        assert_eq!(most(|_| Some(10.0)), (40.0, vec![80.0]));
        assert_eq!(most(Some), (640.0, vec![80.0, 160.0, 320.0, 640.0]), "there is an end");
        assert_eq!(most(|rate| (rate < 100.0).then_some(rate)), (80.0, vec![80.0, 160.0]));
    }

    #[test]
    fn what_the_generator_can_do_is_not_what_the_server_can_do() {
        let ending = |capacity: Option<Capacity>, interrupted| {
            unknown(capacity.as_ref(), interrupted).map(|end| end.verdict)
        };
        assert_eq!(ending(Some(capacity(Limit::Server)), false), None);
        assert_eq!(ending(Some(Capacity { per_s: 40.0, found: None }), false), None);
        assert_eq!(ending(Some(capacity(Limit::Generator)), false), Some(Verdict::Invalid));
        assert_eq!(ending(Some(capacity(Limit::Generator)), true), Some(Verdict::Fail));
        assert_eq!(ending(None, false), Some(Verdict::Invalid));
        assert_eq!(ending(None, true), Some(Verdict::Fail));
    }
}
