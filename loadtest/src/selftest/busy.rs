//! A machine that is busy with something else: a run on it says nothing about the server.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context;

use super::plain::{Plain, run_plan};
use super::row::{Row, heading};
use super::server::DelayServer;
use crate::interrupt::Interrupt;
use crate::open::{Load, Plan, faults};
use crate::sut::TargetArgs;

/// Loops for each core.
const LOOPS: usize = 4;
const RATE: f64 = 50.0;
const TIME: Duration = Duration::from_secs(4);
/// They end by themselves, if this program is killed.
const LOOP: &str = "end=$(($(date +%s) + 20)); while [ $(date +%s) -lt $end ]; do \
                    i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; done";

pub(super) fn check(args: &TargetArgs, interrupt: &Interrupt) -> anyhow::Result<Vec<Row>> {
    let server = DelayServer::start(Duration::ZERO)?;
    let plan =
        Plan { max_others: 0.1, ..Plan::constant(vec![Load::constant(RATE)], TIME, args.timeout) };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let loops = (0..LOOPS * cores).map(|_| Loop::start()).collect::<anyhow::Result<Vec<_>>>()?;
    let result = run_plan(&plan, Plain, server.address, interrupt);
    drop(loops);
    let result = result?;
    heading("four busy loops for each core beside a run of 4 s");
    let Some(others) = result.contention.others else {
        println!("  this system does not tell what others take");
        return Ok(vec![]);
    };
    let at_fault = faults(&result).iter().any(|fault| fault.contains("other processes"));
    let share = Row {
        what: "others' share",
        truth: "most".to_owned(),
        reported: format!("{:.0}%", 100.0 * others),
        distance: "at least 60%".to_owned(),
        right: others >= 0.6,
    };
    let reported = if at_fault { "yes" } else { "no" };
    Ok(vec![share, Row::same("invalid for it", &"yes", &reported)])
}

/// A process that does nothing and never sleeps, until it is dropped.
struct Loop(Child);

impl Loop {
    fn start() -> anyhow::Result<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", LOOP]).stdin(Stdio::null()).stdout(Stdio::null());
        command.spawn().map(Self).context("cannot start a busy loop")
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
