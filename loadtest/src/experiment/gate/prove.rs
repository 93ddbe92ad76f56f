//! Measures how often the gate is wrong on this machine: it compares a server with itself, and with
//! one that is known to be slower.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use super::args::Args;
use super::decide::{Answer, Round, decide};
use super::session::{ACCOUNTS, measure};
use crate::experiment::duel::{Contestant, Subject};
use crate::interrupt::Interrupt;
use crate::stats::{Interval, at_most, median, sorted};
use crate::sut::TargetArgs;
use crate::verdict::{Ending, Verdict};

/// How much slower the planted server is.
const PLANTED: f64 = 0.2;
/// What `hallpass serve` hashes with unless it is told otherwise.
const ITERATIONS: u64 = 600_000;
const ITERATIONS_FLAG: &str = "--pbkdf2-iterations";
/// At most one false alarm of 20, and at most one slowdown missed.
const MOST_WRONG: (u32, u32) = (1, 20);
/// The confidence of what the counts leave possible.
const CONFIDENCE: f64 = 0.95;

/// A comparison of which the right answer is known; a line of the tally.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Trial {
    subject: String,
    /// Whether the candidate was really slower.
    planted: bool,
    /// `worse`, `not_worse` or `too_noisy`.
    answer: String,
    low: f64,
    ratio: f64,
    high: f64,
    detectable: f64,
    seconds: f64,
}

/// Makes the comparisons, and counts them and those of the tally.
///
/// # Errors
///
/// A server does not start or does not answer rightly, or the tally cannot be read or written.
pub(super) fn prove(args: &Args, count: u32, interrupt: &Interrupt) -> anyhow::Result<Ending> {
    if !args.target.host.is_empty() {
        let why = "--prove starts its servers itself: leave out --host";
        return Err(crate::usage::UsageError(why.to_owned()).into());
    }
    let mut trials = match &args.tally {
        Some(file) if file.exists() => read(file)?,
        _ => Vec::new(),
    };
    eprintln!("run started");
    println!("{:7} {:9} {:>7} {:>17}  answer", "", "candidate", "ratio", "interval");
    for subject in &args.of {
        let Some(slower) = slower(args, *subject, interrupt)? else { break };
        for _ in 0..count {
            for planted in [false, true] {
                if interrupt.caught() {
                    break;
                }
                let same = contestant(&args.target);
                let pair = if planted { slower.clone() } else { (same.clone(), same) };
                let Some(trial) = trial(args, *subject, planted, &pair, interrupt)? else { break };
                println!("{}", trial.line());
                if let Some(file) = &args.tally {
                    append(file, &trial)?;
                }
                trials.push(trial);
            }
        }
    }
    let mut ending = summary(&trials, &args.of);
    if interrupt.caught() {
        ending.verdict = Verdict::Fail;
        ending.reason = format!("interrupted; until then: {}", ending.reason);
    }
    Ok(ending)
}

/// One comparison; `None` if an interrupt cut it off.
fn trial(
    args: &Args,
    subject: Subject,
    planted: bool,
    (a, b): &(Contestant, Contestant),
    interrupt: &Interrupt,
) -> anyhow::Result<Option<Trial>> {
    let measured = measure(subject, a, b, args.rounds, interrupt, false)?;
    if measured.interrupted {
        return Ok(None);
    }
    let decision = decide(&measured.medians(), args.rule())
        .context("too few rounds for this --confidence: raise --rounds")?;
    let Interval { low, estimate, high } = decision.ratio;
    let answer = match decision.answer {
        Answer::Worse => "worse",
        Answer::NotWorse => "not_worse",
        Answer::TooNoisy => "too_noisy",
    };
    Ok(Some(Trial {
        subject: subject.key().to_owned(),
        planted,
        answer: answer.to_owned(),
        low,
        ratio: estimate,
        high,
        detectable: decision.detectable,
        seconds: measured.took.as_secs_f64(),
    }))
}

fn contestant(target: &TargetArgs) -> Contestant {
    Contestant { target: target.clone(), accounts: ACCOUNTS, delay: None }
}

/// A baseline and a candidate that is slower by what is planted; `None` if an interrupt cut the
/// search for it off.
fn slower(
    args: &Args,
    subject: Subject,
    interrupt: &Interrupt,
) -> anyhow::Result<Option<(Contestant, Contestant)>> {
    let target = &args.target;
    let mut contestants = (contestant(target), contestant(target));
    match subject {
        Subject::Login => {
            let more = iterations(&target.server_args) as f64 * (1.0 + PLANTED);
            contestants.1.target.server_args = with_iterations(&target.server_args, more as u64);
        }
        Subject::Verify => {
            // Both are behind a proxy, so that what it takes by itself is on both sides.
            contestants.0.delay = Some(Duration::ZERO);
            let Some(delay) = delay(&contestants.0, args.rounds, interrupt)? else {
                return Ok(None);
            };
            contestants.1.delay = Some(delay);
        }
    }
    Ok(Some(contestants))
}

/// How long a proxy must delay a verification to make it slower by what is planted. `None` if an
/// interrupt cut the search off. It is found by trying, since on one core a proxy that waits keeps
/// others waiting, and costs more than its delay.
fn delay(
    undelayed: &Contestant,
    rounds: u32,
    interrupt: &Interrupt,
) -> anyhow::Result<Option<Duration>> {
    let tried = Duration::from_micros(10);
    let delayed = Contestant { delay: Some(tried), ..undelayed.clone() };
    let measured = measure(Subject::Verify, undelayed, &delayed, rounds, interrupt, false)?;
    if measured.interrupted {
        return Ok(None);
    }
    let ratios = measured.medians().iter().filter_map(Round::ratio).collect();
    let slower = median(&sorted(ratios)) - 1.0;
    if !(0.02..2.0).contains(&slower) {
        bail!("a proxy that waits {tried:?} made verifications {:.0}% slower", 100.0 * slower);
    }
    Ok(Some(tried.mul_f64(PLANTED / slower)))
}

/// What the server's arguments ask for.
fn iterations(args: &[String]) -> u64 {
    let flag = args.iter().position(|arg| arg == ITERATIONS_FLAG);
    let value = flag.and_then(|at| args.get(at + 1));
    value.and_then(|value| value.parse().ok()).unwrap_or(ITERATIONS)
}

/// The server's arguments with another number of iterations.
fn with_iterations(args: &[String], iterations: u64) -> Vec<String> {
    let mut args = args.to_vec();
    if let Some(at) = args.iter().position(|arg| arg == ITERATIONS_FLAG) {
        args.drain(at..(at + 2).min(args.len()));
    }
    args.extend([ITERATIONS_FLAG.to_owned(), iterations.to_string()]);
    args
}

impl Trial {
    fn line(&self) -> String {
        let candidate = if self.planted { "20% slower" } else { "the same" };
        let mark = match (self.planted, self.answer.as_str()) {
            (true, "worse") | (false, "not_worse") => "",
            (true, _) => "  MISSED",
            (false, "worse") => "  FALSE ALARM",
            (false, _) => "  no verdict",
        };
        format!(
            "{:7} {candidate:10} {:>6.3} {:>8.3} to {:.3}  {}{mark} ({:.1} s; would catch {:.0}%)",
            self.subject,
            self.ratio,
            self.low,
            self.high,
            self.answer.replace('_', " "),
            self.seconds,
            100.0 * self.detectable
        )
    }
}

/// How often it was right, and what that says of how often it is wrong.
fn summary(trials: &[Trial], subjects: &[Subject]) -> Ending {
    let mut reasons = Vec::new();
    let mut held = true;
    for subject in subjects {
        let count = |planted, answer: Option<&str>| {
            let these = trials.iter().filter(|trial| trial.subject == subject.key());
            let these = these.filter(|trial| trial.planted == planted);
            these.filter(|trial| answer.is_none_or(|answer| trial.answer == answer)).count()
        };
        let count = |planted, answer| u32::try_from(count(planted, answer)).unwrap_or(u32::MAX);
        let (same, slower) = (count(false, None), count(true, None));
        let (alarms, caught) = (count(false, Some("worse")), count(true, Some("worse")));
        let missed = slower - caught;
        let (most, of) = MOST_WRONG;
        held &=
            same > 0 && slower > 0 && alarms * of <= same * most && missed * of <= slower * most;
        reasons.push(format!(
            "{subject}: {alarms} false alarms in {same} comparisons with itself (so at most {:.0}% of \
             them are), {caught} of {slower} slowdowns of 20% caught (so at most {:.0}% are missed)",
            100.0 * at_most(alarms, same, CONFIDENCE),
            100.0 * at_most(missed, slower, CONFIDENCE)
        ));
    }
    let verdict = if held { Verdict::Pass } else { Verdict::Fail };
    Ending { verdict, reason: reasons.join("; ") }
}

fn read(file: &Path) -> anyhow::Result<Vec<Trial>> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let trials = text.lines().map(serde_json::from_str).collect::<Result<_, _>>();
    trials.with_context(|| format!("{} is no tally", file.display()))
}

fn append(file: &Path, trial: &Trial) -> anyhow::Result<()> {
    let open = OpenOptions::new().create(true).append(true).open(file);
    let mut open = open.with_context(|| format!("cannot write {}", file.display()))?;
    writeln!(open, "{}", serde_json::to_string(trial)?)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(planted: bool, answer: &str) -> Trial {
        let (subject, answer) = ("login".to_owned(), answer.to_owned());
        let (low, ratio, high, detectable, seconds) = (0.9, 1.0, 1.1, 0.2, 10.0);
        Trial { subject, planted, answer, low, ratio, high, detectable, seconds }
    }

    /// The verdict over 20 of each kind, of which so many are wrong.
    fn verdict(alarms: usize, missed: usize) -> Verdict {
        let mut trials = vec![trial(false, "not_worse"); 20 - alarms];
        trials.extend(vec![trial(false, "worse"); alarms]);
        trials.extend(vec![trial(true, "too_noisy"); missed]);
        trials.extend(vec![trial(true, "worse"); 20 - missed]);
        summary(&trials, &[Subject::Login]).verdict
    }

    #[test]
    fn one_of_twenty_may_be_wrong_and_no_more() {
        assert_eq!(verdict(1, 1), Verdict::Pass);
        assert_eq!(verdict(2, 0), Verdict::Fail);
        assert_eq!(verdict(0, 2), Verdict::Fail);
        assert_eq!(summary(&[], &[Subject::Login]).verdict, Verdict::Fail);
    }

    #[test]
    fn the_planted_server_hashes_a_fifth_more_than_the_one_that_was_asked_for() {
        let args = |args: &[&str]| args.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(iterations(&args(&["--alg", "ES256"])), 600_000);
        let given = args(&["--pbkdf2-iterations", "1000", "--alg", "ES256"]);
        assert_eq!(iterations(&given), 1000);
        let planted = with_iterations(&given, 1200);
        assert_eq!(planted, args(&["--alg", "ES256", "--pbkdf2-iterations", "1200"]));
    }
}
