//! Keeps users signed in for the whole of a run: it renews their tokens beside the load.

use std::collections::{HashMap, HashSet};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::Context;
use reqwest::Client;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::Users;
use crate::sut::{Failure, Outcome, SignedIn, Target, send};
use crate::tally::Tally;

/// How often the keeper looks for tokens that are due. They are due well before they end.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// A renewal that failed is tried again after this time.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// What became of renewals. They are requests of their own: they come on top of the load.
#[derive(Clone, Debug, Default)]
pub(crate) struct Renewals {
    pub(crate) tally: Tally,
    /// How often each kind of failure occurred, and the detail of the first one.
    pub(crate) failures: HashMap<String, (u64, String)>,
}

impl Renewals {
    fn note(&mut self, took: Duration, failure: Option<Failure>) {
        self.tally.offered += 1;
        let outcome = failure.as_ref().map_or(Outcome::Ok, |failure| failure.outcome);
        self.tally.outcomes.add(outcome);
        self.tally.in_time.add(outcome);
        match failure {
            None => {
                self.tally.latency.record(took);
                self.tally.service.record(took);
            }
            Some(Failure { kind, detail, .. }) => {
                self.failures.entry(kind).or_insert((0, detail)).0 += 1;
            }
        }
    }
}

/// Renews the users' tokens in time, on a thread of its own. Dropping it ends that.
#[derive(Debug)]
pub(crate) struct Keeper {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    renewals: Arc<Mutex<Renewals>>,
}

impl Keeper {
    /// Returns when the tokens that were due already have been renewed once: users who signed in
    /// first may have waited long for the others.
    pub(crate) fn start(
        users: &Arc<Users>,
        target: &Arc<Target>,
        client: Client,
    ) -> anyhow::Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let (ready, is_ready) = mpsc::channel();
        let renewals = Arc::new(Mutex::new(Renewals::default()));
        let renewer = Renewer {
            users: Arc::clone(users),
            target: Arc::clone(target),
            client,
            renewals: Arc::clone(&renewals),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context("cannot start the async runtime")?;
        let thread = thread::Builder::new()
            .name("token keeper".to_owned())
            .spawn(move || runtime.block_on(renewer.keep(stopped, ready)))?;
        // It sends or ends, whatever the server does.
        let _ = is_ready.recv();
        Ok(Self { stop: Some(stop), thread: Some(thread), renewals })
    }

    /// What became of the renewals since this was last asked.
    pub(crate) fn take(&self) -> Renewals {
        std::mem::take(&mut self.renewals.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread leaves nothing half done.
            let _ = thread.join();
        }
    }
}

#[derive(Clone)]
struct Renewer {
    users: Arc<Users>,
    target: Arc<Target>,
    client: Client,
    renewals: Arc<Mutex<Renewals>>,
}

impl Renewer {
    /// Renews all tokens that are due at the same time. Tokens that end together must not wait for
    /// each other.
    async fn keep(self, mut stopped: oneshot::Receiver<()>, ready: mpsc::Sender<()>) {
        let mut under_way = HashSet::new();
        let mut again_at: HashMap<usize, Instant> = HashMap::new();
        let mut tasks: JoinSet<(usize, bool)> = JoinSet::new();
        let mut ready = Some(ready);
        loop {
            let now = Instant::now();
            for (index, before) in self.users.due(now) {
                let waits = again_at.get(&index).is_some_and(|at| now < *at);
                if !waits && under_way.insert(index) {
                    let renewer = self.clone();
                    tasks.spawn(async move { (index, renewer.renew(index, &before).await) });
                }
            }
            if tasks.is_empty() {
                drop(ready.take());
            }
            tokio::select! {
                _ = &mut stopped => return,
                Some(Ok((index, renewed))) = tasks.join_next(), if !tasks.is_empty() => {
                    under_way.remove(&index);
                    again_at.remove(&index);
                    if !renewed {
                        again_at.insert(index, Instant::now() + AGAIN_AFTER);
                    }
                }
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    async fn renew(&self, index: usize, before: &SignedIn) -> bool {
        let start = Instant::now();
        let renewed = renew(before, &self.target, &self.client).await;
        let took = start.elapsed();
        let failure = match renewed {
            Ok(renewed) => {
                self.users.replace(index, before, renewed);
                None
            }
            Err(failure) => Some(failure),
        };
        let is_renewed = failure.is_none();
        let mut renewals = self.renewals.lock().unwrap_or_else(PoisonError::into_inner);
        // Later ones are likely to say the same, and the report counts them.
        if let Some(failure) = failure.as_ref().filter(|_| renewals.failures.is_empty()) {
            eprintln!("a token that is about to expire cannot be renewed: {failure}");
        }
        renewals.note(took, failure);
        is_renewed
    }
}

/// The session with its next token: by a refresh if there is a refresh token and it is accepted,
/// else by a login.
async fn renew(before: &SignedIn, target: &Target, client: &Client) -> Result<SignedIn, Failure> {
    let refresh = before.refresh.as_ref().and_then(|refresh| target.refresh_request(refresh));
    if let Some(request) = refresh {
        let answer = send(client, request).await?;
        if let Ok(renewed) = target.read_refresh(before, &answer, Instant::now()) {
            return Ok(renewed);
        }
    }
    let answer = send(client, target.login_request(&before.account)).await?;
    target.read_login(&before.account, &answer, Instant::now())
}
