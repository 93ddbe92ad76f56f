//! What the server listens on.

use std::fmt;
use std::path::PathBuf;

use super::values::address;
use super::{List, list};

/// Who may use a socket of the file system unless it is said: its owner and its group.
const DEFAULT_MODE: u32 = 0o660;

/// What the server listens on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ListenOn {
    /// A host and a port.
    Tcp(String),
    /// A socket of the file system.
    Unix {
        /// Where it is.
        path: PathBuf,
        /// Who may use it.
        mode: u32,
    },
}

impl fmt::Display for ListenOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => f.write_str(address),
            Self::Unix { path, mode } => write!(f, "unix:{}?mode={mode:04o}", path.display()),
        }
    }
}

/// Reads one or several of them.
pub(super) fn listen_on(text: &str) -> Result<List<ListenOn>, String> {
    let all = list(text, one)?;
    // Without any, there is an error that says what one looks like.
    if all.is_empty() { address(text).map(|_| all) } else { Ok(all) }
}

/// Reads an address, or `unix:PATH` with or without `?mode=0660`.
fn one(text: &str) -> Result<ListenOn, String> {
    let Some(socket) = text.strip_prefix("unix:") else {
        return address(text).map(ListenOn::Tcp);
    };
    let (path, mode) = match socket.split_once('?') {
        None => (socket, DEFAULT_MODE),
        Some((path, query)) => (path, mode(query)?),
    };
    if path.is_empty() || path.ends_with('/') {
        return Err("give the path of a socket, such as unix:/run/hallpass/http.sock".into());
    }
    Ok(ListenOn::Unix { path: path.into(), mode })
}

fn mode(query: &str) -> Result<u32, String> {
    let mode = query.strip_prefix("mode=").and_then(|mode| u32::from_str_radix(mode, 8).ok());
    mode.filter(|mode| *mode <= 0o777)
        .ok_or("give ?mode= and an octal mode such as 0660, or nothing".into())
}
