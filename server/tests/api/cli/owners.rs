//! Who owns the files when somebody else than the service's user runs a command. Root can try it,
//! since only root can run a program as another user.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Output};

use rustix::process::Signal;
use tempfile::TempDir;

use super::{add, hallpass, hallpass_with_input};
use crate::app::PASSWORD;
use crate::binary::{Process, command, serve_command};

/// The user whom the service runs as.
const SERVICE: u32 = 65534;

/// Another one.
const SOMEBODY: u32 = 65533;

const USERS: &str = "username,password_hash\n\
    bob,pbkdf2:sha1:1000$WDdeLlvU$28362305ec1b8e58c984a6416d6f69e965304496\n";

fn is_root() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        eprintln!("skipped: only root can run the command as another user");
    }
    is_root
}

/// A directory that other users can reach, and in it one that belongs to `owner`.
fn dir_of(owner: u32, mode: u32) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
    let data = dir.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, Permissions::from_mode(mode)).unwrap();
    chown(&data, Some(owner), Some(owner)).unwrap();
    dir
}

/// The names of the files in the directory, each of which belongs to `owner` alone.
fn files_of(owner: u32, dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
    let names = entries.map(|entry| {
        let (name, file) = (entry.file_name().into_string().unwrap(), entry.metadata().unwrap());
        assert_eq!((file.uid(), file.gid(), file.mode() & 0o777), (owner, owner, 0o600), "{name}");
        name
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// The command as another user runs it, with no more rights than they have.
fn run_as(user: u32, mut command: Command) -> Command {
    command.uid(user).gid(user).current_dir("/");
    command
}

fn output_as(user: u32, dir: &Path, args: &[&str]) -> Output {
    run_as(user, command(dir, args)).output().unwrap()
}

#[tokio::test]
async fn what_root_makes_belongs_to_the_service_which_can_use_it() {
    if !is_root() {
        return;
    }
    let parent = dir_of(SERVICE, 0o700);
    let dir = parent.path().join("data");
    add(&dir, "ada", &[]).ok();
    assert_eq!(files_of(SERVICE, &dir), ["hallpass.redb"]);
    hallpass_with_input(&dir, &["user", "import", "-"], USERS).ok();
    let mut roots = Process::start(&dir, &[]);
    assert_eq!(files_of(SERVICE, &dir), ["control.sock", "hallpass.redb", "keys.json"]);
    hallpass(&dir, &["keys", "rotate"]).ok();
    assert_eq!(files_of(SERVICE, &dir).len(), 3);
    // The service's user may use the command line, whoever started the server.
    let listed = output_as(SERVICE, &dir, &["user", "list"]);
    assert!(String::from_utf8_lossy(&listed.stdout).contains("bob"), "{listed:?}");
    roots.end(Signal::KILL);
    hallpass(&dir, &["keys", "rotate"]).ok();
    assert_eq!(files_of(SERVICE, &dir), ["control.sock", "hallpass.redb", "keys.json"]);

    let mut own = Process::of(run_as(SERVICE, serve_command(&dir, &[])));
    assert_eq!(own.post("/api/login", "ada", PASSWORD).await.status(), 200);
    own.end(Signal::TERM);
    assert_eq!(files_of(SERVICE, &dir), ["hallpass.redb", "keys.json"]);
}

#[test]
fn a_replaced_file_keeps_its_owner_in_a_directory_of_root() {
    if !is_root() {
        return;
    }
    let parent = dir_of(0, 0o777);
    let dir = parent.path().join("data");
    let mut service = Process::of(run_as(SERVICE, serve_command(&dir, &[])));
    let (_, log) = service.end(Signal::TERM);
    assert!(log.contains("WARN") && log.contains("chmod 700"), "0777 gets a warning: {log}");
    let before = fs::read(dir.join("keys.json")).unwrap();
    hallpass(&dir, &["keys", "rotate"]).ok();
    assert_ne!(fs::read(dir.join("keys.json")).unwrap(), before);
    assert_eq!(files_of(SERVICE, &dir), ["hallpass.redb", "keys.json"]);
}

#[test]
fn whoever_can_not_give_a_file_to_the_service_is_refused_and_changes_nothing() {
    if !is_root() {
        return;
    }
    let parent = dir_of(SERVICE, 0o777);
    let dir = parent.path().join("data");
    let import = parent.path().join("users.csv");
    fs::write(&import, USERS).unwrap();
    let import = ["user", "import", import.to_str().unwrap()];
    // Where it could not be refused, the address would be.
    for args in [&["serve", "--listen", "203.0.113.1:80"][..], &import] {
        let refused = output_as(SOMEBODY, &dir, args);
        let stderr = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(1), "{stderr}");
        let reason = stderr.lines().last().unwrap();
        assert!(reason.contains("sudo -u '#65534' hallpass"), "{stderr}");
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 0, "{args:?}");
    }
}

#[test]
fn a_file_of_somebody_else_is_refused_with_the_name_of_its_owner() {
    if !is_root() {
        return;
    }
    let parent = dir_of(SERVICE, 0o700);
    let dir = parent.path().join("data");
    Process::start(&dir, &[]).end(Signal::TERM);
    for (file, args) in [("keys.json", ["keys", "rotate"]), ("hallpass.redb", ["user", "list"])] {
        // As an earlier version left it.
        chown(dir.join(file), Some(0), Some(0)).unwrap();
        let refused = output_as(SERVICE, &dir, &args);
        let stderr = String::from_utf8(refused.stderr).unwrap();
        assert!(stderr.contains(file) && stderr.contains("belongs to user 0"), "{stderr}");
        assert!(stderr.contains("chown"), "{stderr}");
    }
}

#[test]
fn a_directory_that_root_makes_belongs_to_whom_the_one_above_it_belongs() {
    if !is_root() {
        return;
    }
    let parent = dir_of(SERVICE, 0o700);
    let (above, dir) = (parent.path().join("data/a"), parent.path().join("data/a/b"));
    add(&dir, "ada", &[]).ok();
    for made in [&above, &dir] {
        let made = fs::metadata(made).unwrap();
        assert_eq!((made.uid(), made.gid(), made.mode() & 0o777), (SERVICE, SERVICE, 0o700));
    }
    assert_eq!(files_of(SERVICE, &dir), ["hallpass.redb"]);
}
