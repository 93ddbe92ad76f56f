use std::path::Path;

use hallpass_contract::{AdminUser, Login};
use rustix::process::Signal;
use serde_json::Value;

use super::import::add_with_totp;
use super::{Done, add, hallpass, hallpass_with_input};
use crate::app::PASSWORD;
use crate::binary::{Process, client};

const OTHER_PASSWORD: &str = "tulip anvil copper midnight";

/// Runs the test on a directory that nobody serves, and then on one that a server runs on.
fn both_ways(test: impl Fn(&Path)) {
    let dir = tempfile::tempdir().unwrap();
    test(&dir.path().join("made/by/it"));
    let dir = tempfile::tempdir().unwrap();
    let _process = Process::start(dir.path(), &[]);
    test(dir.path());
}

fn listed(dir: &Path) -> Vec<AdminUser> {
    let lines = hallpass(dir, &["user", "list", "--json"]).ok();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn roles_of(dir: &Path, name: &str) -> Vec<String> {
    let users = listed(dir).into_iter();
    users.filter(|user| user.username == name).flat_map(|user| user.roles).collect()
}

async fn login(process: &Process, name: &str, password: &str) -> Login {
    let response = process.post("/api/login", name, password).await;
    assert_eq!(response.status(), 200, "{name}");
    response.json().await.unwrap()
}

async fn status(process: &Process, path: &str, login: &Login) -> u16 {
    let request = client().get(format!("{}{path}", process.url));
    request.bearer_auth(login.access_token.expose()).send().await.unwrap().status().as_u16()
}

#[test]
fn users_are_made_listed_changed_and_deleted_both_ways() {
    both_ways(|dir| {
        let added = add(dir, "Ada", &["--role", "admin", "--role", "user"]).ok();
        assert!(added.starts_with("added Ada, id "), "{added}");
        add(dir, "bob", &[]).ok();
        let users = listed(dir);
        let names: Vec<&str> = users.iter().map(|user| user.username.as_str()).collect();
        assert_eq!(names, ["Ada", "bob"]);
        assert_eq!(roles_of(dir, "bob"), ["user"]);
        let table = hallpass(dir, &["user", "list", "--role", "admin"]).ok();
        assert!(table.contains("Ada") && !table.contains("bob"), "{table}");
        let found = hallpass(dir, &["user", "list", "--search", "OB"]).ok();
        assert!(found.contains("bob") && !found.contains("Ada"), "{found}");

        hallpass(dir, &["user", "roles", "BOB", "editor", "billing:read"]).ok();
        assert_eq!(roles_of(dir, "bob"), ["editor", "billing:read"]);
        hallpass(dir, &["user", "roles", "bob", "--add", "user", "--remove", "editor"]).ok();
        assert_eq!(roles_of(dir, "bob"), ["billing:read", "user"]);
        let shown = hallpass(dir, &["user", "roles", "bob"]).ok();
        assert_eq!(shown, "bob has roles billing:read user\n");

        hallpass(dir, &["user", "disable", "bob"]).ok();
        assert!(listed(dir)[1].disabled);
        hallpass(dir, &["user", "enable", "bob"]).ok();
        assert!(!listed(dir)[1].disabled);

        let refused = hallpass(dir, &["user", "delete", "bob"]).refused();
        assert!(refused.contains("--yes"), "{refused}");
        hallpass(dir, &["user", "delete", "bob", "--yes"]).ok();
        assert_eq!(listed(dir).len(), 1);
    });
}

#[test]
fn the_list_says_who_has_a_second_factor_both_ways() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    // The key that seals the secret is made by a server.
    Process::start(dir, &[]).end(Signal::TERM);
    add_with_totp(dir, "ada");
    add(dir, "bob", &[]).ok();
    add(dir, "eve", &["--role", "admin"]).ok();
    let check = || {
        let table = hallpass(dir, &["user", "list"]).ok();
        let columns = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let columns: Vec<_> = columns.map(|columns| (columns[3], columns[4])).collect();
        let expected = [("FACTOR", "NAME"), ("yes", "ada"), ("no", "bob"), ("no", "eve")];
        assert_eq!(columns, expected.map(|(factor, name)| (factor, name)));
        let names = |args: &[&str]| {
            let lines = hallpass(dir, &[&["user", "list", "--json"], args].concat()).ok();
            let users = lines.lines().map(|line| serde_json::from_str::<AdminUser>(line).unwrap());
            users.map(|user| (user.username, user.second_factor)).collect::<Vec<_>>()
        };
        let (bob, eve) = (("bob".to_owned(), false), ("eve".to_owned(), false));
        assert_eq!(names(&[]), [("ada".to_owned(), true), bob.clone(), eve.clone()]);
        assert_eq!(names(&["--without-second-factor"]), [bob, eve.clone()]);
        assert_eq!(names(&["--without-second-factor", "--role", "admin"]), [eve]);
    };
    check();
    let _process = Process::start(dir, &[]);
    check();
}

#[test]
fn what_can_not_be_done_is_said_in_one_line_both_ways() {
    both_ways(|dir| {
        add(dir, "ada", &["--role", "admin"]).ok();
        let weak = |args: &[&str]| hallpass_with_input(dir, args, "password\n").refused();
        for (reason, told) in [
            (add(dir, "ADA", &[]).refused(), "taken"),
            (add(dir, "a", &[]).refused(), "3 to 64 characters"),
            (add(dir, "bob", &["--role", "Not A Role"]).refused(), "role"),
            (weak(&["user", "add", "bob", "--password-stdin"]), "15 characters"),
            (weak(&["user", "set-password", "ada", "--password-stdin"]), "15 characters"),
            (hallpass(dir, &["user", "add", "bob"]).refused(), "--password-stdin"),
            (hallpass(dir, &["user", "roles", "ada", "user"]).refused(), "last admin"),
            (hallpass(dir, &["user", "roles", "ada", "--remove", "admin"]).refused(), "last admin"),
            (hallpass(dir, &["user", "disable", "ada"]).refused(), "last admin"),
            (hallpass(dir, &["user", "delete", "ada", "--yes"]).refused(), "last admin"),
            (hallpass(dir, &["user", "disable", "nobody"]).refused(), "nobody"),
            (hallpass(dir, &["user", "disable", "\x1b[2J"]).refused(), "\\u001b[2J"),
        ] {
            assert!(reason.contains(told), "{reason}");
        }
        assert_eq!(listed(dir).len(), 1);
        assert_eq!(roles_of(dir, "ada"), ["admin"]);
    });
}

#[test]
fn a_directory_that_is_not_there_is_made_for_what_adds_users_only() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    for args in [
        &["user", "list"][..],
        &["user", "export"],
        &["user", "roles", "ada"],
        &["user", "delete", "ada", "--yes"],
        &["keys", "list"],
        &["keys", "rotate"],
        &["token", "inspect", "a.b.c"],
    ] {
        let reason = hallpass(&missing, args).refused();
        assert!(reason.contains("--data-dir"), "{reason}");
        assert!(!missing.exists(), "{args:?}");
    }
    let Done { code, stderr, .. } = add(&missing, "ada", &["--role", "admin"]);
    assert_eq!((code, stderr.lines().count()), (0, 1), "{stderr}");
    assert!(stderr.contains("making the data directory"), "{stderr}");
}

#[tokio::test]
async fn an_admin_who_is_made_before_the_first_start_is_one_whatever_the_algorithm() {
    let dir = tempfile::tempdir().unwrap();
    add(dir.path(), "ada", &["--role", "admin"]).ok();
    let process = Process::start(dir.path(), &["--alg", "ES256"]);
    let ada = login(&process, "ada", PASSWORD).await;
    assert_eq!(status(&process, "/api/admin/users", &ada).await, 200);
    let jwks = client().get(format!("{}/.well-known/jwks.json", process.url));
    let jwks: Value = jwks.send().await.unwrap().json().await.unwrap();
    assert_eq!(jwks["keys"].as_array().unwrap().len(), 2, "no key was made before: {jwks}");
}

#[tokio::test]
async fn in_a_running_server_it_takes_effect_at_once_and_is_logged() {
    let dir = tempfile::tempdir().unwrap();
    let mut process = Process::start(dir.path(), &[]);
    add(dir.path(), "ada", &[]).ok();
    let ada = login(&process, "ada", PASSWORD).await;
    assert_eq!(status(&process, "/api/admin/users", &ada).await, 403);
    hallpass(dir.path(), &["user", "roles", "ada", "admin"]).ok();
    assert_eq!(status(&process, "/api/admin/users", &ada).await, 200);

    add(dir.path(), "bob", &[]).ok();
    let bob = login(&process, "bob", PASSWORD).await;
    hallpass(dir.path(), &["user", "disable", "bob"]).ok();
    assert_eq!(status(&process, "/api/me", &bob).await, 401);
    assert_eq!(process.post("/api/login", "bob", PASSWORD).await.status(), 401);
    hallpass(dir.path(), &["user", "enable", "bob"]).ok();
    assert_eq!(status(&process, "/api/me", &bob).await, 401, "the session has ended");
    login(&process, "bob", PASSWORD).await;

    let set = ["user", "set-password", "ada", "--password-stdin"];
    hallpass_with_input(dir.path(), &set, OTHER_PASSWORD).ok();
    assert_eq!(status(&process, "/api/me", &ada).await, 401);
    assert_eq!(process.post("/api/login", "ada", PASSWORD).await.status(), 401);
    login(&process, "ada", OTHER_PASSWORD).await;

    hallpass(dir.path(), &["user", "delete", "bob", "--yes"]).ok();
    assert_eq!(process.post("/api/login", "bob", PASSWORD).await.status(), 401);

    hallpass(dir.path(), &["user", "disable", "ada"]).refused();
    let (_, log) = process.end(Signal::TERM);
    let by_us: Vec<&str> = log.lines().filter(|line| line.contains("command line")).collect();
    for event in [
        "registration",
        "role_change",
        "user_disabled",
        "user_enabled",
        "password_change",
        "user_deleted",
        "last admin",
    ] {
        assert!(by_us.iter().any(|line| line.contains(event)), "{event}: {log}");
    }
    assert!(!log.contains(PASSWORD) && !log.contains(OTHER_PASSWORD), "{log}");
}

#[tokio::test]
async fn what_was_done_to_a_stopped_server_holds_when_it_starts() {
    let dir = tempfile::tempdir().unwrap();
    let mut process = Process::start(dir.path(), &[]);
    add(dir.path(), "ada", &[]).ok();
    add(dir.path(), "bob", &[]).ok();
    let ada = login(&process, "ada", PASSWORD).await;
    let bob = login(&process, "bob", PASSWORD).await;
    process.end(Signal::TERM);
    let set = ["user", "set-password", "ada", "--password-stdin"];
    let done = hallpass_with_input(dir.path(), &set, OTHER_PASSWORD);
    assert!(done.stderr.is_empty(), "{}", done.stderr);
    done.ok();
    let process = Process::start(dir.path(), &[]);
    assert_eq!(status(&process, "/api/me", &ada).await, 401, "the session has ended");
    assert_eq!(status(&process, "/api/me", &bob).await, 200);
    login(&process, "ada", OTHER_PASSWORD).await;
}
