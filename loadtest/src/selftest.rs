//! `selftest`: runs whose truth is known from elsewhere, beside what is reported of them.

mod busy;
mod delay;
mod held_up;
mod limits;
mod own_server;
mod pauses;
mod plain;
mod polling;
mod queue;
mod renewals;
mod row;
mod server;
mod stall;

#[cfg(test)]
pub(crate) use server::{CounterServer, DelayServer};

use std::time::Duration;

use row::Row;

use crate::interrupt::Interrupt;
use crate::machine::{Place, Reading, Readings, read};
use crate::sut::TargetArgs;
use crate::usage::UsageError;
use crate::verdict::{Ending, Verdict};

/// Can the figures be trusted? Runs whose truth is known, printed beside what is reported of them.
///
/// Servers are stopped, pause, queue by known arithmetic, or measure their own delay. A generator
/// is held up, tokens end together, and busy loops run beside a run. It takes two minutes.
#[derive(Clone, Debug, clap::Args)]
#[command(args_override_self = true)]
pub(crate) struct Args {
    #[command(flatten)]
    target: TargetArgs,

    /// With more of the machine's processor time taken by other processes, and less than a core
    /// idle, the result is invalid
    #[arg(
        long, value_name = "PERCENT", default_value = "10%",
        value_parser = crate::parse::parse_share
    )]
    max_others: f64,
}

/// Makes a run and compares what is reported of it with the truth.
type Check = fn(&TargetArgs, &Interrupt) -> anyhow::Result<Vec<Row>>;

/// In the order in which they run.
const CHECKS: [Check; 11] = [
    stall::check,
    pauses::check,
    queue::random,
    queue::too_much,
    delay::check,
    held_up::check,
    limits::few,
    limits::descriptors,
    limits::closing,
    renewals::check,
    busy::check,
];

/// Runs all of them.
pub(crate) fn command(args: &Args, interrupt: &Interrupt) -> anyhow::Result<Ending> {
    if !args.target.host.is_empty() {
        let why =
            "selftest stops its server for a while, so it starts one of its own: leave out --host";
        return Err(UsageError(why.to_owned()).into());
    }
    let (mut wrong, mut busy) = (0, Vec::new());
    for check in CHECKS {
        let (before, rows) = (reading(), check(&args.target, interrupt)?);
        wrong += rows.iter().filter(|row| !row.right).count();
        rows.iter().for_each(|row| println!("{row}"));
        if let Some(why) = contention(before, args.max_others) {
            println!("  beside it, {why}");
            busy.push(why);
        }
        if interrupt.caught() {
            return Ok(Ending { verdict: Verdict::Fail, reason: "interrupted".to_owned() });
        }
    }
    let (verdict, reason) = match wrong {
        _ if !busy.is_empty() => {
            (Verdict::Invalid, format!("nothing can be said: {}", busy.join("; ")))
        }
        0 => (Verdict::Pass, "what is reported is true".to_owned()),
        _ => (Verdict::Fail, format!("{wrong} figures are off")),
    };
    Ok(Ending { verdict, reason })
}

/// The counters of the machine, with the time of servers of a check's own that have ended.
fn reading() -> Reading {
    let children = getrusage_children();
    let reading = read(&Place::Inside);
    Reading { own: reading.own + children, ..reading }
}

/// The processor time of processes that this one started and that have ended.
fn getrusage_children() -> Duration {
    #[cfg(target_os = "linux")]
    {
        let stat = procfs::process::Process::myself().and_then(|process| process.stat());
        let ticks = stat.map_or(0, |stat| stat.cutime + stat.cstime);
        let ticks = u64::try_from(ticks).unwrap_or_default();
        Duration::from_secs_f64(ticks as f64 / procfs::ticks_per_second() as f64)
    }
    #[cfg(not(target_os = "linux"))]
    Duration::ZERO
}

/// What others took of the machine since then, if that is too much.
fn contention(before: Reading, most: f64) -> Option<String> {
    let start = before.at;
    let mut readings = Readings::default();
    readings.add(before);
    readings.add(reading());
    readings.shares(start, start.elapsed()).fault(None, most)
}
