//! One comparison: rounds in which both servers are started and measured in turn.

use std::time::{Duration, Instant};

use anyhow::bail;

use super::decide::Round;
use crate::experiment::Steps;
use crate::experiment::duel::{Contestant, Pair, Pin, Side, Subject, pair};
use crate::interrupt::Interrupt;
use crate::report::ServerInfo;

/// How many accounts each server is loaded with.
pub(super) const ACCOUNTS: usize = 2;

/// Pairs of blocks in each round.
fn pairs(subject: Subject) -> usize {
    match subject {
        Subject::Login => 3,
        Subject::Verify => 5,
    }
}

/// All that was measured of one subject.
#[derive(Clone, Debug)]
pub(crate) struct SubjectRounds {
    pub(crate) subject: Subject,
    /// The pairs of blocks of each round.
    pub(crate) rounds: Vec<Vec<Pair>>,
    pub(crate) took: Duration,
    pub(crate) interrupted: bool,
    /// The candidate, for the report.
    pub(crate) server: Option<ServerInfo>,
}

impl SubjectRounds {
    /// The medians of the blocks.
    pub(crate) fn medians(&self) -> Vec<Round> {
        let round = |pairs: &Vec<Pair>| Round {
            baseline_us: pairs.iter().map(|pair| pair.a.p50()).collect(),
            candidate_us: pairs.iter().map(|pair| pair.b.p50()).collect(),
        };
        self.rounds.iter().map(round).collect()
    }
}

/// Measures the baseline and the candidate in so many rounds, or until an interrupt. If the run
/// starts both servers, they and the generator share one core.
pub(super) fn measure(
    subject: Subject,
    baseline: &Contestant,
    candidate: &Contestant,
    rounds: u32,
    interrupt: &Interrupt,
    show: bool,
) -> anyhow::Result<SubjectRounds> {
    let started = Instant::now();
    let own = [baseline, candidate].iter().all(|contestant| contestant.target.host.is_empty());
    let _pin = if own { Some(Pin::here()?) } else { None };
    let mut steps = show.then(|| Steps::begin(u64::from(rounds)));
    let (mut measured, mut server) = (Vec::new(), None);
    for number in (0..rounds).take_while(|_| !interrupt.caught()) {
        match round(number, subject, baseline, candidate, interrupt) {
            // What an interrupt cuts off is no failure.
            Err(_) if interrupt.caught() => break,
            Err(error) => return Err(error),
            Ok((pairs, of)) => {
                measured.push(pairs);
                server = Some(of);
            }
        }
        let done = number + 1;
        if let Some(steps) = &mut steps {
            steps.at(u64::from(done), || format!("{subject}: {done} of {rounds} rounds"));
        }
    }
    let (took, interrupted) = (started.elapsed(), interrupt.caught());
    Ok(SubjectRounds { subject, rounds: measured, took, interrupted, server })
}

fn round(
    number: u32,
    subject: Subject,
    baseline: &Contestant,
    candidate: &Contestant,
    interrupt: &Interrupt,
) -> anyhow::Result<(Vec<Pair>, ServerInfo)> {
    // Who is started first takes turns too.
    let mut sides = if number.is_multiple_of(2) {
        let a = Side::set(baseline, interrupt)?;
        [a, Side::set(candidate, interrupt)?]
    } else {
        let b = Side::set(candidate, interrupt)?;
        [Side::set(baseline, interrupt)?, b]
    };
    let outcome = blocks(number, subject, &mut sides, interrupt);
    let server = sides[1].server();
    let failed = outcome.is_err() && !interrupt.caught();
    sides.into_iter().for_each(|side| side.end(failed));
    Ok((outcome?, server))
}

fn blocks(
    number: u32,
    subject: Subject,
    sides: &mut [Side; 2],
    interrupt: &Interrupt,
) -> anyhow::Result<Vec<Pair>> {
    let first = usize::from(!number.is_multiple_of(2));
    // The first pair warms both up: connections, caches, the clock of the processor.
    pair(first, sides, subject, 1, subject.span());
    let mut measured = Vec::new();
    for turn in 0..pairs(subject) {
        if interrupt.caught() {
            bail!("interrupted");
        }
        let pair = pair(first + turn, sides, subject, 1, subject.span());
        for (block, side, name) in [(&pair.a, 0, "the baseline"), (&pair.b, 1, "the candidate")] {
            if let Some(failure) = block.failures.first() {
                let exit = sides[side].exit();
                let exit = exit.map_or_else(String::new, |exit| format!("; it ended ({exit})"));
                bail!("{subject} on {name}: {failure}{exit}");
            }
        }
        measured.push(pair);
    }
    Ok(measured)
}
