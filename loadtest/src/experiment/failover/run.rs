//! One run: the load, the acts, the probes, and the look at all sessions in the end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::act::Acting;
use super::args::Args;
use super::checker::{Violation, check};
use super::cluster::Cluster;
use super::history::{Event, Recorder};
use super::prober::{Nodes, Prober, channel};
use super::recovery::{ActResult, Seconds, by_second, objectives, recoveries};
use super::sessions::{Session, Sessions};
use super::streams::{STREAMS, Shared, works};
use crate::experiment::Scene;
use crate::open::{Load, Phase, Plan, RunResult, faults};
use crate::sut::{Call, Clients};
use crate::usage::UsageError;

/// Figures in seconds allow the generator this much.
const LATE_AFTER: Duration = Duration::from_millis(100);
/// How long the sessions may take to be opened, and to be looked at in the end.
const PATIENCE: Duration = Duration::from_secs(120);

/// What was measured.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) result: RunResult,
    pub(super) planned: Duration,
    pub(super) seconds: Seconds,
    pub(super) acts: Vec<ActResult>,
    pub(super) events: Vec<Event>,
    pub(super) violations: Vec<Violation>,
    /// Sessions of which it was not clear in the end whether they lived.
    pub(super) unclear: u64,
    /// Why the run says nothing.
    pub(super) faults: Vec<String>,
}

/// Carries out the run.
pub(super) fn measure(
    args: &Args,
    cluster: &Cluster,
    scene: &mut Scene<'_>,
) -> anyhow::Result<Measured> {
    let (sender, receiver) = channel();
    let shared = shared(cluster, scene, sender)?;
    let clients = Clients::new(&cluster.nodes[0], scene.target);
    let spec = shared.target.spec();
    let nodes = Arc::new(Nodes::new(spec, &cluster.nodes, &clients, cluster.hosts.len())?);
    let runtime = Runtime::new().context("cannot start the async runtime")?;
    open_sessions(args, &runtime, &nodes, &shared)?;
    let (stop, stopped) = oneshot::channel();
    let prober = Prober::start(&nodes, &shared, receiver, stopped)?;
    let script = cluster.script.as_deref().unwrap_or("".as_ref());
    let mut acting = Acting::new(script, &cluster.acts, args.warm_up);
    let plan = plan(args, cluster, scene.target.timeout);
    let result = scene.run_with("", &plan, &works(&shared), &mut |_, elapsed| {
        acting.look(elapsed);
    })?;
    // A prober that has ended by itself tells so when it is waited for.
    let _ = stop.send(());
    prober.end()?;
    let acted = acting.end();
    let unclear = match result.interrupted {
        true => 0,
        false => runtime.block_on(nodes.audit(&shared, Instant::now() + PATIENCE)),
    };
    Ok(measured(args, cluster, &shared, result, plan.duration(), acted.err(), unclear))
}

fn measured(
    args: &Args,
    cluster: &Cluster,
    shared: &Shared,
    result: RunResult,
    planned: Duration,
    acts_failed: Option<anyhow::Error>,
    unclear: u64,
) -> Measured {
    let slos = STREAMS.map(|action| objectives(&args.slo, action));
    let seconds = by_second(&result, args.warm_up);
    let events = shared.recorder.events();
    let mut faults = faults(&result);
    faults.extend(acts_failed.map(|error| format!("{error:#}")));
    if shared.sessions.ran_out() {
        faults.push("there were not enough sessions: raise --sessions or --login-rate".to_owned());
    }
    Measured {
        acts: recoveries(&seconds, &cluster.acts, args.warm_up, &slos),
        violations: check(&events),
        result,
        planned,
        seconds,
        events,
        unclear,
        faults,
    }
}

fn shared(
    cluster: &Cluster,
    scene: &Scene<'_>,
    signed_out: tokio::sync::mpsc::UnboundedSender<Session>,
) -> anyhow::Result<Arc<Shared>> {
    let (target, users) = (Arc::clone(&scene.stage.target), Arc::clone(&scene.stage.users));
    for (call, section) in [(Call::Refresh, "refresh"), (Call::SignOut, "sign_out")] {
        if !target.supports(call) {
            let why = format!("failover needs a [{section}] section in the target's file");
            return Err(UsageError(why).into());
        }
    }
    let sessions = Sessions::from(users.count());
    let (recorder, hosts) = (Recorder::new(), cluster.hosts.len());
    Ok(Arc::new(Shared { target, users, sessions, recorder, hosts, signed_out }))
}

fn open_sessions(
    args: &Args,
    runtime: &Runtime,
    nodes: &Nodes,
    shared: &Shared,
) -> anyhow::Result<()> {
    let users = &shared.users;
    let users: Vec<_> = (0..users.count()).map(|number| users.turn(number).clone()).collect();
    let count = usize::try_from(args.sessions)?;
    let deadline = Instant::now() + PATIENCE;
    runtime.block_on(async {
        // From now on every node knows the tokens that are verified.
        nodes.verify_all(shared, &users).await;
        nodes.open(shared, &users, count, deadline).await
    })?;
    eprintln!("opened {count} sessions");
    Ok(())
}

/// A phase from each act to the next.
fn plan(args: &Args, cluster: &Cluster, timeout: Duration) -> Plan {
    let phase = |name: String, duration, measured, others: f64| {
        let rates = [
            args.verify_rate,
            args.login_rate,
            args.refresh_rate * others,
            args.sign_out_rate * others,
        ];
        Phase { name, duration, measured, loads: rates.map(Load::constant).to_vec() }
    };
    let mut phases = vec![phase("warm-up".to_owned(), args.warm_up, false, 0.0)];
    let starts = cluster.acts.iter().map(|act| (act.text(), act.at));
    let starts: Vec<_> =
        std::iter::once(("start".to_owned(), Duration::ZERO)).chain(starts).collect();
    let ends = starts.iter().skip(1).map(|(_, at)| *at).chain([cluster.time]);
    let lasting = starts.iter().zip(ends).filter(|((_, at), end)| at < end);
    phases.extend(lasting.map(|((name, at), end)| phase(name.clone(), end - *at, true, 1.0)));
    let plan = args.generator.plan(phases, timeout);
    Plan {
        late_after: plan.late_after.max(LATE_AFTER),
        // A cluster on this machine is more than the processes that answer.
        max_others: 1.0,
        keep_samples: true,
        ..plan
    }
}
