//! The accept loop of a listener, and its shutdown.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::addresses::Addresses;
use super::connection::{Awake, Bounds, Failure};
use super::idlers::Idlers;
use super::listener::{Listener, Listeners};
use super::refusal::{Refusals, refuse};
use super::stream::{Accepted, Stream, is_peers_fault};
use super::{Answer, Limits, Response, connection};
use crate::metrics::{BadEnd, Connections};
use crate::proxies::TrustedProxies;
use crate::shutdown::{Shutdown, Stage};

/// How long to wait if file descriptors or memory are too scarce to accept a connection.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);

/// Serves one listener with any service.
pub(crate) struct Server<A> {
    answer: A,
    limits: Limits,
    connections: Connections,
    permits: Arc<Semaphore>,
    addresses: Arc<Addresses>,
    refusals: Refusals,
    /// Set for a listener that closes idle connections to make room for others.
    idlers: Option<Arc<Idlers>>,
    shutdown: Shutdown,
    awake: Awake,
    /// The connections that are open.
    open: TaskTracker,
}

impl<A> Server<A> {
    pub(crate) fn new(
        answer: A,
        limits: Limits,
        connections: Connections,
        shutdown: Shutdown,
    ) -> Self {
        let Limits { max_connections, max_connections_per_address, .. } = limits;
        connections.set_limits(max_connections, max_connections_per_address);
        Self {
            answer,
            limits,
            connections,
            permits: Arc::new(Semaphore::new(max_connections)),
            addresses: Arc::new(Addresses::new(max_connections_per_address, Default::default())),
            refusals: Refusals::default(),
            idlers: None,
            shutdown,
            awake: Awake::default(),
            open: TaskTracker::new(),
        }
    }

    /// Exempts proxies from [`Limits::max_connections_per_address`].
    pub(crate) fn with_proxies(self, proxies: TrustedProxies) -> Self {
        let most = self.limits.max_connections_per_address;
        Self { addresses: Arc::new(Addresses::new(most, proxies)), ..self }
    }

    /// Once all places are taken, each new connection replaces the one that has been idle for
    /// longest.
    pub(crate) fn making_room(self) -> Self {
        // One more permit for the new connection, until the other one is closed.
        self.permits.add_permits(1);
        Self { idlers: Some(Arc::default()), ..self }
    }

    /// As [`serve`](super::serve).
    pub(crate) async fn run<F>(self, listeners: Vec<Listener>, stop: impl Future<Output = ()>)
    where
        A: Answer<F>,
        F: Future<Output = Response> + Send + 'static,
    {
        let addresses: Vec<_> = listeners.iter().map(ToString::to_string).collect();
        let listeners = Listeners::new(listeners);
        tokio::select! {
            () = self.accept(&listeners) => {}
            () = stop => {}
        }
        let (address, open) = (addresses.join(", "), self.open.len());
        tracing::info!(address, open_connections = open, "shutting down");
        if timeout(self.limits.drain, self.shut_down(listeners)).await.is_err() {
            let drain = self.limits.drain;
            tracing::warn!(?drain, "requests were cut off at the drain timeout");
        }
    }

    async fn accept<F>(&self, listeners: &Listeners)
    where
        A: Answer<F>,
        F: Future<Output = Response> + Send + 'static,
    {
        while let Some(permit) = self.permit().await {
            match listeners.accept().await {
                Ok(accepted) => self.spawn(accepted, Some(permit)),
                Err(error) if is_peers_fault(&error) => {}
                Err(error) => {
                    self.connections.accept_failed();
                    tracing::error!("can't accept a connection: {error}");
                    tokio::time::sleep(ACCEPT_BACKOFF).await;
                }
            }
        }
    }

    /// Answers everyone who has sent a complete request by now or sends one within
    /// [`Limits::last_call`]. Such a request was on its way, or its sender could not know yet. Then
    /// it closes idle connections and cuts those in the middle of a request.
    async fn shut_down<F>(&self, listeners: Listeners)
    where
        A: Answer<F>,
        F: Future<Output = Response> + Send + 'static,
    {
        self.shutdown.enter(Stage::LastCall);
        self.open.close();
        // A refusal tells a client to go elsewhere. A connection that the system drops would lose
        // its request.
        for accepted in listeners.into_backlog() {
            match accepted {
                // There may be no permit left, but no more connections will come.
                Ok(accepted) => self.spawn(accepted, None),
                Err(error) => tracing::error!("can't take a connection: {error}"),
            }
        }
        let _ = timeout(self.limits.last_call, self.open.wait()).await;
        self.shutdown.enter(Stage::Closing);
        self.open.wait().await;
    }

    /// The permit to accept one more connection. Never none, since the semaphore is never closed.
    async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Some(permit);
        }
        self.connections.limit_reached();
        Arc::clone(&self.permits).acquire_owned().await.ok()
    }

    fn spawn<F>(&self, accepted: Accepted, permit: Option<OwnedSemaphorePermit>)
    where
        A: Answer<F>,
        F: Future<Output = Response> + Send + 'static,
    {
        let peer = accepted.peer;
        let Some(place) = self.addresses.enter(peer) else {
            return self.refuse(accepted);
        };
        let answer = self.answer.clone();
        let (connections, open) = (self.connections.clone(), self.connections.accepted());
        let membership = self.idlers.as_ref().map(|idlers| {
            if self.permits.available_permits() == 0 {
                idlers.cut_longest();
            }
            idlers.add()
        });
        let (limits, shutdown, awake) = (self.limits, self.shutdown.clone(), self.awake.clone());
        let bounds = Bounds { limits, shutdown, membership, awake };
        self.open.spawn(async move {
            if let Err(error) = connection::run(accepted, answer, bounds).await {
                connections.failed(bad_end(&error));
                tracing::debug!(%peer, "connection ended: {error}");
            }
            drop((permit, place, open));
        });
    }

    /// Refuses a connection without taking a place that others may need. Over TLS there is no
    /// answer, since it would cost as much as what is refused.
    fn refuse(&self, Accepted { stream, peer, tls }: Accepted) {
        self.connections.refused();
        self.addresses.warn_of_refusal(peer);
        let (Stream::Tcp(stream), None) = (stream, tls) else { return };
        if let Some(permit) = self.refusals.permit() {
            self.open.spawn(async move {
                refuse(stream).await;
                drop(permit);
            });
        }
    }
}

fn bad_end(failure: &Failure) -> BadEnd {
    match failure {
        Failure::Handshake(_) => BadEnd::Handshake,
        Failure::TooSlow => BadEnd::Timeout,
        Failure::Http(error) if error.is_timeout() => BadEnd::Timeout,
        Failure::Http(error) if error.is_parse() => BadEnd::Malformed,
        Failure::Http(_) => BadEnd::Broken,
    }
}
