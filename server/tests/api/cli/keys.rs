use std::path::Path;

use hallpass_contract::Login;
use rustix::process::Signal;
use serde_json::Value;

use super::{add, hallpass, hallpass_with_input};
use crate::app::PASSWORD;
use crate::binary::{Process, client};

async fn token(process: &Process) -> String {
    let login: Login = process.post("/api/login", "ada", PASSWORD).await.json().await.unwrap();
    login.access_token.expose().to_owned()
}

async fn verifies(process: &Process, token: &str) -> bool {
    let verify = client().get(format!("{}/api/verify", process.url)).bearer_auth(token);
    verify.send().await.unwrap().status() == 200
}

async fn published(process: &Process) -> Vec<String> {
    let jwks = client().get(format!("{}/.well-known/jwks.json", process.url));
    let jwks: Value = jwks.send().await.unwrap().json().await.unwrap();
    let keys = jwks["keys"].as_array().unwrap().iter();
    keys.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// The ids of the keys, the one that signs first.
fn listed(dir: &Path) -> Vec<String> {
    let lines = hallpass(dir, &["keys", "list", "--json"]).ok();
    let key = |line| serde_json::from_str::<Value>(line).unwrap();
    lines.lines().map(|line| key(line)["kid"].as_str().unwrap().to_owned()).collect()
}

fn inspect(dir: &Path, args: &[&str], token: &str) -> (i32, Value) {
    let args = [&["token", "inspect", "--json"], args].concat();
    let done = hallpass_with_input(dir, &args, format!("Bearer {token}\n"));
    (done.code, serde_json::from_str(&done.stdout).unwrap_or_else(|_| panic!("{}", done.stderr)))
}

fn failed(inspection: &Value) -> Vec<&str> {
    let checks = inspection["checks"].as_array().unwrap().iter();
    let failed = checks.filter(|check| check["outcome"] == "failed");
    failed.map(|check| check["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_rotation_in_a_running_server_takes_effect_with_the_next_token() {
    let dir = tempfile::tempdir().unwrap();
    let process = Process::start(dir.path(), &[]);
    add(dir.path(), "ada", &[]).ok();
    let old_token = token(&process).await;
    let old = listed(dir.path());
    assert_eq!(old.len(), 2, "the one that signs, and the next one");
    hallpass(dir.path(), &["keys", "rotate"]).ok();
    let new = listed(dir.path());
    assert_eq!((new.len(), &new[0], &new[2]), (3, &old[1], &old[0]));
    assert_eq!(published(&process).await, new);
    assert!(verifies(&process, &old_token).await);
    let (_, inspection) = inspect(dir.path(), &[], &token(&process).await);
    assert_eq!(inspection["header"]["kid"], new[0].as_str());
}

#[tokio::test]
async fn a_revoked_key_verifies_nothing_whether_or_not_the_server_runs() {
    let dir = tempfile::tempdir().unwrap();
    let mut process = Process::start(dir.path(), &[]);
    add(dir.path(), "ada", &[]).ok();
    let old_token = token(&process).await;
    let old = listed(dir.path());
    let revoked = hallpass(dir.path(), &["keys", "revoke", &old[0]]).ok();
    assert!(revoked.contains(&old[0]) && revoked.contains(&old[1]), "{revoked}");
    assert!(!verifies(&process, &old_token).await);
    let new_token = token(&process).await;
    assert!(verifies(&process, &new_token).await);
    // A key id may begin with a hyphen.
    for gone in [&old[0], "-Vc4", "-hc4"] {
        let refused = hallpass(dir.path(), &["keys", "revoke", gone]).refused();
        assert!(refused.contains("no such key"), "{gone}: {refused}");
    }
    process.end(Signal::TERM);
    hallpass(dir.path(), &["keys", "revoke", &old[1]]).ok();
    let process = Process::start(dir.path(), &[]);
    assert!(!verifies(&process, &new_token).await);
    assert_eq!(published(&process).await, listed(dir.path()));
}

#[tokio::test]
async fn a_rotation_while_the_server_is_stopped_keeps_the_algorithm_and_the_old_tokens() {
    let dir = tempfile::tempdir().unwrap();
    let mut process = Process::start(dir.path(), &["--alg", "ES256"]);
    add(dir.path(), "ada", &[]).ok();
    let old_token = token(&process).await;
    let old = listed(dir.path());
    process.end(Signal::TERM);
    assert_eq!(listed(dir.path()), old, "looking changes nothing");
    let rotated = hallpass(dir.path(), &["keys", "rotate"]).ok();
    assert!(rotated.contains("(ES256)"), "{rotated}");
    let new = listed(dir.path());
    let table = hallpass(dir.path(), &["keys", "list"]).ok();
    assert!(table.contains("signs") && table.contains("verifies until"), "{table}");

    let process = Process::start(dir.path(), &["--alg", "ES256"]);
    assert_eq!(published(&process).await, new);
    assert!(verifies(&process, &old_token).await);
}

#[test]
fn keys_that_were_never_made_are_not_made_by_looking() {
    let dir = tempfile::tempdir().unwrap();
    add(dir.path(), "ada", &[]).ok();
    for args in [["keys", "list"], ["keys", "rotate"]] {
        let reason = hallpass(dir.path(), &args).refused();
        assert!(reason.contains("no keys"), "{reason}");
    }
}

#[test]
fn the_hs256_secret_is_not_rotated() {
    let dir = tempfile::tempdir().unwrap();
    let secret = dir.path().join("secret");
    std::fs::write(&secret, "a secret of 32 bytes, no more...").unwrap();
    let secret = ["--hs256-secret-file", secret.to_str().unwrap()];
    let mut process = Process::start(dir.path(), &[&["--alg", "HS256"], &secret[..]].concat());
    for _ in 0..2 {
        let reason = hallpass(dir.path(), &["keys", "rotate"]).refused();
        assert!(reason.contains("HS256"), "{reason}");
        process.end(Signal::TERM);
        process = Process::start(dir.path(), &[&["--alg", "HS256"], &secret[..]].concat());
    }
    process.end(Signal::TERM);
    let reason = hallpass(dir.path(), &["keys", "rotate"]).refused();
    assert!(reason.contains("HS256"), "{reason}");
    let list = hallpass(dir.path(), &[&["keys", "list"], &secret[..]].concat()).ok();
    assert!(list.contains("HS256"), "{list}");
}

#[tokio::test]
async fn an_inspection_says_what_the_api_says_and_why() {
    let dir = tempfile::tempdir().unwrap();
    let mut process = Process::start(dir.path(), &["--issuer", "https://login.example"]);
    add(dir.path(), "ada", &[]).ok();
    add(dir.path(), "boss", &["--role", "admin"]).ok();
    let token = token(&process).await;
    let good = inspect(dir.path(), &[], &token);
    assert_eq!((good.0, &good.1["accepted"]), (0, &Value::Bool(true)));
    assert_eq!(good.1["claims"]["username"], "ada");

    let (header, rest) = token.split_once('.').unwrap();
    let (code, tampered) = inspect(dir.path(), &[], &format!("{header}.e30{}", &rest[3..]));
    assert_eq!((code, &tampered["accepted"]), (1, &Value::Bool(false)));
    assert!(failed(&tampered).contains(&"signature"), "{tampered}");

    let human = hallpass(dir.path(), &["token", "inspect", &token]).ok();
    assert!(human.contains("✓ signature") && human.ends_with("accepted\n"), "{human}");
    let header = format!("Authorization: Bearer {token}");
    let quoted = format!("  \"{token}\",\n");
    let (one, other) = token.split_at(40);
    for pasted in [&["Bearer", &token][..], &[&header], &[&quoted], &[&format!("{one}\n  {other}")]]
    {
        let args = [&["token", "inspect"], pasted].concat();
        assert!(hallpass(dir.path(), &args).ok().ends_with("accepted\n"), "{pasted:?}");
    }
    let nonsense = hallpass(dir.path(), &["token", "inspect", "nonsense"]);
    assert_eq!(nonsense.code, 1);
    assert!(nonsense.stdout.contains("✗ shape"), "{}", nonsense.stdout);

    hallpass(dir.path(), &["user", "disable", "ada"]).ok();
    let (code, shut_out) = inspect(dir.path(), &[], &token);
    assert_eq!((code, failed(&shut_out)), (1, vec!["session", "user"]));
    hallpass(dir.path(), &["user", "enable", "ada"]).ok();
    assert_eq!(failed(&inspect(dir.path(), &[], &token).1), ["session"]);

    process.end(Signal::TERM);
    let (_, elsewhere) = inspect(dir.path(), &[], &token);
    assert_eq!(failed(&elsewhere), ["iss"], "offline the settings are the command's");
    let (_, offline) = inspect(dir.path(), &["--issuer", "https://login.example"], &token);
    assert_eq!(failed(&offline), ["session"]);
}

#[tokio::test]
async fn an_expired_token_is_told_since_when() {
    let dir = tempfile::tempdir().unwrap();
    let process = Process::start(dir.path(), &["--access-ttl", "1s"]);
    add(dir.path(), "ada", &[]).ok();
    let token = token(&process).await;
    while verifies(&process, &token).await {}
    let (code, expired) = inspect(dir.path(), &[], &token);
    assert_eq!((code, failed(&expired)), (1, vec!["exp"]));
    let human = hallpass(dir.path(), &["token", "inspect", &token]).stdout;
    assert!(human.contains("✗ exp") && human.contains(" ago"), "{human}");
}
