//! Flags and variables, as the real process reads them.

use std::path::Path;
use std::process::Output;

use hallpass::cli::Cli;
use hallpass_contract::{Login, PublicConfig};
use rustix::process::Signal;
use serde_json::Value;

use crate::app::PASSWORD;
use crate::binary::{Process, client, command, serve_command};

/// A start with these variables that must fail.
fn refused(dir: &Path, variables: &[(&str, &str)], args: &[&str]) -> String {
    let mut command = serve_command(dir, args);
    let Output { status, stderr, stdout } =
        command.envs(variables.iter().copied()).output().unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    assert!(!status.success() && stdout.is_empty(), "{variables:?} {args:?}: {stderr}");
    stderr
}

fn issuer(login: &Login) -> Value {
    let payload = login.access_token.expose().split('.').nth(1).unwrap();
    let claims = data_encoding::BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap();
    serde_json::from_slice::<Value>(&claims).unwrap()["iss"].take()
}

#[tokio::test]
async fn an_empty_variable_is_unset() {
    let dir = tempfile::tempdir().unwrap();
    let names = [
        "ACCESS_TTL",
        "ALG",
        "AUDIENCE",
        "AUDIT_LOG",
        "DRAIN_TIMEOUT",
        "FRESH_FOR",
        "HS256_SECRET",
        "HS256_SECRET_FILE",
        "ISSUER",
        "LEEWAY",
        "LOGIN_THROTTLE",
        "LOG_FORMAT",
        "LOG_LEVEL",
        "MAX_CONNECTIONS",
        "METRICS_LISTEN",
        "NO_TOKEN_PATH",
        "PASSWORD_MIN",
        "PUBLIC_URL",
        "REFRESH_TTL",
        "REGISTRATION",
        "SESSION_MAX",
        "TOKEN_ORIGIN",
        "TRUSTED_PROXY",
    ];
    let mut command = serve_command(dir.path(), &["--listen", "127.0.0.1:0"]);
    command.env("HALLPASS_LISTEN", "");
    command.envs(names.map(|name| (format!("HALLPASS_{name}"), "")));
    let mut process = Process::of(command);
    process.post("/api/register", "ada", PASSWORD).await;
    let login: Login = process.post("/api/login", "ada", PASSWORD).await.json().await.unwrap();
    assert_eq!((issuer(&login), login.expires_in), ("http://127.0.0.1:8080".into(), 900));
    let (_, log) = process.end(Signal::TERM);
    assert!(!log.contains("metrics on"), "{log}");
}

#[test]
fn an_empty_variable_is_unset_for_every_command() {
    let dir = tempfile::tempdir().unwrap();
    let mut process = Process::start(dir.path(), &[]);
    process.end(Signal::TERM);
    for args in [&["user", "list"][..], &["keys", "list"]] {
        let mut command = command(dir.path(), args);
        // Relative to the place where the server's default is.
        command.current_dir(dir.path()).args(["--data-dir", "."]);
        command.env("HALLPASS_DATA_DIR", "").env("HALLPASS_PBKDF2_ITERATIONS", "");
        let output = command.env("HALLPASS_HS256_SECRET_FILE", "").output().unwrap();
        assert!(output.status.success(), "{args:?}: {output:?}");
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let mut command = command(elsewhere.path(), &["user", "list"]);
    command.current_dir(elsewhere.path()).env("HALLPASS_DATA_DIR", "");
    let stderr = String::from_utf8(command.output().unwrap().stderr).unwrap();
    assert!(stderr.contains("./hallpass-data"), "the default: {stderr}");
}

#[test]
fn a_bad_value_is_told_by_the_name_it_was_given_by() {
    let dir = tempfile::tempdir().unwrap();
    for (name, flag, value) in [
        ("HALLPASS_LISTEN", "--listen", "8080"),
        ("HALLPASS_ACCESS_TTL", "--access-ttl", "soon"),
        ("HALLPASS_REGISTRATION", "--registration", "maybe"),
        ("HALLPASS_TRUSTED_PROXY", "--trusted-proxy", "10.0.0.1, proxy.example"),
        ("HALLPASS_LISTEN", "--listen", "203.0.113.1:80"),
        ("HALLPASS_METRICS_LISTEN", "--metrics-listen", "203.0.113.1:80"),
        ("HALLPASS_NO_TOKEN_PATH", "--no-token-path", "https://api.example/*"),
        ("HALLPASS_HS256_SECRET_FILE", "--hs256-secret-file", "/no/such/file"),
    ] {
        let by_variable = refused(dir.path(), &[(name, value)], &[]);
        assert!(by_variable.contains(name), "{by_variable}");
        // Another setting of the same name does not confuse it.
        let by_flag = refused(dir.path(), &[("HALLPASS_LOG_LEVEL", "off")], &[flag, value]);
        assert!(by_flag.contains(flag) && !by_flag.contains(name), "{by_flag}");
        let both = refused(dir.path(), &[(name, "")], &[flag, value]);
        assert!(both.contains(flag) && !both.contains(name), "{both}");
    }
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_named() {
    use std::os::unix::ffi::OsStrExt as _;
    let dir = tempfile::tempdir().unwrap();
    let mut command = serve_command(dir.path(), &[]);
    command.env("HALLPASS_AUDIENCE", std::ffi::OsStr::from_bytes(b"caf\xe9"));
    let stderr = String::from_utf8(command.output().unwrap().stderr).unwrap();
    assert!(stderr.contains("HALLPASS_AUDIENCE is not UTF-8"), "{stderr}");
}

#[test]
fn a_bad_setting_of_the_server_stops_no_other_command() {
    let dir = tempfile::tempdir().unwrap();
    let mut process = Process::start(dir.path(), &[]);
    process.end(Signal::TERM);
    let mut list = command(dir.path(), &["user", "list"]);
    let output = list.env("HALLPASS_ACCESS_TTL", "soon").output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_misspelt_variable_is_warned_of_with_the_nearest_name() {
    let dir = tempfile::tempdir().unwrap();
    let misspelt = [("HALLPASS_PUBLIC_ULR", "https://x.example"), ("HALLPASS_TEST_X", "1")];
    let mut serve = serve_command(dir.path(), &[]);
    serve.envs(misspelt);
    let (_, log) = Process::of(serve).end(Signal::TERM);
    let output = command(dir.path(), &["user", "list"]).envs(misspelt).output().unwrap();
    for text in [log, String::from_utf8(output.stderr).unwrap()] {
        let warned = |line: &&str| line.contains("WARN") && line.contains("HALLPASS_PUBLIC_ULR");
        let warnings: Vec<&str> = text.lines().filter(warned).collect();
        assert_eq!(warnings.len(), 1, "{text}");
        assert!(warnings[0].ends_with("HALLPASS_PUBLIC_URL"), "{text}");
        assert!(!text.contains("HALLPASS_TEST_X") && !text.contains("x.example"), "{text}");
    }
}

#[tokio::test]
async fn lists_take_commas_spaces_and_line_ends() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = serve_command(dir.path(), &[]);
    command
        .env("HALLPASS_TOKEN_ORIGIN", "https://a.example\nhttps://b.example,https://c.example\n");
    command.env("HALLPASS_TRUSTED_PROXY", "10.0.0.0/8, 192.0.2.1\n::1");
    let process = Process::of(command);
    let config = client().get(format!("{}/api/config", process.url)).send().await.unwrap();
    let config: PublicConfig = config.json().await.unwrap();
    let origins = ["https://a.example", "https://b.example", "https://c.example"];
    assert_eq!(config.token_origins, origins);
}

#[test]
fn the_readme_lists_each_flag_of_the_server_once() {
    let readme = include_str!("../../README.md");
    let (_, section) = readme.split_once("\n## Settings\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| "));
    let flags = rows.flat_map(|row| row.split('`')).filter_map(|code| code.strip_prefix("--"));
    let mut told: Vec<&str> = flags.collect();
    told.sort_unstable();
    let command = Cli::with_variables();
    let serve = command.find_subcommand("serve").unwrap();
    let flags = [&command, serve].map(|it| it.get_arguments().filter_map(|arg| arg.get_long()));
    let mut flags: Vec<&str> = flags.into_iter().flatten().collect();
    flags.sort_unstable();
    flags.dedup();
    assert_eq!(told, flags);
}
