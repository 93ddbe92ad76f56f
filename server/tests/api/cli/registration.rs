//! Registration is opened and closed while the server runs, and while it does not.

use rustix::process::Signal;

use super::hallpass;
use crate::app::PASSWORD;
use crate::binary::Process;

async fn register(process: &Process, name: &str) -> u16 {
    process.post("/api/register", name, PASSWORD).await.status().as_u16()
}

#[tokio::test]
async fn what_was_said_last_counts_after_a_restart_too() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let mut process = Process::start(dir, &["--registration", "closed"]);
    let shown = hallpass(dir, &["registration"]).ok();
    assert_eq!(shown, "registration is closed, as --registration says\n");
    assert_eq!(register(&process, "ada").await, 403);
    assert_eq!(hallpass(dir, &["registration", "open"]).ok(), "registration is open\n");
    assert_eq!(register(&process, "ada").await, 201);
    let (_, log) = process.end(Signal::TERM);
    let is_told =
        |line: &str| line.contains("command line") && line.contains("registration_opened");
    assert!(log.lines().any(is_told), "{log}");

    let mut process = Process::start(dir, &["--registration", "closed"]);
    assert_eq!(register(&process, "bob").await, 201);
    process.end(Signal::TERM);
    assert_eq!(hallpass(dir, &["registration", "closed"]).ok(), "registration is closed\n");
    assert_eq!(hallpass(dir, &["registration"]).ok(), "registration is closed\n");
    let process = Process::start(dir, &["--registration", "open"]);
    assert_eq!(register(&process, "carl").await, 403);
    assert_eq!(hallpass(dir, &["registration", "ajar"]).code, 2);
}
