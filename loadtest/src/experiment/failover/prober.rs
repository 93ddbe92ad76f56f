//! Asks every node about tokens that were signed out: at once after each acknowledgement, a few
//! times after that, and all of them once more in the end.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use reqwest::{Client, Url};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use super::history::{Action, Answer};
use super::service::{Read, read, request};
use super::sessions::Session;
use super::streams::Shared;
use crate::sut::{Clients, SignedIn, Spec, Target, send};

/// When every node is asked, after the acknowledgement.
const PROBES: [Duration; 4] =
    [Duration::ZERO, Duration::from_millis(100), Duration::from_secs(1), Duration::from_secs(5)];
/// How many requests of the end are under way at once.
const CONCURRENCY: usize = 8;
/// From one attempt to the next of what has no answer.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// The nodes, and how they are asked.
#[derive(Debug)]
pub(super) struct Nodes {
    /// One for each node: they differ in the host alone.
    targets: Vec<Target>,
    client: Client,
    /// The number of the first node in the history, after those of the hosts.
    first: usize,
}

impl Nodes {
    pub(super) fn new(
        spec: &Spec,
        urls: &[Url],
        clients: &Clients,
        first: usize,
    ) -> anyhow::Result<Self> {
        let targets = urls.iter().map(|url| Target::new(spec.clone(), url));
        let targets = targets.collect::<anyhow::Result<_>>()?;
        Ok(Self { targets, client: clients.client()?, first })
    }

    /// Asks one node, and notes the answer in the history.
    async fn ask(&self, shared: &Shared, node: usize, action: Action, session: &Session) -> Read {
        let target = &self.targets[node];
        let request = request(target, action, &session.user);
        let ticket = shared.recorder.begin(session.number, action, self.first + node);
        let read = match send(&self.client, request).await {
            Ok(answer) => read(target, action, &session.user, &answer, Instant::now()),
            Err(failure) => Read { answer: Answer::Unknown, counted: Err(failure), user: None },
        };
        shared.recorder.end(ticket, read.answer);
        read
    }

    /// Asks all nodes at once whether they accept a session.
    async fn verify(&self, shared: &Shared, session: &Session) {
        let asked = (0..self.targets.len()).map(|n| self.ask(shared, n, Action::Verify, session));
        join_all(asked).await;
    }

    /// Asks all nodes about each of these users' sessions, whose numbers begin at 0.
    pub(super) async fn verify_all(&self, shared: &Shared, users: &[SignedIn]) {
        let session = |(number, user): (u64, &SignedIn)| Session { number, user: user.clone() };
        let asked = (0..).zip(users).map(session).map(|session| async move {
            self.verify(shared, &session).await;
        });
        stream::iter(asked).buffer_unordered(CONCURRENCY).collect::<()>().await;
    }

    /// Asks one node after the other until one gives an answer that is clear, or time is up.
    async fn settle(
        &self,
        shared: &Shared,
        action: Action,
        session: &Session,
        deadline: Instant,
    ) -> Read {
        let mut node = usize::try_from(session.number).unwrap_or(0) % self.targets.len();
        loop {
            let read = self.ask(shared, node, action, session).await;
            if read.answer != Answer::Unknown || Instant::now() >= deadline {
                return read;
            }
            tokio::time::sleep(AGAIN_AFTER).await;
            node = (node + 1) % self.targets.len();
        }
    }

    /// Opens this many sessions of these accounts.
    ///
    /// # Errors
    ///
    /// A login has failed to the end.
    pub(super) async fn open(
        &self,
        shared: &Shared,
        accounts: &[SignedIn],
        count: usize,
        deadline: Instant,
    ) -> anyhow::Result<()> {
        let logins = accounts.iter().cycle().take(count).map(|user| async {
            let session = Session { number: shared.sessions.number(), user: user.clone() };
            let read = self.settle(shared, Action::Login, &session, deadline).await;
            let user = read.user.ok_or(read.counted);
            user.map(|user| shared.sessions.rest(Session { user, ..session }))
        });
        let mut logins = stream::iter(logins).buffer_unordered(CONCURRENCY);
        while let Some(opened) = logins.next().await {
            opened.map_err(|failed| anyhow!("a login: {:?}", failed.err()))?;
        }
        Ok(())
    }

    /// The end of a run: each session that lives is refreshed, each that may have ended is signed
    /// out, and every node is asked about each that has ended. How many of them stay unclear.
    pub(super) async fn audit(&self, shared: &Shared, deadline: Instant) -> u64 {
        let [living, leaving, ended] = shared.sessions.all();
        let each = |session, action| async move {
            let read = self.settle(shared, action, session, deadline).await;
            if action == Action::SignOut && read.answer == Answer::Done {
                self.verify(shared, session).await;
            }
            u64::from(read.answer == Answer::Unknown)
        };
        let living = living.iter().map(|session| each(session, Action::Refresh));
        let leaving = leaving.iter().map(|session| each(session, Action::SignOut));
        let settled = stream::iter(living).buffer_unordered(CONCURRENCY);
        let unclear = settled.chain(stream::iter(leaving).buffer_unordered(CONCURRENCY));
        let unclear = unclear.fold(0, |sum, one| async move { sum + one }).await;
        let asked = ended.iter().map(|session| self.verify(shared, session));
        stream::iter(asked).buffer_unordered(CONCURRENCY).collect::<()>().await;
        unclear
    }
}

/// Asks the nodes while a run goes on, on a thread of its own.
#[derive(Debug)]
pub(super) struct Prober {
    thread: JoinHandle<()>,
}

/// Where acknowledged sign-outs are told, and where they arrive.
pub(super) fn channel() -> (UnboundedSender<Session>, UnboundedReceiver<Session>) {
    unbounded_channel()
}

impl Prober {
    pub(super) fn start(
        nodes: &Arc<Nodes>,
        shared: &Arc<Shared>,
        signed_out: UnboundedReceiver<Session>,
        stop: tokio::sync::oneshot::Receiver<()>,
    ) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context("cannot start the async runtime")?;
        let (nodes, shared) = (Arc::clone(nodes), Arc::clone(shared));
        let probing = move || runtime.block_on(probe(nodes, shared, signed_out, stop));
        let thread = thread::Builder::new().name("prober".to_owned()).spawn(probing);
        Ok(Self { thread: thread.context("cannot start the prober's thread")? })
    }

    /// Waits for its last answers, after it was told to stop.
    pub(super) fn end(self) -> anyhow::Result<()> {
        self.thread.join().map_err(|_| anyhow!("the prober panicked"))
    }
}

/// Asks about each session that arrives, until `stop` comes.
async fn probe(
    nodes: Arc<Nodes>,
    shared: Arc<Shared>,
    mut signed_out: UnboundedReceiver<Session>,
    mut stop: tokio::sync::oneshot::Receiver<()>,
) {
    let mut probes = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            Some(session) = signed_out.recv() => {
                let (nodes, shared) = (Arc::clone(&nodes), Arc::clone(&shared));
                probes.spawn(async move { probe_session(&nodes, &shared, &session).await });
            }
            Some(_) = probes.join_next(), if !probes.is_empty() => {}
            _ = &mut stop => break,
        }
    }
    // What is still due is asked in the end anyway, and then of every session.
}

async fn probe_session(nodes: &Nodes, shared: &Shared, session: &Session) {
    let start = Instant::now();
    for after in PROBES {
        tokio::time::sleep_until((start + after).into()).await;
        nodes.verify(shared, session).await;
    }
}
