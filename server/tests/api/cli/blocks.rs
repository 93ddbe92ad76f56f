//! Networks are blocked by commands, whether or not a server runs.

use rustix::process::Signal;

use super::{Done, hallpass};
use crate::binary::{Process, client, command};

async fn config(process: &Process, address: &str) -> u16 {
    let request = client().get(format!("{}/api/config", process.url));
    request.header("x-forwarded-for", address).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_block_counts_at_once_and_after_a_restart_until_it_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let args = ["--trusted-proxy", "127.0.0.1"];
    let mut process = Process::start(dir, &args);
    let add = ["block", "add", "192.0.2.0/24", "--for", "1h", "--reason", "guesses passwords"];
    let added = hallpass(dir, &add).ok();
    assert!(added.starts_with("blocked 192.0.2.0/24 until 2"), "{added}");
    assert_eq!(
        (config(&process, "192.0.2.9").await, config(&process, "192.0.3.9").await),
        (403, 200)
    );
    let list = hallpass(dir, &["block", "list"]).ok();
    assert!(list.contains("192.0.2.0/24") && list.contains("guesses passwords"), "{list}");
    let (_, log) = process.end(Signal::TERM);
    assert!(log.contains("network_blocked") && log.contains("command line"), "{log}");

    hallpass(dir, &["block", "add", "2001:db8::7", "--for", "1h"]).ok();
    let mut process = Process::start(dir, &args);
    for address in ["192.0.2.9", "2001:db8::1"] {
        assert_eq!(config(&process, address).await, 403, "{address}");
    }
    hallpass(dir, &["block", "remove", "192.0.2.0/24"]).ok();
    assert_eq!(config(&process, "192.0.2.9").await, 200);
    let refused = hallpass(dir, &["block", "remove", "192.0.2.0/24"]).refused();
    assert!(refused.contains("192.0.2.0/24 is not blocked"), "{refused}");
    process.end(Signal::TERM);
    hallpass(dir, &["block", "remove", "2001:db8::7"]).ok();
    assert_eq!(hallpass(dir, &["block", "list", "--json"]).ok(), "");
}

#[test]
fn what_may_shut_out_the_operator_is_blocked_only_with_yes() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let _process = Process::start(dir, &[]);
    for network in ["127.0.0.1", "0.0.0.0/1"] {
        let refused = hallpass(dir, &["block", "add", network, "--for", "1m"]).refused();
        assert!(refused.contains("--yes"), "{refused}");
    }
    let add = ["block", "add", "198.51.100.0/24", "--for", "1m"];
    let by_ssh = command(dir, &add).env("SSH_CONNECTION", "198.51.100.7 5 192.0.2.1 22").output();
    assert_eq!(by_ssh.unwrap().status.code(), Some(1));
    assert_eq!(hallpass(dir, &["block", "list", "--json"]).ok(), "");
    hallpass(dir, &["block", "add", "127.0.0.1", "--for", "1m", "--yes"]).ok();
    let Done { code, .. } = hallpass(dir, &["block", "add", "192.0.2.1"]);
    assert_eq!(code, 2, "for how long?");
    hallpass(dir, &["block", "remove", "127.0.0.1"]).ok();
}
