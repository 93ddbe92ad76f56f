//! Carries out a plan: the generator on a thread of its own, the observer on the calling one.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow};

use super::connector::Connector;
use super::engine::{Course, Engine};
use super::ledger::Ledger;
use super::live::Live;
use super::observer::Observer;
use super::pacer;
use super::plan::Plan;
use super::result::{Generator, RunResult};
use super::work::Work;
use crate::accounts::Renewals;
use crate::interrupt::Interrupt;
use crate::machine::{Readings, Shares, Steal, read};

/// How often an observer looks.
const TICK: Duration = Duration::from_millis(200);
/// How often the counters of the machine are read.
const READ_EVERY: Duration = Duration::from_secs(1);
/// How many tasks may go on before the generator asks the kernel what has come in. Few, so that
/// neither the timer nor an answer waits long.
const EVENT_INTERVAL: u32 = 8;

/// Carries out a plan, in which each phase has a load for each of `works`. It blocks until the last
/// answer has come or was waited for in vain, or until the run is cut short. Even then there is a
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
    let (steal, readings) = watch(&live, || generator.is_finished(), observer);
    let ended = generator.join().map_err(|_| anyhow!("the generator panicked"))?;
    let generated = ended.context("the generator has no timer")?;
    let start = generated.course.start;
    let names = works.iter().map(|work| work.name().to_owned()).collect();
    let mut result = generated.result(names, plan.busy_wait, &live);
    result.note_steal(&steal, start);
    result.note_contention(&readings, start, plan.max_others);
    Ok(result)
}

/// Tells the observer how the run goes, and reads the machine's counters, until the run is over.
fn watch(
    live: &Live,
    is_finished: impl Fn() -> bool,
    observer: &mut dyn Observer,
) -> (Steal, Readings) {
    let (mut steal, mut readings) = (Steal::default(), Readings::default());
    let mut started = false;
    while !live.is_over() && !is_finished() {
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
    (steal, readings)
}

/// All of the generator: a runtime of its own on the calling thread.
fn generate(
    plan: &Plan,
    works: Vec<Arc<dyn Work>>,
    connector: Connector,
    live: Arc<Live>,
    stop: &Interrupt,
) -> std::io::Result<Generated> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().event_interval(EVENT_INTERVAL).build()?;
    let observer = Arc::clone(&live);
    // A thread that goes first and never sleeps would let nobody else have its core.
    let realtime = !plan.busy_wait && pacer::go_first();
    let ended = runtime.block_on(async {
        let engine = Engine::new(plan, works, connector, live);
        let course = Course { realtime, ..engine.run(plan, stop).await? };
        let (ledger, peak_cpu) = engine.books();
        Ok(Generated { ledger, course, peak_cpu })
    });
    observer.over();
    ended
}

/// What the generator hands back.
struct Generated {
    ledger: Ledger,
    course: Course,
    /// The share of a core that it used in its busiest second.
    peak_cpu: f64,
}

impl Generated {
    fn result(self, names: Vec<String>, busy_wait: bool, live: &Live) -> RunResult {
        let Self { ledger, course, peak_cpu } = self;
        let failures = ledger.failures_of(&names);
        RunResult {
            names,
            phases: ledger.phases,
            hosts: ledger.hosts,
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
}
