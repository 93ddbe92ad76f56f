//! The control socket of a running server.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{UnixListener, UnixSocket};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::connection::{Patience, converse};
use crate::accounts::Accounts;
use crate::data_dir::{self, UNFINISHED};

/// The socket's name in the data directory.
pub(crate) const SOCKET_FILE: &str = "control.sock";

/// The most connections at once; more wait. Each may send a line of 16 MiB.
const MAX_CONNECTIONS: usize = 16;

/// How long to wait when a connection can't be accepted for lack of file descriptors or memory.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);

/// A socket that listens; its file is removed when it is dropped.
#[derive(Debug)]
pub(crate) struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl ControlSocket {
    /// Listens in the data directory. A socket that a killed server left is replaced, so the caller
    /// must have locked the directory's store. Must be called in a tokio runtime.
    ///
    /// # Errors
    ///
    /// If the path is too long for a socket (107 bytes on Linux), or the file system has none.
    pub(crate) fn bind(dir: &Path) -> io::Result<Self> {
        let unfinished = dir.join(format!("{UNFINISHED}socket"));
        let path = dir.join(SOCKET_FILE);
        let listener = listen(&unfinished).and_then(|listener| {
            fs::rename(&unfinished, &path)?;
            Ok(listener)
        });
        let listener = listener.inspect_err(|_| {
            let _ = fs::remove_file(&unfinished);
        })?;
        Ok(Self { listener, path })
    }

    /// Carries out commands until `shutdown`. Those that have begun by then may take `drain` more.
    pub(crate) async fn serve(
        self,
        accounts: Arc<Accounts>,
        drain: Duration,
        shutdown: impl Future<Output = ()>,
    ) {
        // Dropped, it tells all connections to end.
        let (stop, stopped) = watch::channel(());
        let mut connections = JoinSet::new();
        tokio::select! {
            () = self.accept(&accounts, &stopped, &mut connections) => {}
            () = shutdown => {}
        }
        drop((self, stop));
        let end = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(drain, end).await.is_err() {
            tracing::warn!(?drain, "the command line was cut off at the drain timeout");
        }
    }

    async fn accept(
        &self,
        accounts: &Arc<Accounts>,
        stopped: &watch::Receiver<()>,
        connections: &mut JoinSet<()>,
    ) {
        let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        // The semaphore is never closed.
        while let Ok(permit) = Arc::clone(&permits).acquire_owned().await {
            while connections.try_join_next().is_some() {}
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let conversation = converse(
                        stream,
                        Arc::clone(accounts),
                        stopped.clone(),
                        Patience::default(),
                    );
                    connections.spawn(async move {
                        if let Err(error) = conversation.await {
                            tracing::debug!("control connection ended: {error}");
                        }
                        drop(permit);
                    });
                }
                Err(error) => {
                    tracing::warn!("can't accept a control connection: {error}");
                    tokio::time::sleep(ACCEPT_BACKOFF).await;
                }
            }
        }
    }
}

/// A socket for its owner alone. Its mode is set before it listens, so nobody else can connect in
/// between.
fn listen(path: &Path) -> io::Result<UnixListener> {
    let socket = UnixSocket::new_stream()?;
    socket.bind(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    data_dir::hand_over_socket(path)?;
    socket.listen(MAX_CONNECTIONS as u32)
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
