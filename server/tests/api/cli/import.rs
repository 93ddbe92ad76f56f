use std::path::Path;

use hallpass::clock::Clock;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::{Done, add, hallpass, hallpass_with_input};
use crate::app::PASSWORD;
use crate::binary::Process;

/// Of [`PASSWORD`], made by Werkzeug.
const WERKZEUG: &str = "pbkdf2:sha256:1000$RVgQbmlGxo204JD1$1690014195c73601cdc772b46afcec27f10258f06e67be7533350183103ab095";

/// Of [`PASSWORD`], made by Django.
const DJANGO: &str =
    "pbkdf2_sha256$1000$cdj4FbvUcxHj7Fs51eSA9w$71CU583QaJVBNHdr3QJ0A4nzvp1FjBm4s0sfQEKpvjQ=";

fn import(dir: &Path, input: impl AsRef<[u8]>) -> Done {
    hallpass_with_input(dir, &["user", "import", "-"], input)
}

fn export(dir: &Path, format: &str) -> String {
    hallpass(dir, &["user", "export", "--format", format]).ok()
}

#[tokio::test]
async fn people_of_a_flask_or_django_site_sign_in_with_the_passwords_they_have() {
    let dir = tempfile::tempdir().unwrap();
    let csv = format!(
        "username,password_hash,roles,created_at\n\
         flask-user,{WERKZEUG},user,2024-02-29 12:00:00.123456\n\
         django-user,{DJANGO},\"user,admin\",2024-02-29 12:00:00+00\n"
    );
    let file = dir.path().join("users.csv");
    std::fs::write(&file, csv).unwrap();
    let data_dir = dir.path().join("data");
    let command = ["user", "import", file.to_str().unwrap()];
    assert_eq!(hallpass(&data_dir, &command).ok(), "imported 2, already there 0, bad 0\n");
    let mut process = Process::start(&data_dir, &[]);
    for name in ["flask-user", "django-user"] {
        assert_eq!(process.post("/api/login", name, PASSWORD).await.status(), 200, "{name}");
    }
    let before = export(&data_dir, "csv");
    assert!(!before.contains(WERKZEUG) && !before.contains(DJANGO), "they were renewed: {before}");
    assert_eq!(hallpass(&data_dir, &command).ok(), "imported 0, already there 2, bad 0\n");
    assert_eq!(export(&data_dir, "csv"), before, "again changes nothing");
    let (_, log) = process.end(Signal::TERM);
    assert!(log.contains("added 0, already there 2, refused 0"), "{log}");
}

#[test]
fn a_bad_line_is_reported_with_its_number_and_the_rest_goes_in() {
    let csv = format!(
        "username,password_hash\nada,{WERKZEUG}\nno  good,{WERKZEUG}\nbob,plain text\n\
         ADA,{DJANGO}\n\"never closed,{WERKZEUG}\ncarl,{DJANGO}\n"
    );
    let dir = tempfile::tempdir().unwrap();
    let (offline, served) = (dir.path().join("offline"), dir.path().join("served"));
    let _process = Process::start(&served, &[]);
    std::fs::create_dir(&offline).unwrap();
    for dir in [&offline, &served] {
        let Done { code, stdout, stderr } = import(dir, &csv);
        assert_eq!((code, stdout.as_str()), (1, "imported 2, already there 0, bad 4\n"));
        let lines: Vec<&str> = stderr.lines().filter(|line| line.starts_with("line ")).collect();
        assert_eq!(lines.len(), 4, "{stderr}");
        for (line, begin) in lines.iter().zip([
            "line 3: username: ",
            "line 4: password_hash: ",
            "line 5: username: line 2 has the same name",
            "line 6: a quotation mark",
        ]) {
            assert!(line.starts_with(begin), "{stderr}");
        }
        assert!(!stderr.contains("plain text") && !stderr.contains("$"), "{stderr}");
        let exported = export(dir, "csv");
        assert!(
            exported.contains(&format!("ada,{WERKZEUG},user,")),
            "the first counts: {exported}"
        );
    }
}

#[test]
fn a_name_that_an_earlier_line_has_is_a_bad_line_in_whatever_case() {
    let dir = tempfile::tempdir().unwrap();
    add(dir.path(), "Zoe", &[]).ok();
    let mut csv = format!(
        "username,password_hash\nada,plain text\nAda,{WERKZEUG}\nzoe,{WERKZEUG}\nZOE,{WERKZEUG}\n"
    );
    // More than what is sent at once.
    for n in 0..1500 {
        csv += &format!("user{n},{WERKZEUG}\n");
    }
    csv += &format!("ADA,{DJANGO}\n");
    for added in [1501, 0] {
        let Done { code, stdout, stderr } = import(dir.path(), &csv);
        let told = format!("imported {added}, already there {}, bad 3\n", 1502 - added);
        assert_eq!((code, stdout), (1, told), "{stderr}");
        let lines: Vec<&str> = stderr.lines().skip(1).collect();
        assert!(lines[0].starts_with("line 2: password_hash: "), "{stderr}");
        assert_eq!(lines[1], "line 5: username: line 4 has the same name");
        assert_eq!(lines[2], "line 1506: username: line 3 has the same name");
    }
    assert!(export(dir.path(), "csv").contains(&format!("Ada,{WERKZEUG},")), "the first counts");
}

#[test]
fn an_export_comes_out_of_an_import_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = (dir.path().join("first"), dir.path().join("second"));
    let jsonl = format!(
        "{{\"username\": \"Zoë\", \"password_hash\": \"{WERKZEUG}\", \"created_at\": 1, \
         \"roles\": [\"user\", \"billing:read\"], \"disabled\": true}}\n\
         {{\"username\": \"漢字かな\", \"password_hash\": \"{DJANGO}\", \"roles\": [], \
         \"created_at\": \"2024-02-29T12:00:00.25+01:00\"}}\n"
    );
    import(&first, jsonl).ok();
    add(&first, "ada", &[]).ok();
    for format in ["csv", "jsonl"] {
        let _ = std::fs::remove_dir_all(&second);
        let exported = export(&first, format);
        assert!(exported.contains("2024-02-29T11:00:00.25Z"), "{exported}");
        import(&second, &exported).ok();
        assert_eq!(export(&second, format), exported);
        assert_eq!(import(&second, &exported).ok(), "imported 0, already there 3, bad 0\n");
        assert_eq!(export(&second, format), exported);
    }
}

#[test]
fn many_users_go_in_and_out_in_pages() {
    let dir = tempfile::tempdir().unwrap();
    let mut csv = "username,password_hash,created_at\n".to_owned();
    for n in 0..2500 {
        csv += &format!("user{n},{WERKZEUG},{n}\n");
    }
    let _process = Process::start(dir.path(), &[]);
    assert_eq!(import(dir.path(), &csv).ok(), "imported 2500, already there 0, bad 0\n");
    let exported = export(dir.path(), "csv");
    assert_eq!(exported.lines().count(), 2501);
    let names = exported.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned());
    assert!(names.eq((0..2500).map(|n| format!("user{n}"))), "in the order of their registration");
}

#[test]
fn a_file_that_can_not_be_read_or_is_none_of_users_is_refused_before_anything_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("data");
    let here = dir.path().to_str().unwrap();
    for (file, told) in [("/does/not/exist", "can't open"), (here, "is a directory")] {
        let reason = hallpass(&data_dir, &["user", "import", file]).refused();
        assert!(reason.contains(told), "{reason}");
    }
    let reason = import(&data_dir, "name;hash\n").refused();
    assert!(reason.contains("username and password_hash"), "{reason}");
    assert!(!data_dir.exists());
}

/// Of one-time codes, in base32.
pub(super) const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/// Adds a user with one-time codes of [`SECRET`].
pub(super) fn add_with_totp(dir: &Path, name: &str) {
    let csv = format!("username,password_hash,totp_secret\n{name},{WERKZEUG},{SECRET}\n");
    hallpass_with_input(dir, &["user", "import", "--with-secrets", "-"], csv).ok();
}

/// What a user's app shows now.
pub(super) fn code(secret: &str) -> String {
    let secret = data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    let app = totp_rs::Builder::new().with_secret(secret).build_noncompliant();
    app.generate(Clock::system().now().as_second().unsigned_abs()).to_string()
}

async fn login(process: &Process, name: &str) -> Value {
    process.post("/api/login", name, PASSWORD).await.json().await.unwrap()
}

async fn signs_in_by_code(process: &Process, name: &str) -> bool {
    let challenge = login(process, name).await["challenge"].clone();
    let body = json!({ "challenge": challenge, "totp": code(SECRET) });
    let url = format!("{}/api/login/second-factor", process.url);
    let signed_in = reqwest::Client::new().post(url).json(&body).send().await.unwrap();
    signed_in.status() == 200
}

#[tokio::test]
async fn one_time_codes_move_with_the_flag_and_only_then() {
    let dir = tempfile::tempdir().unwrap();
    let from = dir.path().join("from");
    let secret = SECRET;
    let csv = format!(
        "username,password_hash,totp_secret\nada,{WERKZEUG},{secret}\nbob,{WERKZEUG},\n\
         carl,{WERKZEUG},no base32\n"
    );
    let with_secrets = ["user", "import", "--with-secrets", "-"];
    let early = hallpass_with_input(&from, &with_secrets, &csv);
    assert!(early.stderr.contains("no keys in"), "{}", early.stderr);
    Process::start(&from, &[]).end(Signal::TERM);
    let Done { code: ended, stdout, stderr } = hallpass_with_input(&from, &with_secrets, &csv);
    assert_eq!((ended, stdout.as_str()), (1, "imported 2, already there 0, bad 1\n"));
    assert!(stderr.contains("line 4: totp_secret: ") && !stderr.contains("no base32"), "{stderr}");

    let plain = hallpass(&from, &["user", "export"]);
    assert!(!plain.stdout.contains("totp_secret") && !plain.stdout.contains(secret));
    assert!(plain.stderr.contains("of these users 1 have second factors"), "{}", plain.stderr);
    for format in ["csv", "jsonl"] {
        let exported = hallpass(&from, &["user", "export", "--with-secrets", "--format", format]);
        assert!(exported.stdout.contains(secret), "{}", exported.stdout);
        assert_eq!(exported.stderr, "");
        let (all, to) = (exported.stdout, dir.path().join(format!("to-{format}")));
        let process = Process::start(&to, &[]);
        assert!(hallpass_with_input(&to, &with_secrets, &all).ok().starts_with("imported 2"));
        assert!(signs_in_by_code(&process, "ada").await, "sealed with another key by now");
        assert!(login(&process, "bob").await["access_token"].is_string());

        let refused = hallpass_with_input(&to, &["user", "import", "-"], &all);
        assert!(refused.stderr.contains("totp_secret: say --with-secrets"), "{}", refused.stderr);
    }
    let plain = dir.path().join("plain");
    let without = ["user", "import", "--without-secrets", "-"];
    assert!(hallpass_with_input(&plain, &without, &csv).ok().starts_with("imported 3"));
    let process = Process::start(&plain, &[]);
    assert!(login(&process, "ada").await["access_token"].is_string());
    let process = Process::start(&from, &[]);
    assert!(signs_in_by_code(&process, "ada").await, "sealed while no server ran");
}

/// By the bcrypt of Python.
const BCRYPT: &str = "$2b$04$PIEiyzRVV8SC2ELp7WOHfuvVe1qegD8Lobfj39vqMaFtITsT7/O62";

#[test]
fn ten_thousand_equal_complaints_are_one_and_a_rehearsal_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("data");
    let mut csv = format!("username,password_hash\nada,{WERKZEUG}\n");
    for n in 0..10_000 {
        csv += &format!("user{n},5f4dcc3b5aa765d61d8327deb882cf99\n");
    }
    let rehearse = ["user", "import", "--dry-run", "-"];
    let Done { code, stdout, stderr } = hallpass_with_input(&data_dir, &rehearse, &csv);
    assert_eq!((code, stdout.as_str()), (1, "would import 1, already there 0, bad 10000\n"));
    assert!(
        stderr.contains(
            "line 3, line 4, line 5 and 9997 more: password_hash: unsalted MD5 (32 hex digits)"
        ),
        "{stderr}"
    );
    assert_eq!(stderr.lines().count(), 3, "{stderr}");
    assert!(!stderr.contains("5f4dcc3b"), "{stderr}");
    assert!(!data_dir.exists());

    import(&data_dir, format!("username,password_hash\nAda,{WERKZEUG}\n")).ok();
    let before = export(&data_dir, "csv");
    let Done { stdout, .. } = hallpass_with_input(&data_dir, &rehearse, &csv);
    assert_eq!(stdout, "would import 0, already there 1, bad 10000\n");
    assert_eq!(export(&data_dir, "csv"), before);
    let all = ["user", "import", "--without-refused-hashes", "-"];
    let few: String = csv.lines().take(5).map(|line| format!("{line}\n")).collect();
    let Done { code, stdout, stderr } = hallpass_with_input(&data_dir, &all, few);
    assert_eq!((code, stdout.as_str()), (0, "imported 3, already there 1, bad 0\n"));
    assert!(stderr.contains("3 users: there is no password"), "{stderr}");
}

#[tokio::test]
async fn unusual_names_sign_in_are_found_are_edited_and_come_out_as_they_were() {
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = (dir.path().join("first"), dir.path().join("second"));
    let long = format!("{}@example.org", "x".repeat(100));
    let names = ["jo", "Ada Lovelace", "張 偉", &long];
    let mut csv = "username,password_hash\n".to_owned();
    for name in names {
        csv += &format!("{name},{BCRYPT}\n");
    }
    csv += "nobody knows,\n";
    let process = Process::start(&first, &[]);
    assert!(import(&first, &csv).ok().starts_with("imported 5"));
    let twin = import(&first, format!("username,password_hash\nADA LOVELACE,{BCRYPT}\n"));
    assert_eq!(twin.ok(), "imported 0, already there 1, bad 0\n");
    for name in names {
        let answer = process.post("/api/login", &name.to_uppercase(), PASSWORD).await;
        let answer: Value = answer.json().await.unwrap();
        let token = answer["access_token"].as_str().unwrap_or_else(|| panic!("{name}: {answer}"));
        let url = format!("{}/api/verify", process.url);
        let verified = reqwest::Client::new().get(url).bearer_auth(token).send().await.unwrap();
        let shown = verified.headers()["X-Auth-Username"].to_str().unwrap().to_owned();
        assert!(!shown.contains(' '), "{shown}");
        let decoded = percent_encoding::percent_decode_str(&shown).decode_utf8().unwrap();
        assert_eq!(decoded, name);
        assert_eq!(verified.json::<Value>().await.unwrap()["username"], *name);
        let roles = hallpass(&first, &["user", "roles", name, "--add", "editor"]).ok();
        assert!(roles.contains("editor"), "{roles}");
    }
    for _ in 0..2 {
        let refused = process.post("/api/login", "nobody knows", "!").await;
        assert_eq!(refused.status(), 401);
    }
    for format in ["csv", "jsonl"] {
        let _ = std::fs::remove_dir_all(&second);
        let exported = export(&first, format);
        assert!(exported.contains("nobody knows"), "{exported}");
        assert_eq!(import(&second, &exported).ok(), "imported 5, already there 0, bad 0\n");
        // Users of the same moment have no order.
        let sorted = |text: &str| {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort_unstable();
            lines
        };
        assert_eq!(sorted(&export(&second, format)), sorted(&exported));
    }
    let set = ["user", "set-password", "nobody knows", "--password-stdin"];
    hallpass_with_input(&first, &set, PASSWORD).ok();
    assert_eq!(process.post("/api/login", "nobody knows", PASSWORD).await.status(), 200);
}

#[tokio::test]
async fn a_project_of_firebase_moves_with_its_key_in_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("data");
    let (users, project) = (dir.path().join("users.json"), dir.path().join("project.txt"));
    // Published with Firebase's own scrypt utility.
    let key =
        "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==";
    let text = format!(
        "hash_config {{\n  algorithm: SCRYPT,\n  base64_signer_key: {key},\n  \
         base64_salt_separator: Bw==,\n  rounds: 8,\n  mem_cost: 14,\n}}\n"
    );
    std::fs::write(&project, text).unwrap();
    let json = "{\"users\": [\n{\"localId\": \"a\", \"email\": \"user1@example.org\", \
                \"salt\": \"42xEC+ixf3L2lw==\", \"passwordHash\": \"lSrfV15cpx95/sZS2W9c9Kp6i/LV\
                gQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==\"}\n]}\n";
    std::fs::write(&users, json).unwrap();
    let command = ["user", "import", users.to_str().unwrap()];
    let without = hallpass(&data_dir, &command);
    assert_eq!(without.code, 1);
    assert!(
        without.stderr.contains("user 1 (line 2): passwordHash: it takes"),
        "{}",
        without.stderr
    );
    let with = [&command[..], &["--firebase-hash-config", project.to_str().unwrap()]].concat();
    let done = hallpass(&data_dir, &with);
    assert!(done.stderr.contains("a user export of Firebase"), "{}", done.stderr);
    assert!(!done.stderr.contains("jxspr8"), "{}", done.stderr);
    assert_eq!(done.ok(), "imported 1, already there 0, bad 0\n");
    let process = Process::start(&data_dir, &[]);
    let login = process.post("/api/login", "user1@example.org", "user1password").await;
    assert_eq!(login.status(), 200);
    assert!(export(&data_dir, "csv").contains("$pbkdf2-sha256$i="), "it was renewed");

    std::fs::write(&project, "rounds: 8\n").unwrap();
    let reason = hallpass(&data_dir, &with).refused();
    assert!(reason.contains("base64_signer_key is missing"), "{reason}");
}
