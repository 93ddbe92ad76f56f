//! Who owns the files of a data directory: always the user that the service runs as, even when
//! root runs a command there. Otherwise the service could not read them.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::bail;
use rustix::fs::{Gid, Mode, OFlags, Uid};
use rustix::process::geteuid;

/// The database's name in the directory.
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

    /// The owner that a file at `path` must have. That is who owns the file which it replaces. A
    /// new file goes to the owner of the database, and the database to the owner of the directory.
    fn due_at(path: &Path) -> io::Result<Self> {
        match fs::metadata(path) {
            Ok(replaced) => Ok(Self::of(&replaced)),
            Err(_) => Self::due_in(dir_of(path)),
        }
    }

    /// The owner that a new file in the directory must have.
    fn due_in(dir: &Path) -> io::Result<Self> {
        match fs::metadata(dir.join(DATABASE_FILE)).map(|database| Self::of(&database)) {
            // An earlier version let root make a database in a directory of somebody else.
            Ok(service) if service.uid != ROOT => Ok(service),
            _ => Ok(Self::of(&fs::metadata(dir)?)),
        }
    }

    /// Whether a file of `self` serves as well as one of `due`. No group can read our files, so
    /// only root, who may set the group, does so. Root reads the files of everybody.
    fn is_as_good_as(self, due: Self) -> bool {
        self == due || (!geteuid().is_root() && (self.uid == due.uid || due.uid == ROOT))
    }

    fn ids(self) -> (Option<Uid>, Option<Gid>) {
        (Some(Uid::from_raw(self.uid)), Some(Gid::from_raw(self.gid)))
    }
}

/// Gives a file that was just made to the user who must own what is at `path`.
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
/// If only another user may do that, or it is no socket of ours.
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

/// The directory's owner may put another file there meanwhile, such as a link to one of root's, so
/// what is looked at is what is given away.
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

/// Gives a directory that root just made to the owner of the one above it.
///
/// # Errors
///
/// If the system refuses.
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

/// What to do about a file that we may not open.
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

/// The directory that a path is in; of a bare name, the working directory.
fn dir_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => Path::new("/"),
    }
}
