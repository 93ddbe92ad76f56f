//! The keys in the database.

use std::fs;
use std::path::Path;
use std::process::Output;

use hallpass_contract::path;
use rustix::process::Signal;
use serde_json::Value;
use url::Url;

use super::{SignedIn, execute, fresh_schema, master_key, on, reason, refused, serve};
use crate::app::PASSWORD;
use crate::binary::{Process, client, command, serve_command};

/// As a version left it that kept the keys in the data directory.
const WITHOUT_KEYS: &str = "UPDATE sealed_keys SET version = 0, sealed = NULL";

async fn published(process: &Process) -> Vec<String> {
    let url = format!("{}{}", process.url, path::JWKS);
    let jwks: Value = client().get(url).send().await.unwrap().json().await.unwrap();
    let kids = jwks["keys"].as_array().unwrap().iter();
    kids.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// The names of the files with keys in a directory.
fn key_files(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("keys.json")).collect()
}

/// What a command writes that does what it should.
fn run(dir: &Path, url: &Url, args: &[&str]) -> String {
    let Output { status, stdout, stderr } = on(&mut command(dir, args), url).output().unwrap();
    assert!(status.success(), "{args:?}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

#[tokio::test]
async fn keys_need_no_data_directory_and_are_nowhere_in_clear() {
    let Some(url) = fresh_schema().await else { return };
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut process = serve(dir.path(), &url);
    assert_eq!(process.post(path::REGISTER, "ada", PASSWORD).await.status(), 201);
    let signed_in = SignedIn::at(&process).await;
    let kids = published(&process).await;
    process.end(Signal::TERM);
    assert!(key_files(dir.path()).is_empty());
    execute(
        &url,
        "DO $$ BEGIN ASSERT (SELECT position('PRIVATE KEY'::bytea IN sealed) = 0 FROM sealed_keys);
         END $$",
    )
    .await;

    let process = serve(other.path(), &url);
    assert_eq!(published(&process).await, kids);
    assert_eq!(signed_in.verify(&process).await.status(), 200);
    assert_eq!(signed_in.refresh(&process).await.status(), 200);
}

#[tokio::test]
async fn the_keys_in_the_data_directory_of_an_earlier_version_are_taken_over_once() {
    let Some(url) = fresh_schema().await else { return };
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    serve(other.path(), &url).end(Signal::TERM);
    execute(&url, WITHOUT_KEYS).await;
    let mut process = Process::start(dir.path(), &[]);
    let kids = published(&process).await;
    process.end(Signal::TERM);
    fs::remove_file(dir.path().join("hallpass.redb")).unwrap();

    let lost = refused(other.path(), &url, &["serve"]);
    assert!(lost.contains("start that server first"), "{lost}");
    let mut process = serve(dir.path(), &url);
    assert_eq!(published(&process).await, kids);
    process.end(Signal::TERM);
    let [aside] = &key_files(dir.path())[..] else { panic!("{:?}", key_files(dir.path())) };
    assert!(aside.starts_with("keys.json.2"), "{aside}");
    assert_eq!(published(&serve(other.path(), &url)).await, kids);
}

#[tokio::test]
async fn another_master_key_is_refused_until_all_keys_are_made_anew() {
    let Some(url) = fresh_schema().await else { return };
    let (dir, other) = (tempfile::tempdir().unwrap(), master_key(b'b'));
    let mut process = serve(dir.path(), &url);
    assert_eq!(process.post(path::REGISTER, "ada", PASSWORD).await.status(), 201);
    let signed_in = SignedIn::at(&process).await;
    process.end(Signal::TERM);
    let with_other = |args: &[&str]| {
        let mut command = command(dir.path(), args);
        on(&mut command, &url).env("HALLPASS_MASTER_KEY_FILE", other.path());
        command
    };
    for args in [&["serve"][..], &["keys", "list"]] {
        let refused = reason(&mut with_other(args), &url);
        assert!(refused.contains("another master key sealed the keys"), "{refused}");
    }
    let reset = with_other(&["keys", "reset", "--yes"]).output().unwrap();
    assert!(reset.status.success(), "{}", String::from_utf8_lossy(&reset.stderr));

    let mut serve = serve_command(dir.path(), &[]);
    on(&mut serve, &url).env("HALLPASS_MASTER_KEY_FILE", other.path());
    let process = Process::of(serve);
    assert_eq!(signed_in.verify(&process).await.status(), 401);
    assert_eq!(signed_in.refresh(&process).await.status(), 401);
    assert_eq!(SignedIn::at(&process).await.verify(&process).await.status(), 200);
}

#[tokio::test]
async fn keys_that_are_lost_are_not_made_anew_by_themselves() {
    let Some(url) = fresh_schema().await else { return };
    let dir = tempfile::tempdir().unwrap();
    serve(dir.path(), &url).end(Signal::TERM);
    execute(&url, WITHOUT_KEYS).await;
    for args in [&["serve"][..], &["keys", "rotate"]] {
        let lost = refused(dir.path(), &url, args);
        assert!(lost.contains("keys of this database are lost"), "{lost}");
    }
    run(dir.path(), &url, &["keys", "reset", "--yes"]);
    assert_eq!(published(&serve(dir.path(), &url)).await.len(), 2);
}

#[tokio::test]
async fn a_database_needs_a_master_key_and_a_command_makes_one() {
    let Some(url) = fresh_schema().await else { return };
    let dir = tempfile::tempdir().unwrap();
    let without = |args: &[&str]| {
        let mut command = command(dir.path(), args);
        command.env("HALLPASS_DATABASE_URL", url.as_str());
        command
    };
    for args in [&["serve"][..], &["keys", "list"]] {
        let lacking = reason(&mut without(args), &url);
        assert!(lacking.contains("hallpass keys new-master FILE"), "{lacking}");
    }
    assert!(without(&["user", "list"]).status().unwrap().success(), "it needs no keys");

    let file = dir.path().join("master.key");
    let make = || command(dir.path(), &["keys", "new-master", file.to_str().unwrap()]);
    assert!(make().status().unwrap().success());
    let made = fs::read(&file).unwrap();
    assert!(reason(&mut make(), &url).contains("can't make"), "it replaces no file");
    assert_eq!(fs::read(&file).unwrap(), made);
    let mut serve = without(&["serve"]);
    serve.env("HALLPASS_MASTER_KEY_FILE", &file);
    let (_, log) = Process::of(serve).end(Signal::TERM);
    assert!(!log.contains("others can read"), "{log}");
}
