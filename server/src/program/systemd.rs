//! How the server and systemd work together, if systemd has started it.

use std::os::unix;
use std::time::Duration;
use std::{io, net};

use anyhow::bail;
use listenfd::ListenFd;
use sd_notify::NotifyState;
use tokio::net::{TcpListener, UnixListener};

use crate::serve::Listener;

/// The sockets that systemd keeps open while the server restarts (sd_listen_fds(3)).
pub(super) struct PassedSockets(Vec<PassedSocket>);

enum PassedSocket {
    Tcp(net::TcpListener),
    Unix(unix::net::UnixListener),
}

impl PassedSockets {
    /// Takes them over. Must be called before there are other threads or files, since it removes
    /// variables and takes files by their numbers.
    ///
    /// # Errors
    ///
    /// If one of them is no socket that a server can accept from.
    pub(super) fn take() -> anyhow::Result<Self> {
        let mut passed = ListenFd::from_env();
        let sockets = (0..passed.len()).map(|index| PassedSocket::take(&mut passed, index));
        Ok(Self(sockets.collect::<anyhow::Result<_>>()?))
    }

    /// They become listeners, in their order.
    pub(super) fn listeners(self) -> io::Result<Vec<Listener>> {
        self.0.into_iter().map(PassedSocket::listener).collect()
    }
}

impl PassedSocket {
    fn take(passed: &mut ListenFd, index: usize) -> anyhow::Result<Self> {
        if let Ok(Some(socket)) = passed.take_tcp_listener(index) {
            return Ok(Self::Tcp(socket));
        }
        match passed.take_unix_listener(index) {
            Ok(Some(socket)) => Ok(Self::Unix(socket)),
            _ => bail!("systemd has passed on no socket of use; set ListenStream= in its unit"),
        }
    }

    fn listener(self) -> io::Result<Listener> {
        match self {
            Self::Tcp(socket) => {
                socket.set_nonblocking(true)?;
                Ok(TcpListener::from_std(socket)?.into())
            }
            Self::Unix(socket) => {
                socket.set_nonblocking(true)?;
                Ok(UnixListener::from_std(socket)?.into())
            }
        }
    }
}

/// Tells systemd that the server serves.
pub(super) fn ready() {
    tell(NotifyState::Ready);
}

/// Tells systemd that the server ends.
pub(super) fn stopping() {
    tell(NotifyState::Stopping);
}

/// Tells systemd again and again that the server's threads do their work, if `WatchdogSec=` is set.
pub(super) async fn watch() {
    let Some(limit) = sd_notify::watchdog_enabled() else { return };
    let mut period = tokio::time::interval((limit / 3).max(Duration::from_millis(1)));
    loop {
        period.tick().await;
        tell(NotifyState::Watchdog);
    }
}

fn tell(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!("can't tell systemd how the server is: {error}");
    }
}
