use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use age::secrecy::ExposeSecret as _;
use flate2::read::GzDecoder;
use hallpass_contract::{Login, Problem, path};
use rustix::process::Signal;
use serde_json::json;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

use super::import::{SECRET, add_with_totp, code};
use super::{add, hallpass};
use crate::app::PASSWORD;
use crate::binary::{Process, client};

/// Longer than anything takes, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(60);

/// Users that are registered before the backup begins.
const USERS: usize = 60;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The file of a new age key, and its recipient.
fn age_key(dir: &Path) -> (PathBuf, String) {
    let key = age::x25519::Identity::generate();
    let file = dir.join("key.txt");
    fs::write(&file, format!("# a key\n{}\n", key.to_string().expose_secret())).unwrap();
    (file, key.to_public().to_string())
}

async fn sign_in(process: &Process, name: &str) -> (Login, String) {
    let response = process.post(path::LOGIN, name, PASSWORD).await;
    assert_eq!(response.status(), 200, "{name}");
    let cookie = response.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    (response.json().await.unwrap(), cookie)
}

async fn refresh(process: &Process, cookie: &str) -> Login {
    let request = client().post(format!("{}{}", process.url, path::REFRESH));
    let request = request.header("cookie", cookie).header("sec-fetch-site", "same-origin");
    request.send().await.unwrap().json().await.unwrap()
}

/// Registers users until `stop`, and notes each that was acknowledged.
async fn register(
    url: String,
    who: usize,
    known: Arc<Mutex<Vec<String>>>,
    stop: watch::Receiver<bool>,
) {
    for n in 0.. {
        if *stop.borrow() {
            return;
        }
        let name = format!("user{who}-{n}");
        let body = serde_json::json!({"username": name, "password": PASSWORD});
        let sent = client().post(format!("{url}{}", path::REGISTER)).json(&body).send().await;
        assert_eq!(sent.unwrap().status(), 201);
        known.lock().await.push(name);
    }
}

/// Backs up under load. Returns who was acknowledged before it began.
async fn back_up_under_load(process: &Process, dir: &Path, args: Vec<String>) -> Vec<String> {
    let (known, (stop, stopped)) = (Arc::new(Mutex::new(Vec::new())), watch::channel(false));
    let mut load = JoinSet::new();
    for who in 0..4 {
        load.spawn(register(process.url.clone(), who, Arc::clone(&known), stopped.clone()));
    }
    while known.lock().await.len() < USERS {
        tokio::task::yield_now().await;
    }
    let before = known.lock().await.clone();
    let dir = dir.to_owned();
    let backup = tokio::task::spawn_blocking(move || {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        hallpass(&dir, &[&["store", "backup"], &args[..]].concat()).ok()
    });
    backup.await.unwrap();
    stop.send(true).unwrap();
    while let Some(registered) = load.join_next().await {
        registered.unwrap();
    }
    before
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_before_a_backup_under_load_is_in_it() {
    let home = tempfile::tempdir().unwrap();
    let (dir, restored) = (home.path().join("data"), home.path().join("restored"));
    let (key, recipient) = age_key(home.path());
    let file = home.path().join("drill.backup.age");
    let process = Process::start(&dir, &["--login-throttle", "off"]);
    add(&dir, "ada", &["--role", "admin"]).ok();
    let (ada, cookie) = sign_in(&process, "ada").await;

    let args = ["--recipient", &recipient, text(&file)].map(str::to_owned).to_vec();
    let before = back_up_under_load(&process, &dir, args).await;
    drop(process);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let opener = ["--identity", text(&key)];
    let check = hallpass(&dir, &[&["store", "check", text(&file)][..], &opener].concat()).ok();
    assert!(check.starts_with("found nothing wrong"), "{check}");
    let restore = [&["store", "restore", text(&file)][..], &opener].concat();
    hallpass(&restored, &restore).ok();
    assert_eq!(hallpass(&restored, &["store", "check"]).ok(), "found nothing wrong\n");
    let process = Process::start(&restored, &["--login-throttle", "off"]);
    for name in &before {
        sign_in(&process, name).await;
    }
    // The keys and the session are those of before, and so is the id.
    let me = client().get(format!("{}{}", process.url, path::VERIFY));
    let me = me.bearer_auth(ada.access_token.expose()).send().await.unwrap();
    assert_eq!(me.status(), 200);
    let again = refresh(&process, &cookie).await;
    assert_eq!(again.user, ada.user);
}

#[test]
fn a_backup_of_a_stopped_server_is_restored_into_an_empty_directory_only() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("data");
    Process::start(&dir, &[]).end(Signal::TERM);
    add(&dir, "ada", &[]).ok();
    let (passphrase, wrong) = (home.path().join("passphrase"), home.path().join("wrong"));
    fs::write(&passphrase, "a long enough phrase\n").unwrap();
    fs::write(&wrong, "another phrase\n").unwrap();
    let sealed = ["--passphrase-file", text(&passphrase)];
    let backups = home.path().join("backups");
    fs::create_dir(&backups).unwrap();
    hallpass(&dir, &[&["store", "backup", text(&backups)][..], &sealed].concat()).ok();
    let file = fs::read_dir(&backups).unwrap().next().unwrap().unwrap().path();
    assert!(text(&file).ends_with(".backup.age"), "{}", file.display());

    let restored = home.path().join("restored");
    let restore = |dir: &Path, how: &[&str]| {
        hallpass(dir, &[&["store", "restore", text(&file)][..], how].concat())
    };
    let refused = restore(&restored, &[]).refused();
    assert!(refused.contains("--passphrase-file"), "{refused}");
    let refused = restore(&restored, &["--passphrase-file", text(&wrong)]).refused();
    assert!(refused.contains("does not open"), "{refused}");
    let refused = restore(&dir, &sealed).refused();
    assert!(refused.contains("not empty"), "{refused}");
    assert!(!restored.exists());
    restore(&restored, &sealed).ok();
    let keys = |dir: &Path| fs::read(dir.join("keys.json")).unwrap();
    assert_eq!(keys(&restored), keys(&dir));
    let list = |dir: &Path| hallpass(dir, &["user", "list"]).ok();
    assert_eq!(list(&restored), list(&dir));
}

#[test]
fn a_backup_needs_a_decision_and_replaces_nothing() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("data");
    add(&dir, "ada", &[]).ok();
    let file = home.path().join("a.backup");
    assert_eq!(hallpass(&dir, &["store", "backup", text(&file)]).code, 2);
    assert!(!file.exists());
    hallpass(&dir, &["store", "backup", text(&file), "--plain"]).ok();
    let refused = hallpass(&dir, &["store", "backup", text(&file), "--plain"]).refused();
    assert!(refused.contains("is there already"), "{refused}");
    let info = hallpass(&dir, &["store", "info", text(&file)]).ok();
    assert!(info.contains("users      1\n"), "{info}");
    let info = hallpass(&dir, &["store", "info"]).ok();
    assert!(info.contains("users      1\n") && info.contains("stopped"), "{info}");
}

#[test]
fn a_damaged_backup_is_refused_and_makes_no_directory() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("data");
    add(&dir, "ada", &[]).ok();
    let (file, bad) = (home.path().join("a.backup"), home.path().join("bad.backup"));
    hallpass(&dir, &["store", "backup", text(&file), "--plain"]).ok();
    let whole = fs::read(&file).unwrap();
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    let cut = &whole[..whole.len() - 1];
    // Where the length of a row changes, the rest seems to be missing.
    let cases =
        [(&changed[..], ["damaged", "cut off"]), (cut, ["cut off"; 2]), (b"PK", ["no backup"; 2])];
    for (bytes, told) in cases {
        fs::write(&bad, bytes).unwrap();
        let restored = home.path().join("restored");
        let refused = hallpass(&restored, &["store", "restore", text(&bad)]).refused();
        assert!(told.iter().any(|told| refused.contains(told)), "{refused}");
        assert!(!restored.exists());
    }
}

#[test]
fn the_server_makes_backups_by_itself_and_keeps_as_many_as_it_should() {
    let home = tempfile::tempdir().unwrap();
    let (dir, backups) = (home.path().join("data"), home.path().join("backups"));
    fs::create_dir(&backups).unwrap();
    let old = ["hallpass-20200101T000000Z.backup", "hallpass-20200102T000000Z.backup"];
    for name in old {
        fs::write(backups.join(name), "").unwrap();
    }
    let plan = ["--backup-dir", text(&backups), "--backup-keep", "2"];
    let refused =
        hallpass(&dir, &[&["serve", "--log-level", "error"][..], &plan].concat()).refused();
    assert!(refused.contains("--backup-plain"), "{refused}");
    let plan = [&plan[..], &["--backup-plain", "on"]].concat();
    let mut process = Process::start(&dir, &plan);
    let made = process.logged("made the backup ", PATIENCE);
    process.end(Signal::TERM);
    let check = hallpass(&dir, &["store", "check", &made]).ok();
    assert!(check.starts_with("found nothing wrong"), "{check}");
    assert_eq!(old.map(|name| backups.join(name).exists()), [false, true]);
    // None is due yet.
    let (_, log) = Process::start(&dir, &plan).end(Signal::TERM);
    assert!(!log.contains("made the backup"), "{log}");
    assert_eq!(fs::read_dir(&backups).unwrap().count(), 2);
}

/// A file that `hallpass store backup --plain` of an earlier version made.
#[tokio::test]
async fn a_backup_of_an_earlier_version_is_restored() {
    const BACKUP: &[u8] = include_bytes!("../../data/backup-1/hallpass.backup.gz");
    const COOKIE: &str = "__Host-hallpass-refresh=\
                          AaIloctSfRa6YuoYqxiOIQAAAADkNYIMFTJh1HcVk6vXeh1kWEuOsy0wB5OkSqIAE-bs-w";
    let home = tempfile::tempdir().unwrap();
    let (dir, file) = (home.path().join("data"), home.path().join("old.backup"));
    std::io::copy(&mut GzDecoder::new(BACKUP), &mut fs::File::create(&file).unwrap()).unwrap();
    hallpass(&dir, &["store", "restore", text(&file)]).ok();
    let process = Process::start(&dir, &[]);
    sign_in(&process, "ada").await;
    assert_eq!(refresh(&process, COOKIE).await.user.username, "bob");
    let listed = hallpass(&dir, &["user", "list"]).ok();
    let names: HashSet<&str> =
        listed.lines().skip(1).map(|line| line.split_whitespace().nth(4).unwrap()).collect();
    assert_eq!(names, HashSet::from(["ada", "bob"]));
}

#[tokio::test]
async fn second_factors_are_in_a_backup() {
    let home = tempfile::tempdir().unwrap();
    let [dir, restored, file] = ["data", "restored", "backup"].map(|name| home.path().join(name));
    Process::start(&dir, &[]).end(Signal::TERM);
    add_with_totp(&dir, "ada");
    hallpass(&dir, &["store", "backup", "--plain", text(&file)]).ok();
    hallpass(&restored, &["store", "restore", text(&file)]).ok();
    let process = Process::start(&restored, &[]);
    let first = process.post(path::LOGIN, "ada", PASSWORD).await;
    let first: Problem = first.json().await.unwrap();
    let challenge = first.challenge.expect("the factor is there").expose().to_owned();
    let body = json!({ "challenge": challenge, "totp": code(SECRET) });
    let url = format!("{}{}", process.url, path::SECOND_FACTOR);
    let second = client().post(url).json(&body).send().await.unwrap();
    assert_eq!(second.status(), 200, "the key that seals it is there, too");
}
