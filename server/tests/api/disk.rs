//! What the server does on a disk without room.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use hallpass_contract::path;
use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};

use crate::app::PASSWORD;
use crate::binary::{Process, client, serve_command};

async fn readyz(process: &Process) -> u16 {
    let ready = client().get(format!("{}{}", process.url, path::READYZ));
    ready.send().await.unwrap().status().as_u16()
}

fn limit_file_sizes(process: &Process, current: Option<u64>) {
    let pid = Pid::from_raw(process.id().try_into().unwrap());
    prlimit(pid, Resource::Fsize, Rlimit { current, maximum: None }).unwrap();
}

#[tokio::test]
async fn a_file_that_may_not_grow_makes_the_server_not_ready_before_a_login_fails() {
    let dir = tempfile::tempdir().unwrap();
    let mut process = Process::start(dir.path(), &[]);
    process.post(path::REGISTER, "ada", PASSWORD).await;
    assert_eq!(readyz(&process).await, 200);
    limit_file_sizes(&process, Some(4096));
    assert_eq!(readyz(&process).await, 503);
    let refused = process.post(path::LOGIN, "ada", PASSWORD).await;
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_eq!(readyz(&process).await, 503);
    limit_file_sizes(&process, None);
    assert_eq!(readyz(&process).await, 200);
    assert_eq!(process.post(path::LOGIN, "ada", PASSWORD).await.status(), 200);
    let (_, log) = process.end(Signal::TERM);
    assert!(log.contains("ulimit -f"), "{log}");
}

/// A small file system in memory.
struct Volume(PathBuf);

impl Volume {
    fn mount(at: &Path) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=3m", "tmpfs"]).arg(at);
        mount.output().is_ok_and(|output| output.status.success()).then(|| Self(at.to_owned()))
    }

    /// Takes all of its space.
    fn fill(&self) {
        let mut endless = File::open("/dev/urandom").unwrap();
        let mut file = File::create(self.0.join("filler")).unwrap();
        std::io::copy(&mut endless, &mut file).unwrap_err();
    }

    fn make_room(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

#[tokio::test]
async fn a_full_disk_makes_the_server_not_ready_at_once_and_room_makes_it_ready_again() {
    let dir = tempfile::tempdir().unwrap();
    let Some(volume) = Volume::mount(dir.path()) else {
        return eprintln!("skipped: only root can mount a small file system");
    };
    let process = Process::of(serve_command(dir.path(), &[]));
    process.post(path::REGISTER, "ada", PASSWORD).await;
    assert_eq!(readyz(&process).await, 200);
    volume.fill();
    // Nothing has been written since.
    assert_eq!(readyz(&process).await, 503);
    volume.make_room();
    let deadline = Instant::now() + Duration::from_secs(10);
    while readyz(&process).await != 200 {
        assert!(Instant::now() < deadline, "it stays not ready");
    }
    assert_eq!(process.post(path::LOGIN, "ada", PASSWORD).await.status(), 200);
    drop(process);
}

#[tokio::test]
async fn keys_and_passwords_are_kept_out_of_core_dumps_unless_asked_otherwise() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
    use std::os::unix::process::CommandExt as _;
    /// Whoever runs the server; of root's processes the owner of /proc/PID does not tell.
    const SERVICE: u32 = 65534;
    let is_root = rustix::process::geteuid().is_root();
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
    if is_root {
        chown(dir.path(), Some(SERVICE), Some(SERVICE)).unwrap();
    }
    for (args, dumps) in [(&[][..], false), (&["--core-dumps", "on"], true)] {
        let mut command = serve_command(dir.path(), args);
        command.env("HALLPASS_METRICS_LISTEN", "127.0.0.1:0");
        if is_root {
            command.uid(SERVICE).gid(SERVICE).current_dir("/");
        }
        let mut process = Process::of(command);
        if cfg!(target_os = "linux") {
            let proc = format!("/proc/{}", process.id());
            let limits = fs::read_to_string(format!("{proc}/limits")).unwrap();
            let core = limits.lines().find(|line| line.starts_with("Max core file size"));
            let none = core.unwrap().split_whitespace().filter(|word| *word == "0").count() == 2;
            assert!(dumps || none, "{core:?}");
            let owner = fs::metadata(format!("{proc}/mem")).unwrap().uid();
            let own = if is_root { SERVICE } else { rustix::process::geteuid().as_raw() };
            assert_eq!(owner, if dumps { own } else { 0 }, "who may look into its memory");
            // What load tests read of it.
            for file in ["stat", "status", "schedstat"] {
                let mode = fs::metadata(format!("{proc}/{file}")).unwrap().mode();
                assert_eq!(mode & 0o444, 0o444, "{file}");
            }
        }
        let (_, log) = process.end(Signal::TERM);
        assert!(!log.contains("can't read the figures"), "{log}");
    }
}
