//! `selftest`: runs whose truth is known from elsewhere, beside what is reported of them.

mod delay;
mod held_up;
mod pauses;
mod polling;
mod queue;
mod server;
mod stall;

#[cfg(test)]
pub(crate) use server::{CounterServer, DelayServer};

use std::fmt;

use crate::cli::UsageError;
use crate::interrupt::Interrupt;
use crate::target::TargetArgs;
use crate::verdict::{Ending, Verdict};

/// Ground truth: runs whose figures are known from elsewhere, printed beside what is reported of them.
///
/// A server that is stopped for two seconds, one that pauses over and over, queues of random arrivals and of too
/// many, a server that measures its own fixed delay, and a generator that is held up on purpose. It takes a little
/// more than a minute.
#[derive(Clone, Debug, clap::Args)]
#[command(args_override_self = true)]
pub(crate) struct Args {
    #[command(flatten)]
    target: TargetArgs,
}

/// A figure of which the truth is known.
struct Row {
    what: &'static str,
    truth: String,
    reported: String,
    /// How far they are apart, and how far they may be.
    distance: String,
    right: bool,
}

/// Runs all of them.
///
/// # Errors
///
/// The command line is wrong ([`UsageError`]), or nothing could be measured.
pub(crate) fn command(args: &Args, interrupt: &Interrupt) -> anyhow::Result<Ending> {
    if args.target.host.is_some() {
        let why =
            "selftest stops its server for a while, so it starts one of its own: leave out --host";
        return Err(UsageError(why.to_owned()).into());
    }
    let mut wrong = 0;
    let checks =
        [stall::check, pauses::check, queue::random, queue::too_much, delay::check, held_up::check];
    for check in checks {
        for row in check(&args.target, interrupt)? {
            wrong += u32::from(!row.right);
            println!("{row}");
        }
        if interrupt.caught() {
            return Ok(Ending { verdict: Verdict::Fail, reason: "interrupted".to_owned() });
        }
    }
    Ok(match wrong {
        0 => Ending { verdict: Verdict::Pass, reason: "what is reported is true".to_owned() },
        _ => Ending { verdict: Verdict::Fail, reason: format!("{wrong} figures are off") },
    })
}

/// What the following rows are of.
fn heading(text: &str) {
    println!("\n{text}\n  {:24} {:>12} {:>12}", "", "truth", "reported");
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, truth, reported, distance, right } = self;
        let mark = if *right { "ok" } else { "WRONG" };
        write!(f, "  {what:24} {truth:>12} {reported:>12}  {mark}: {distance}")
    }
}
