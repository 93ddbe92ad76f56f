//! Runs the tests: several at once, each on a thread and a runtime of its own, so that whatever a
//! test starts ends with it.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use clap::Parser as _;
use futures_util::FutureExt as _;
use tokio::runtime;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::attempt::{Attempt, Failure, TestOutcome};
use crate::driver::Launcher;
use crate::evidence::{self, Evidence};
use crate::options::Options;
use crate::plan::{self, Job};
use crate::report::Report;
use crate::requirements::unmet;
use crate::run::{self, Run};
use crate::settings::Settings;
use crate::target::Target;
use crate::{Context, Kind, Result, Skip, Test, preflight, server};

/// Evidence of a browser that does not answer any more must not hold up the run.
const EVIDENCE_TIMEOUT: Duration = Duration::from_secs(30);

/// Runs the tests as the command line says, and reports on them: `main` of a suite.
///
/// The exit code is 0 if each test passed or was skipped, 1 if one failed or the run was
/// interrupted, and 2 if nothing could be run.
pub fn run(tests: Vec<Test>) -> ExitCode {
    let options = Options::parse();
    if let Some(dir) = &options.guard {
        return run::guard(dir);
    }
    match run_selected(tests, &options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("e2e: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run_selected(tests: Vec<Test>, options: &Options) -> Result<bool> {
    let tests = plan::selected(tests, options)?;
    if options.list {
        print!("{}", plan::list(&tests));
        return Ok(true);
    }
    let target = runtime()?.block_on(preflight::check(options))?;
    if options.check {
        return Ok(true);
    }
    if let Target::Own = target {
        server::binary()?;
    }
    let run = Run::begin()?;
    let evidence = evidence::make_root()?;
    let settings = Arc::new(Settings {
        target,
        launcher: runtime()?.block_on(Launcher::new(options.headed, options.browsers()))?,
        slow_mo: options.slow_mo(),
        timeout: options.timeout(),
        evidence: evidence.clone(),
        interrupted: interrupted()?,
    });
    remember_panics();
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    let jobs = plan::jobs(&tests, options, seed);
    let mut report = Report::begin(&settings.target, seed, jobs.len());
    run_all(jobs, &settings, options, &mut report);
    // The launcher's files go before the run's folder does.
    drop(settings);
    drop(run);
    report.finish(&evidence)
}

fn runtime() -> Result<runtime::Runtime> {
    runtime::Builder::new_current_thread().enable_all().build().context("no runtime")
}

/// Ctrl-C ends the run, not the programs that it has to close.
fn interrupted() -> Result<watch::Receiver<bool>> {
    let (sender, interrupted) = watch::channel(false);
    ctrlc::set_handler(move || {
        eprintln!("interrupted: closing what runs");
        sender.send_replace(true);
    })?;
    Ok(interrupted)
}

fn run_all(jobs: Vec<Job>, settings: &Arc<Settings>, options: &Options, report: &mut Report) {
    let queue = &Mutex::new(jobs.into_iter());
    let (sender, attempts) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..options.jobs() {
            let sender = sender.clone();
            scope.spawn(move || work(queue, settings, &sender));
        }
        drop(sender);
        for attempt in attempts {
            if options.fail_fast && matches!(attempt.outcome, TestOutcome::Failed(_)) {
                *queue.lock().unwrap_or_else(PoisonError::into_inner) = Vec::new().into_iter();
            }
            report.add(attempt);
        }
    });
}

fn work(
    queue: &Mutex<impl Iterator<Item = Job>>,
    settings: &Arc<Settings>,
    attempts: &mpsc::Sender<Attempt>,
) {
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    while let Some(Job { test, kind, repeat }) = next() {
        let started = Instant::now();
        let outcome = match runtime() {
            Ok(runtime) => runtime.block_on(attempt(settings, &test, kind, repeat)),
            Err(error) => TestOutcome::Skipped(Skip::because(format!("{error:#}"))),
        };
        let _ = attempts.send(Attempt { test, kind, repeat, outcome, took: started.elapsed() });
    }
}

/// Runs a test once. Whatever happens in it, its browsers are closed and its server stopped.
async fn attempt(
    settings: &Arc<Settings>,
    test: &Test,
    kind: Kind,
    repeat: Option<u32>,
) -> TestOutcome {
    let mut interrupted = settings.interrupted.clone();
    if *interrupted.borrow() {
        return TestOutcome::Skipped(Skip::because("interrupted"));
    }
    if let Some(skip) = unmet(test, &settings.target, kind) {
        return TestOutcome::Skipped(skip);
    }
    let evidence = || Evidence::new(&settings.evidence, test.name, kind, repeat);
    tokio::select! {
        outcome = attempt_now(settings, test, kind, evidence) => outcome,
        _ = interrupted.wait_for(|interrupted| *interrupted) => {
            TestOutcome::Skipped(Skip::because("interrupted"))
        }
    }
}

async fn attempt_now(
    settings: &Arc<Settings>,
    test: &Test,
    kind: Kind,
    evidence: impl Fn() -> Evidence,
) -> TestOutcome {
    let opened = timeout(
        settings.timeout,
        Context::open(settings.clone(), kind, test.media, (test.server_args, test.base)),
    )
    .await;
    let context = match opened.context("neither site nor browser started in time").flatten() {
        Ok(context) => context,
        Err(error) => return failed(&evidence(), &format!("{error:#}")),
    };
    let ended = match run_story(settings, test, &context).await {
        Ok(()) => TestOutcome::Passed,
        Err(error) => match error.downcast_ref::<Skip>() {
            Some(skip) => TestOutcome::Skipped(skip.clone()),
            None => {
                let evidence = evidence();
                let _ = timeout(EVIDENCE_TIMEOUT, context.keep_evidence(&evidence)).await;
                failed(&evidence, &context.redact(&format!("{error:#}")))
            }
        },
    };
    match (ended, context.close().await) {
        (TestOutcome::Passed, Err(error)) => failed(&evidence(), &format!("{error:#}")),
        (ended, _) => ended,
    }
}

impl Context {
    /// Runs another test with a site and a browser of its own, and returns how it failed, if it
    /// did: for tests of the harness itself.
    pub async fn run_another(&self, test: Test) -> Option<Failure> {
        match attempt(&self.settings, &test, self.browser.kind(), None).await {
            TestOutcome::Failed(failure) => Some(failure),
            TestOutcome::Passed | TestOutcome::Skipped(_) => None,
        }
    }
}

/// The test itself: its panic or its delay is an error of its own alone.
async fn run_story(settings: &Settings, test: &Test, context: &Context) -> Result {
    let story = AssertUnwindSafe((test.story)(context)).catch_unwind();
    match timeout(settings.timeout, story).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(anyhow!("panicked: {}", PANIC.take())),
        Err(_) => Err(anyhow!("took longer than {} s", settings.timeout.as_secs())),
    }
}

fn failed(evidence: &Evidence, error: &str) -> TestOutcome {
    evidence.write("error.txt", error);
    TestOutcome::Failed(Failure { error: error.to_owned(), evidence: evidence.dir().to_owned() })
}

thread_local! {
    /// The last panic on this thread, with its place, which its payload does not have.
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

fn remember_panics() {
    panic::set_hook(Box::new(|info| PANIC.set(info.to_string())));
}
