//! Listens on a socket of the file system.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixSocket};

use super::limits::BACKLOG;
use crate::data_dir::UNFINISHED;

/// The file of a socket. It is removed when this is dropped, unless another one has replaced it.
pub(super) struct SocketFile {
    path: PathBuf,
    /// Device and inode.
    id: (u64, u64),
}

impl SocketFile {
    /// Listens on a socket at this path, unless another file or a server that runs is there.
    pub(super) fn bind(path: &Path, mode: u32) -> io::Result<(UnixListener, Self)> {
        check_is_free(path)?;
        let name = path.file_name().ok_or_else(|| io::Error::other("the path names no file"))?;
        let unfinished = path.with_file_name(format!("{UNFINISHED}{}", name.display()));
        let _ = fs::remove_file(&unfinished);
        let made = listen(&unfinished, mode).and_then(|socket| {
            let id = id(&unfinished)?;
            fs::rename(&unfinished, path)?;
            Ok((socket, Self { path: path.to_owned(), id }))
        });
        made.inspect_err(|_| {
            let _ = fs::remove_file(&unfinished);
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if id(&self.path).is_ok_and(|id| id == self.id) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn id(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|it| (it.dev(), it.ino()))
}

/// Its mode is set before it has its name, so nobody else can connect in between.
fn listen(path: &Path, mode: u32) -> io::Result<UnixListener> {
    let socket = UnixSocket::new_stream()?;
    socket.bind(path)?;
    fs::set_permissions(path, Permissions::from_mode(mode))?;
    socket.listen(BACKLOG)
}

fn check_is_free(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            let told = "there is a file that is no socket; remove it, or give another path";
            Err(io::Error::new(ErrorKind::AlreadyExists, told))
        }
        Ok(_) => match UnixStream::connect(path) {
            Ok(_) => Err(io::Error::new(ErrorKind::AddrInUse, "another server listens there")),
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(()),
            Err(error) => Err(error),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
