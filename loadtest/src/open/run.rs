//! Carries out a plan: the generator on a thread of its own, the observer on the calling one.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow};

use super::connect::Connector;
use super::engine::{Course, Engine};
use super::ledger::Ledger;
use super::live::Live;
use super::observer::Observer;
use super::pacer;
use super::plan::Plan;
use super::result::{FailureCount, Generator, RunResult};
use super::work::Work;
use crate::accounts::Renewals;
use crate::interrupt::Interrupt;
use crate::machine::{Readings, Shares, Steal, read};

/// How often an observer looks.
const TICK: Duration = Duration::from_millis(200);
/// How often the counters of the machine are read.
const READ_EVERY: Duration = Duration::from_secs(1);
/// How many tasks may go on before the generator asks the kernel what has come in: few, so that neither
/// the timer nor an answer waits long for its turn.
const EVENT_INTERVAL: u32 = 8;

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
