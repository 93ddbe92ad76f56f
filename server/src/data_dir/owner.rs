//! Who owns the files of a data directory: always the user that the service runs as. If root runs a
//! command there, its files go to that user, since the service could not read them otherwise.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::bail;
use rustix::fs::{Gid, Mode, OFlags, Uid};
use rustix::process::geteuid;

/// The name of the database in the directory.
pub const DATABASE_FILE: &str = "hallpass.redb";

const ROOT: u32 = 0;

/// A user and a group of the system.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Owner {
    uid: u32,
    gid: u32,
}

impl Owner {
    fn of(metadata: &fs::Metadata) -> Self {
        Self { uid: metadata.uid(), gid: metadata.gid() }
    }

    /// The owner that a file at `path` must have: the owner of the file that it replaces. A new
    /// file gets the owner of the database, and a new database the owner of the directory.
    fn due_at(path: &Path) -> io::Result<Self> {
        match fs::metadata(path) {
            Ok(replaced) => Ok(Self::of(&replaced)),
            Err(_) => Self::due_in(dir_of(path)),
        }
    }

    /// The owner that a new file in the directory must have.
    fn due_in(dir: &Path) -> io::Result<Self> {
        match fs::metadata(dir.join(DATABASE_FILE)).map(|database| Self::of(&database)) {
            // Earlier versions let root make a database in another user's directory.
            Ok(service) if service.uid != ROOT => Ok(service),
            _ => Ok(Self::of(&fs::metadata(dir)?)),
        }
    }

    /// Whether the service can use a file of `self` as well as one of `due`. The group matters only
    /// to root, who may set it: no group may read our files. If the service runs as root, it can
    /// read every file.
    fn is_as_good_as(self, due: Self) -> bool {
        self == due || (!geteuid().is_root() && (self.uid == due.uid || due.uid == ROOT))
    }

    fn ids(self) -> (Option<Uid>, Option<Gid>) {
        (Some(Uid::from_raw(self.uid)), Some(Gid::from_raw(self.gid)))
    }
}

/// Gives a new file to the user who must own `path`.
///
/// # Errors
///
/// If only another user may do that.
pub(super) fn hand_over(file: &File, path: &Path) -> anyhow::Result<()> {
    let (is, due) = (Owner::of(&file.metadata()?), Owner::due_at(path)?);
    if is.is_as_good_as(due) {
        return Ok(());
    }
    let (uid, gid) = due.ids();
    match rustix::fs::fchown(file, uid, gid) {
        Ok(()) => Ok(()),
        Err(error) => bail!(refusal(is, due, &error.into())),
    }
}

/// Gives the socket at `path` to the user who owns the database beside it.
///
/// # Errors
///
/// If only another user may do that, or it is not our socket.
pub fn hand_over_socket(path: &Path) -> io::Result<()> {
    let is = Owner::of(&fs::symlink_metadata(path)?);
    let due = Owner::due_in(dir_of(path))?;
    if is.is_as_good_as(due) {
        return Ok(());
    }
    let (uid, gid) = due.ids();
    chown_socket(path, uid, gid)
        .map_err(|error| io::Error::new(error.kind(), refusal(is, due, &error)))
}

/// Changes the owner of the socket. It opens the path once, checks what it opened, and changes
/// that. So the directory's owner can't swap in another file in between, such as a link to one of
/// root's files.
#[cfg(target_os = "linux")]
fn chown_socket(path: &Path, uid: Option<Uid>, gid: Option<Gid>) -> io::Result<()> {
    use rustix::fs::{AtFlags, FileType, chownat, fstat, open};
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let socket = open(path, flags, Mode::empty())?;
    let found = fstat(&socket)?;
    let is_socket = FileType::from_raw_mode(found.st_mode) == FileType::Socket;
    if !is_socket || found.st_nlink != 1 || found.st_uid != geteuid().as_raw() {
        return Err(io::Error::other("somebody else is at work in the directory"));
    }
    Ok(chownat(&socket, "", uid, gid, AtFlags::EMPTY_PATH)?)
}

#[cfg(not(target_os = "linux"))]
fn chown_socket(path: &Path, uid: Option<Uid>, gid: Option<Gid>) -> io::Result<()> {
    let (uid, gid) = (uid.map(Uid::as_raw), gid.map(Gid::as_raw));
    std::os::unix::fs::lchown(path, uid, gid)
}

/// Gives a directory that root has just made to the owner of its parent.
pub(super) fn inherit(dir: &Path) -> io::Result<()> {
    let due = Owner::of(&fs::metadata(dir_of(dir))?);
    if !geteuid().is_root() || due.uid == ROOT {
        return Ok(());
    }
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = rustix::fs::open(dir, flags, Mode::empty())?;
    let (uid, gid) = due.ids();
    Ok(rustix::fs::fchown(opened, uid, gid)?)
}

/// Says what to do about a file that we may not open.
pub fn advice(path: &Path, error: &io::Error) -> String {
    let owner = fs::metadata(path).map(|metadata| metadata.uid());
    match owner {
        Ok(owner) if error.kind() == ErrorKind::PermissionDenied => {
            let us = geteuid().as_raw();
            let how = as_user(owner);
            format!("; it belongs to user {owner}: {how}, or give it to user {us} with chown")
        }
        _ => String::new(),
    }
}

fn refusal(is: Owner, due: Owner, error: &io::Error) -> String {
    let (us, owner) = (is.uid, due.uid);
    let how = as_user(owner);
    format!("it must belong to user {owner}, and user {us} can't give it away ({error}); {how}")
}

fn as_user(uid: u32) -> String {
    format!("run this as that user, such as with `sudo -u '#{uid}' hallpass ...`")
}

/// The directory of a path. For a bare name, that is the working directory.
fn dir_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => Path::new("/"),
    }
}
