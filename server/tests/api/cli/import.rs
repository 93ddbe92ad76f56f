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
        "username,password_hash\nada,{WERKZEUG}\nno good,{WERKZEUG}\nbob,plain text\n\
         ADA,{DJANGO}\n\"never closed,{WERKZEUG}\ncarl,{DJANGO}\n"
    );
    let dir = tempfile::tempdir().unwrap();
    let (offline, served) = (dir.path().join("offline"), dir.path().join("served"));
    let _process = Process::start(&served, &[]);
    std::fs::create_dir(&offline).unwrap();
    for dir in [&offline, &served] {
        let Done { code, stdout, stderr } = import(dir, &csv);
        assert_eq!((code, stdout.as_str()), (1, "imported 2, already there 0, bad 4\n"));
        let lines: Vec<&str> = stderr.lines().collect();
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
        let lines: Vec<&str> = stderr.lines().collect();
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
