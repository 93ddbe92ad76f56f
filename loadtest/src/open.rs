//! The open loop: requests arrive at a given rate, whatever becomes of those before them, as those of
//! many independent people do. Each is timed from its intended start, so that a stall of the server
//! counts for every request that it kept waiting (no coordinated omission).
//!
//! An experiment builds a [`Plan`], gives [`run`] one [`Work`] for each stream of requests, and reads the
//! [`RunResult`].

mod backlog;
mod connect;
mod console;
mod contention;
mod counters;
mod engine;
mod judge;
mod ledger;
mod live;
mod pacer;
mod pictures;
mod plan;
mod requests;
mod result;
mod schedule;
mod slot;
mod stage;
mod steal;
mod tables;
#[cfg(test)]
mod tests;
mod tls;
mod work;

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow};

pub(crate) use backlog::Growth;
pub(crate) use connect::{Connection, Connector, Unanswered};
pub(crate) use console::Console;
#[cfg(test)]
pub(crate) use contention::MOST_OTHERS;
pub(crate) use contention::{Reading, Readings, Shares};
pub(crate) use counters::{Place, read};
use engine::{Course, Engine};
pub(crate) use judge::{Judgment, faults, judge};
use ledger::Ledger;
pub(crate) use live::Glance;
use live::Live;
pub(crate) use pictures::{over_time, pictures, starts};
pub(crate) use plan::{Load, Phase, Plan, Spacing};
use result::Generator;
pub(crate) use result::{
    Counts, FailureCount, PhaseResult, RunResult, Sample, Second, SecondTally, Tally,
};
#[cfg(test)]
pub(crate) use schedule::Arrival;
pub(crate) use schedule::arrivals;
pub(crate) use stage::Stage;
use steal::Steal;
pub(crate) use tables::{stolen, summary, tables, told};
pub(crate) use work::Work;

use crate::accounts::Renewals;
use crate::interrupt::Interrupt;

/// How often an observer looks.
const TICK: Duration = Duration::from_millis(200);
/// How often the counters of the machine are read.
const READ_EVERY: Duration = Duration::from_secs(1);
/// How many tasks may go on before the generator asks the kernel what has come in: few, so that neither
/// the timer nor an answer waits long for its turn.
const EVENT_INTERVAL: u32 = 8;

/// Watches a run.
pub(crate) trait Observer {
    /// The first request is due.
    fn started(&mut self);

    /// Some time has passed; told a few times a second.
    fn tick(&mut self, glance: &Glance);

    /// Where the server is now.
    fn place(&self) -> Place {
        Place::Inside
    }
}

/// Carries out a plan, in which each phase has a load for each of `works`. It blocks until the last
/// answer has come, has been waited for in vain, or the run has been cut short; even then there is a
/// result.
///
/// # Errors
///
/// The machine refuses a thread or a timer. What goes wrong with the server is part of the result.
pub(crate) fn run(
    plan: &Plan,
    works: &[Arc<dyn Work>],
    connector: &Connector,
    stop: &Interrupt,
    observer: &mut dyn Observer,
) -> anyhow::Result<RunResult> {
    let live = Arc::new(Live::new(thread::current()));
    let generate = {
        let (plan, works, connector) = (plan.clone(), works.to_vec(), connector.clone());
        let (live, stop) = (Arc::clone(&live), stop.clone());
        move || generate(&plan, works, connector, live, &stop)
    };
    let generator = thread::Builder::new().name("generator".into()).spawn(generate);
    let generator = generator.context("cannot start the generator's thread")?;
    let mut started = false;
    let (mut steal, mut readings) = (Steal::default(), Readings::default());
    while !live.is_over() && !generator.is_finished() {
        steal.watch();
        if readings.last().is_none_or(|last| last.at.elapsed() >= READ_EVERY) {
            readings.add(read(&observer.place()));
        }
        thread::park_timeout(TICK);
        let glance = live.glance();
        if glance.started && !started {
            started = true;
            observer.started();
        }
        observer.tick(&glance);
    }
    steal.read();
    readings.add(read(&observer.place()));
    let ended = generator.join().map_err(|_| anyhow!("the generator panicked"))?;
    let (ledger, course, peak_cpu) = ended.context("the generator has no timer")?;
    let names = works.iter().map(|work| work.name().to_owned()).collect();
    let mut result = result(names, ledger, &course, peak_cpu, plan.busy_wait, &live);
    result.note_steal(&steal, course.start);
    result.note_contention(&readings, course.start, plan.max_others);
    Ok(result)
}

/// All of the generator: a runtime of its own on the calling thread.
fn generate(
    plan: &Plan,
    works: Vec<Arc<dyn Work>>,
    connector: Connector,
    live: Arc<Live>,
    stop: &Interrupt,
) -> std::io::Result<(Ledger, Course, f64)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .event_interval(EVENT_INTERVAL)
        .build()?;
    let observer = Arc::clone(&live);
    // A thread that goes first and never sleeps would let nobody else have its core.
    let realtime = !plan.busy_wait && pacer::go_first();
    let ended = runtime.block_on(async {
        let engine = Engine::new(plan, works, connector, live);
        let course = Course { realtime, ..engine.run(plan, stop).await? };
        let (ledger, peak_cpu) = engine.books();
        Ok((ledger, course, peak_cpu))
    });
    observer.over();
    ended
}

fn result(
    names: Vec<String>,
    ledger: Ledger,
    course: &Course,
    peak_cpu: f64,
    busy_wait: bool,
    live: &Live,
) -> RunResult {
    let mut failures: Vec<FailureCount> = ledger
        .failures
        .into_iter()
        .map(|((stream, kind), (count, example))| FailureCount {
            request: names[stream].clone(),
            kind,
            count,
            example,
        })
        .collect();
    failures.sort_by_key(|failure| std::cmp::Reverse(failure.count));
    RunResult {
        names,
        phases: ledger.phases,
        timeline: ledger.timeline,
        backlogs: ledger.backlogs,
        generator: Generator {
            lag: ledger.lag,
            cpu: course.cpu,
            peak_cpu: peak_cpu.max(course.cpu),
            peak_in_flight: live.peak_in_flight(),
            peak_waiting: live.peak_waiting(),
            connections: live.connections.load(Relaxed),
            resent: live.resent.load(Relaxed),
            realtime: course.realtime,
            busy_wait,
        },
        failures,
        samples: ledger.samples,
        renewals: Renewals::default(),
        steal: None,
        contention: Shares::default(),
        max_others: 1.0,
        speed: None,
        elapsed: course.elapsed,
        interrupted: course.interrupted,
    }
}
