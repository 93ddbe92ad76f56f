use std::path::{Path, PathBuf};

use hallpass_contract::{UserPage, path};
use redb::{Database, ReadableDatabase as _, ReadableTable as _, TableDefinition};

use super::{Done, add, hallpass, hallpass_with_input};
use crate::app::PASSWORD;
use crate::binary::{Process, client};

const USERS: TableDefinition<'_, &[u8; 16], &[u8]> = TableDefinition::new("users");

fn database(dir: &Path) -> PathBuf {
    dir.join("hallpass.redb")
}

/// Makes the record of a user one that can't be read, and yields the user's id.
fn damage_record(dir: &Path, name: &str) -> String {
    let db = Database::open(database(dir)).unwrap();
    let users = db.begin_read().unwrap().open_table(USERS).unwrap();
    let rows = users.iter().unwrap().map(Result::unwrap);
    let is_theirs = |json: &[u8]| String::from_utf8_lossy(json).contains(name);
    let (id, _) = rows.into_iter().find(|(_, json)| is_theirs(json.value())).unwrap();
    let id = *id.value();
    let txn = db.begin_write().unwrap();
    txn.open_table(USERS).unwrap().insert(&id, &b"{"[..]).unwrap();
    txn.commit().unwrap();
    uuid::Uuid::from_bytes(id).to_string()
}

fn names(listed: &str) -> Vec<&str> {
    let columns = listed.lines().skip(1).map(|line| line.split_whitespace().nth(4).unwrap());
    columns.collect()
}

#[tokio::test]
async fn a_damaged_record_is_skipped_and_named_and_repair_sets_it_aside() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    for name in ["ada", "bob", "carl"] {
        add(dir, name, &["--role", "admin"]).ok();
    }
    let id = damage_record(dir, "bob");
    let check_both = |list: Done, export: Done| {
        for done in [&list, &export] {
            assert_eq!((done.code, done.stderr.lines().count()), (1, 1), "{}", done.stderr);
            assert!(done.stderr.contains(&id), "{}", done.stderr);
        }
        assert_eq!(names(&list.stdout), ["ada", "carl"]);
        assert_eq!(export.stdout.lines().count(), 3, "{}", export.stdout);
    };
    check_both(hallpass(dir, &["user", "list"]), hallpass(dir, &["user", "export"]));

    let mut process = Process::start(dir, &[]);
    check_both(hallpass(dir, &["user", "list"]), hallpass(dir, &["user", "export"]));
    for command in ["check", "repair"] {
        let refused = hallpass(dir, &["store", command]).refused();
        assert!(refused.contains("stop it"), "{refused}");
    }
    let login = process.post("/api/login", "ada", PASSWORD).await;
    let login: hallpass_contract::Login = login.json().await.unwrap();
    let request = client().get(format!("{}{}", process.url, path::ADMIN_USERS));
    let page = request.bearer_auth(login.access_token.expose()).send().await.unwrap();
    let page: UserPage = page.json().await.unwrap();
    let seen: Vec<&str> = page.users.iter().map(|user| user.username.as_str()).collect();
    assert_eq!(seen, ["ada", "carl"]);
    let (_, log) = process.end(rustix::process::Signal::TERM);
    assert!(log.lines().any(|line| line.contains("ERROR") && line.contains(&id)), "{log}");

    let Done { code, stdout, .. } = hallpass(dir, &["store", "check"]);
    assert_eq!(code, 1);
    assert!(stdout.starts_with(&format!("users {id}: ")), "{stdout}");
    let repaired = hallpass(dir, &["store", "repair"]).ok();
    assert!(repaired.contains("set-aside-"), "{repaired}");
    assert_eq!(hallpass(dir, &["store", "check"]).ok(), "found nothing wrong\n");
    assert_eq!(names(&hallpass(dir, &["user", "list"]).ok()), ["ada", "carl"]);
}

#[test]
fn wherever_the_file_is_damaged_each_command_ends_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let mut users = "username,password_hash\n".to_owned();
    for n in 0..60 {
        users += &format!(
            "user{n},pbkdf2:sha1:1000$WDdeLlvU$28362305ec1b8e58c984a6416d6f69e965304496\n"
        );
    }
    hallpass_with_input(dir, &["user", "import", "-"], users).ok();
    let sound = std::fs::read(database(dir)).unwrap();
    let used = sound.len() - sound.iter().rev().position(|byte| *byte != 0).unwrap();
    let mut failures = 0;
    for (n, page) in (0..used).step_by(4096).enumerate() {
        let mut bytes = sound.clone();
        let at = page + [0, 2, 9, 70][n % 4];
        let end = bytes.len().min(at + 8);
        bytes[at..end].iter_mut().for_each(|byte| *byte ^= 0xff);
        let others = [&["store", "check"][..], &["user", "disable", "user7"], &["store", "repair"]];
        for args in [&["user", "list"][..], others[n % 3]] {
            std::fs::write(database(dir), &bytes).unwrap();
            let Done { code, stderr, .. } = hallpass(dir, args);
            assert!(code == 0 || code == 1, "{args:?} at {at}: {code} {stderr}");
            assert!(stderr.lines().count() <= 2, "{args:?} at {at}: {stderr}");
            assert!(!stderr.contains("panicked"), "{args:?} at {at}: {stderr}");
            assert!(code == 0 || !stderr.is_empty() || args[0] == "store", "{args:?} at {at}");
            failures += code;
        }
    }
    assert!(failures > 0);
}
