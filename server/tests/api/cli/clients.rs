//! OAuth clients are made and deleted by commands, whether or not a server runs.

use hallpass_contract::path;
use rustix::process::Signal;
use serde_json::Value;

use super::hallpass;
use crate::binary::{Process, client};

/// What the server answers a client that asks about some token.
async fn status(process: &Process, name: &str, secret: &str) -> u16 {
    let request = client().post(format!("{}{}", process.url, path::INTROSPECT));
    let request = request.basic_auth(name, Some(secret));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    request.body("token=x").send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_client_counts_from_its_making_to_its_deletion() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let mut process = Process::start(dir, &[]);
    let made = hallpass(dir, &["client", "add", "billing", "--may", "introspect,revoke"]);
    assert!(made.stderr.contains("client_secret of billing"), "{}", made.stderr);
    let secret = made.ok().trim_end().to_owned();
    assert_eq!(secret.len(), 43, "256 bits in base64url");
    assert_eq!(status(&process, "billing", &secret).await, 200);
    assert_eq!(status(&process, "billing", "wrong").await, 401);
    let (_, log) = process.end(Signal::TERM);
    assert!(log.contains("client_added") && log.contains("billing may introspect,revoke"), "{log}");
    assert!(!log.contains(&secret));

    // Without a server.
    hallpass(dir, &["client", "add", "Api", "--may", "revoke"]).ok();
    let list = hallpass(dir, &["client", "list"]).ok();
    assert!(list.contains("billing") && list.contains("introspect,revoke"), "{list}");
    let list = hallpass(dir, &["client", "list", "--json"]).ok();
    let list: Vec<Value> = list.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&list[0]["name"], &list[1]["name"]), (&"Api".into(), &"billing".into()));
    assert_eq!(list[0]["may"], serde_json::json!(["revoke"]));

    let process = Process::start(dir, &[]);
    assert_eq!(status(&process, "billing", &secret).await, 200);
    assert_eq!(hallpass(dir, &["client", "delete", "billing"]).ok(), "deleted client billing\n");
    assert_eq!(status(&process, "billing", &secret).await, 401);
    let audit = hallpass(dir, &["audit", "--event", "client_deleted"]).ok();
    assert!(audit.contains("billing") && audit.contains("command line"), "{audit}");
}

#[test]
fn what_is_no_name_or_is_taken_or_not_there_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let _process = Process::start(dir, &[]);
    hallpass(dir, &["client", "add", "billing", "--may", "introspect"]).ok();
    for (args, reason) in [
        (&["client", "add", "billing", "--may", "revoke"][..], "there is a client billing already"),
        (&["client", "add", "a:b", "--may", "revoke"], "letters, digits"),
        (&["client", "delete", "gateway"], "there is no client gateway"),
    ] {
        let refused = hallpass(dir, args).refused();
        assert!(refused.contains(reason), "{refused}");
    }
    for args in [&["client", "add", "x"][..], &["client", "add", "x", "--may", "all"]] {
        assert_eq!(hallpass(dir, args).code, 2, "{args:?}");
    }
}
