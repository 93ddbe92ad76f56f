//! Where an experiment takes place: a server with signed-in users, and a console that shows the
//! run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::Common;
use crate::accounts::AccountArgs;
use crate::interrupt::Interrupt;
use crate::machine::{Place, speed};
use crate::open::{Console, Glance, Observer, Plan, RunResult, Stage, Work, run};
use crate::report::{Findings, ReportWriter, ServerInfo};
use crate::sut::{Host, OwnServer, Spec, TargetArgs};
use crate::usage::UsageError;
use crate::verdict::{Ending, Verdict};

/// A server with users that are signed in, for as many runs as an experiment needs.
pub(crate) struct Scene<'a> {
    host: &'a mut Host,
    pub(crate) stage: Stage,
    pub(crate) target: &'a TargetArgs,
    pub(crate) interrupt: &'a Interrupt,
    /// Whether a run has begun.
    started: bool,
}

/// Finds the server, sets its accounts up, lets `body` run on it, and ends a server that was
/// started.
///
/// # Errors
///
/// There is no such target or no server to start ([`UsageError`]), the accounts cannot be set up,
/// or `body` fails. If the server ended, the error says so.
pub(crate) fn on_scene<B>(
    target: &TargetArgs,
    accounts: &AccountArgs,
    interrupt: &Interrupt,
    body: impl FnOnce(&mut Scene<'_>) -> anyhow::Result<Findings<B>>,
) -> anyhow::Result<Findings<B>> {
    let spec = Spec::find(&target.target).map_err(|e| UsageError(format!("--target: {e}")))?;
    let mut host = Host::find(target, interrupt)?;
    let outcome = Stage::set(&host, spec, target, accounts, interrupt).and_then(|stage| {
        body(&mut Scene { host: &mut host, stage, target, interrupt, started: false })
    });
    let outcome = host.explain(outcome);
    let passed = outcome.as_ref().is_ok_and(|found| found.ending.verdict == Verdict::Pass);
    host.end(!passed);
    outcome
}

/// Carries out an experiment on one server, and writes its reports.
pub(crate) fn conduct<B: Serialize>(
    experiment: &'static str,
    args: &Common,
    interrupt: &Interrupt,
    body: impl FnOnce(&mut Scene<'_>) -> anyhow::Result<Findings<B>>,
) -> anyhow::Result<Ending> {
    let writer = ReportWriter::begin(experiment, &args.output)?;
    let findings = on_scene(&args.target, &args.accounts, interrupt, body)?;
    writer.publish(findings)
}

impl Scene<'_> {
    /// Carries out a plan and shows it on standard error. The plan has a load for each of `works`
    /// in each phase. `step` names the part of the experiment; it is empty if there is only one.
    pub(crate) fn run(
        &mut self,
        step: &str,
        plan: &Plan,
        works: &[Arc<dyn Work>],
    ) -> anyhow::Result<RunResult> {
        self.run_with(step, plan, works, &mut |_, _| {})
    }

    /// The same, while `act` does something to the server. It is called a few times a second, with
    /// the time since the first request was due.
    pub(crate) fn run_with(
        &mut self,
        step: &str,
        plan: &Plan,
        works: &[Arc<dyn Work>],
        act: &mut dyn FnMut(&mut Host, Duration),
    ) -> anyhow::Result<RunResult> {
        // Fixed for scripts that wait for it: once, when the first request is due.
        let announce = !std::mem::replace(&mut self.started, true);
        let console = Console::new(step, plan.duration(), announce);
        // A started server may get another process during the run.
        let place = self.host.place();
        let named = self.is_named().then(|| place.clone());
        let before = speed::of(&place);
        let mut observer = Acting { console, host: self.host, act, started: None, named };
        // Those of the time between two runs belong to none.
        drop(self.stage.renewals());
        let mut result = run(plan, works, &self.stage.connector, self.interrupt, &mut observer)?;
        result.note_renewals(self.stage.renewals());
        result.speed = speed::mean(before, speed::of(&place));
        Ok(result)
    }

    /// Logins in two steps, by so many accounts of their own, which are set up now.
    pub(crate) fn second_factor(
        &self,
        accounts: &AccountArgs,
        count: usize,
    ) -> anyhow::Result<Arc<dyn Work>> {
        self.stage.second_factor(self.host, self.target, accounts, count, self.interrupt)
    }

    /// How a started server ended, if it has ended by itself.
    pub(crate) fn server_exit(&mut self) -> Option<String> {
        self.host.exit()
    }

    /// The binary and the data of a started server.
    pub(crate) fn own_server(&self) -> Option<OwnServer> {
        self.host.own()
    }

    /// Whether the server was named, and not started for the run.
    pub(crate) fn is_named(&self) -> bool {
        !self.target.host.is_empty()
    }

    /// For the report.
    pub(crate) fn server(&self) -> ServerInfo {
        ServerInfo { host: self.host.name(), own_server: !self.is_named() }
    }
}

/// Shows a run and acts on its server.
struct Acting<'a> {
    console: Console,
    host: &'a mut Host,
    act: &'a mut dyn FnMut(&mut Host, Duration),
    started: Option<Instant>,
    /// Where a server is that was named.
    named: Option<Place>,
}

impl Observer for Acting<'_> {
    fn started(&mut self) {
        self.started = Some(Instant::now());
        self.console.started();
    }

    fn tick(&mut self, glance: &Glance) {
        if let Some(started) = self.started {
            (self.act)(self.host, started.elapsed());
        }
        self.console.tick(glance);
    }

    fn place(&self) -> Place {
        self.named.clone().unwrap_or_else(|| self.host.place())
    }
}

impl std::fmt::Debug for Scene<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scene").field("stage", &self.stage).finish_non_exhaustive()
    }
}
