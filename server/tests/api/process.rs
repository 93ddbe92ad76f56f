//! What only the real process can show: its output, its files, its signals.

use std::fs::Permissions;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use hallpass_contract::{LISTENING_ON, Login, PublicConfig};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::app::PASSWORD;
use crate::binary::{Process, client, serve_command as command};

const WRONG_PASSWORD: &str = "a wrong secret password";

#[tokio::test]
async fn what_was_acknowledged_survives_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = Process::start(dir.path(), &[]);
    for n in 0..10 {
        let username = format!("user{n}");
        assert_eq!(first.post("/api/register", &username, PASSWORD).await.status(), 201);
    }
    let login: Login = first.post("/api/login", "user0", PASSWORD).await.json().await.unwrap();
    first.end(Signal::KILL);

    let second = Process::start(dir.path(), &[]);
    for n in 0..10 {
        let username = format!("user{n}");
        assert_eq!(second.post("/api/login", &username, PASSWORD).await.status(), 200);
        assert_eq!(second.post("/api/register", &username, PASSWORD).await.status(), 409);
    }
    let verify =
        client().get(format!("{}/api/verify", second.url)).bearer_auth(login.access_token.expose());
    assert_eq!(verify.send().await.unwrap().status(), 200, "tokens of the first run are valid");
}

#[tokio::test]
async fn sigterm_ends_it_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let mut process = Process::start(dir.path(), &[]);
    process.post("/api/register", "ada", PASSWORD).await;
    let (status, log) = process.end(Signal::TERM);
    assert!(status.success(), "{status}: {log}");
    assert!(log.contains("shutting down"), "{log}");
}

#[test]
fn the_data_directory_is_private() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("a/new/one");
    let _process = Process::start(&data_dir, &[]);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data_dir), 0o700);

    // A volume that is there already is often open to all.
    let volume = dir.path().join("volume");
    std::fs::create_dir(&volume).unwrap();
    std::fs::set_permissions(&volume, Permissions::from_mode(0o755)).unwrap();
    let _process = Process::start(&volume, &[]);
    for dir in [&data_dir, &volume] {
        assert_eq!(mode(&dir.join("keys.json")), 0o600);
        assert_eq!(mode(&dir.join("hallpass.redb")), 0o600);
    }
}

#[test]
fn what_can_not_work_is_said_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let _holder = Process::start(dir.path(), &[]);
    let file = dir.path().join("a-file");
    std::fs::write(&file, "").unwrap();
    let fresh = tempfile::tempdir().unwrap();
    for (data_dir, args, told) in [
        (dir.path(), &[][..], "in use"),
        (&file, &[], "data directory"),
        (fresh.path(), &["--listen", "203.0.113.1:80"], "can't listen on 203.0.113.1:80"),
        (fresh.path(), &["--alg", "HS256"], "HALLPASS_HS256_SECRET"),
        (fresh.path(), &["--no-token-path", "https://api.example/*"], "--token-origin"),
    ] {
        let output = command(data_dir, args).arg("--log-level=off").output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(told), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(output.stdout.is_empty());
    }
}

#[tokio::test]
async fn variables_say_where_the_token_goes_and_plain_http_is_warned_of() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = command(dir.path(), &[]);
    command.env("HALLPASS_TOKEN_ORIGIN", "https://api.example, http://plain.example").env(
        "HALLPASS_NO_TOKEN_PATH",
        "/public/* http://plain.example/status,https://api.example/status",
    );
    let mut process = Process::of(command);
    let config = client().get(format!("{}/api/config", process.url)).send().await.unwrap();
    let config: PublicConfig = config.json().await.unwrap();
    assert_eq!(config.token_origins, ["https://api.example", "http://plain.example"]);
    let excluded = ["/public/*", "http://plain.example/status", "https://api.example/status"];
    assert_eq!(config.no_token_paths, excluded);
    let (_, log) = process.end(Signal::TERM);
    let warned = |of: &str| log.lines().any(|line| line.contains("WARN") && line.contains(of));
    assert!(warned("http://plain.example") && !warned("https://api.example"), "{log}");
}

/// Sends secrets wherever they may turn up, right and wrong places alike, and returns the token.
async fn scatter_secrets(process: &Process) -> String {
    process.post("/api/register", "ada", PASSWORD).await;
    process.post("/api/register", "a", PASSWORD).await;
    let login: Login = process.post("/api/login", "ada", PASSWORD).await.json().await.unwrap();
    process.post("/api/login", "ada", WRONG_PASSWORD).await;
    // People do type it into the wrong field.
    process.post("/api/login", PASSWORD, "ada").await;
    let token = login.access_token.expose();
    let get = |path: &str| client().get(format!("{}{path}", process.url));
    let post = || {
        let login = client().post(format!("{}/api/login", process.url));
        login.header("content-type", "application/json")
    };
    for request in [
        get("/api/verify").bearer_auth(token),
        get("/api/verify").bearer_auth(format!("{token}x")),
        get("/api/verify").header("cookie", format!("token={token}")),
        get(&format!("/api/verify?access_token={token}")),
        post().body(format!(r#"{{"username": "ada", "password": "{PASSWORD}" x"#)),
        post().body(format!(r#"{{"username": 7, "password": ["{PASSWORD}"]}}"#)),
    ] {
        request.send().await.unwrap();
    }
    token.to_owned()
}

#[tokio::test]
async fn no_password_or_token_is_ever_logged() {
    for format in ["text", "json"] {
        let dir = tempfile::tempdir().unwrap();
        let args = ["--log-level", "trace", "--log-format", format];
        let mut process = Process::start(dir.path(), &args);
        let token = scatter_secrets(&process).await;
        let (_, log) = process.end(Signal::TERM);
        let signature = token.rsplit('.').next().unwrap();
        for secret in [PASSWORD, WRONG_PASSWORD, &token, signature, "pbkdf2-sha256$"] {
            assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
        }
        assert_eq!(log.matches("answered").count(), 11, "each request is logged:\n{log}");
    }
}

#[tokio::test]
async fn json_log_lines_carry_the_request_id_of_the_answer() {
    let dir = tempfile::tempdir().unwrap();
    let mut process = Process::start(dir.path(), &["--log-format", "json"]);
    const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let login = client().post(format!("{}/api/login", process.url)).header("traceparent", TRACE);
    let body = serde_json::json!({"username": "nobody", "password": PASSWORD});
    let response = login.json(&body).send().await.unwrap();
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    process.post("/api/register", "ada", PASSWORD).await;
    process.post("/api/login", "ada", PASSWORD).await;
    let (_, log) = process.end(Signal::TERM);
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of_request: Vec<&Value> =
        lines.iter().filter(|line| line["span"]["id"] == id.as_str()).collect();
    assert_eq!(of_request.len(), 2, "why it was refused, and the answer: {log}");
    assert!(of_request.iter().any(|line| line["status"] == 401 && line["path"] == "/api/login"));
    assert!(of_request.iter().all(|line| line["span"]["traceparent"] == TRACE), "{log}");
    assert!(lines.iter().all(|line| line.get("spans").is_none()), "said once: {log}");
    // At the default level a successful request logs no line of its own.
    assert!(!lines.iter().any(|line| line["status"] == 200 || line["status"] == 201), "{log}");
}

#[tokio::test]
async fn tokens_outlive_a_change_of_the_algorithm_and_the_hs256_secret_stays_where_it_was() {
    const SECRET: &str = "a secret that others do not know";
    let dir = tempfile::tempdir().unwrap();
    let mut tokens = Vec::new();
    for args in [["--alg", "RS256"], ["--alg", "HS256"], ["--alg", "ES256"]] {
        let mut command = command(dir.path(), &args);
        command.env("HALLPASS_HS256_SECRET", SECRET).env("HALLPASS_LOG_LEVEL", "trace");
        let mut process = Process::of(command);
        process.post("/api/register", "ada", PASSWORD).await;
        let login: Login = process.post("/api/login", "ada", PASSWORD).await.json().await.unwrap();
        tokens.push(login.access_token);
        for token in &tokens {
            let verify = client().get(format!("{}/api/verify", process.url));
            let verify = verify.bearer_auth(token.expose()).send().await.unwrap();
            assert_eq!(verify.status(), 200, "{args:?}");
        }
        let (_, log) = process.end(Signal::TERM);
        let keys = std::fs::read_to_string(dir.path().join("keys.json")).unwrap();
        assert!(!log.contains(SECRET) && !keys.contains(SECRET), "{log}{keys}");
    }
}

#[test]
fn cheap_hashes_get_a_warning() {
    let dir = tempfile::tempdir().unwrap();
    let mut process = Process::start(dir.path(), &[]);
    let (_, log) = process.end(Signal::TERM);
    assert!(log.contains("WARN") && log.contains("--pbkdf2-iterations 600000"), "{log}");
}

#[tokio::test]
async fn raising_the_iterations_renews_a_hash_at_the_next_login() {
    let dir = tempfile::tempdir().unwrap();
    let mut cheap = Process::start(dir.path(), &[]);
    cheap.post("/api/register", "ada", PASSWORD).await;
    cheap.end(Signal::TERM);
    let stored = |needle: &str| {
        let file = std::fs::read(dir.path().join("hallpass.redb")).unwrap();
        file.windows(needle.len()).any(|window| window == needle.as_bytes())
    };
    assert!(stored("i=10,l=32"));

    let mut dear = Process::start(dir.path(), &["--pbkdf2-iterations", "1000"]);
    assert_eq!(dear.post("/api/login", "ada", PASSWORD).await.status(), 200);
    assert_eq!(dear.post("/api/login", "ada", PASSWORD).await.status(), 200);
    dear.end(Signal::TERM);
    assert!(stored("i=1000,l=32"));
}

#[test]
fn a_first_start_that_is_killed_at_any_moment_can_be_repeated() {
    for delay_us in (0..30).map(|n| n * 1000) {
        let dir = tempfile::tempdir().unwrap();
        let mut child = command(dir.path(), &[]).spawn().unwrap();
        // No condition to wait for: each moment is as good as another.
        std::thread::sleep(Duration::from_micros(delay_us));
        child.kill().unwrap();
        child.wait().unwrap();
        let mut process = Process::start(dir.path(), &[]);
        process.end(Signal::TERM);
        let names = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.collect();
        names.sort();
        assert_eq!(names, ["hallpass.redb", "keys.json"]);
    }
}

#[tokio::test]
async fn a_stderr_that_nobody_reads_stops_neither_answers_nor_the_shutdown() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = command(dir.path(), &["--log-level", "debug"]).spawn().unwrap();
    let _unread = child.stderr.take().unwrap();
    let mut announcement = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut announcement).unwrap();
    let url = announcement.trim().strip_prefix(LISTENING_ON).unwrap();
    // Each of them logs a line; a pipe holds 64 KiB.
    let mut statuses = Vec::new();
    for _ in 0..1000 {
        let verify = client().get(format!("{url}/api/verify")).send().await;
        statuses.push(verify.map(|answer| answer.status().as_u16()).ok());
    }
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let status = child.wait().unwrap();
    assert!(statuses.iter().all(|status| *status == Some(401)), "{statuses:?}");
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn a_flood_of_one_client_writes_few_lines_and_hides_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let args = ["--trusted-proxy", "127.0.0.1", "--log-format", "json", "--login-throttle", "off"];
    let mut process = Process::start(dir.path(), &args);
    let url = format!("{}/api/no-such-path", process.url);
    let from = |address: &str| client().get(&url).header("x-forwarded-for", address);
    let flooding = client();
    for _ in 0..500 {
        let request = flooding.get(&url).header("x-forwarded-for", "192.0.2.1");
        assert_eq!(request.send().await.unwrap().status(), 404);
    }
    assert_eq!(from("192.0.2.2").send().await.unwrap().status(), 404);
    for _ in 0..50 {
        assert_eq!(process.post("/api/login", "nobody", PASSWORD).await.status(), 401);
    }
    let (_, log) = process.end(Signal::TERM);
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let with = |field: &str, value: &str| {
        lines.iter().filter(|line| line[field] == value).collect::<Vec<_>>()
    };
    let written = with("client", "192.0.2.1").len() as u64;
    // A period may have ended meanwhile.
    assert!((20..=100).contains(&written), "{written}");
    let left_out = |line: &&Value| {
        let words = line["message"].as_str()?.strip_prefix("left out ")?;
        words.split(' ').next()?.parse::<u64>().ok()
    };
    let told = with("client", "192.0.2.1/32");
    assert_eq!(told.iter().filter_map(left_out).sum::<u64>() + written, 500, "{told:?}");
    assert_eq!(with("client", "192.0.2.2").len(), 1, "{log}");
    assert_eq!(with("target", "hallpass::audit").len(), 50, "the audit log is whole");
}

#[test]
fn a_data_directory_of_another_user_is_a_matter_of_permission() {
    use std::os::unix::process::CommandExt as _;
    const NOBODY: u32 = 65534;
    let dir = tempfile::tempdir().unwrap();
    let mut process = Process::start(dir.path(), &[]);
    process.end(Signal::TERM);
    let is_root = rustix::process::geteuid().is_root();
    let chmod = |mode| std::fs::set_permissions(dir.path(), Permissions::from_mode(mode)).unwrap();
    // Root may do everything, so another user tries.
    let modes: &[u32] = if is_root { &[0o700, 0o755] } else { &[0o000] };
    for mode in modes {
        chmod(*mode);
        for args in [&["serve"][..], &["user", "list"], &["keys", "list"]] {
            let mut command = crate::binary::command(dir.path(), args);
            // Warnings are lines of their own.
            command.env("HALLPASS_LOG_LEVEL", "off");
            if is_root {
                command.uid(NOBODY).gid(NOBODY);
            }
            let output = command.output().unwrap();
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{mode:o} {args:?}: {stderr}");
            assert!(stderr.contains("Permission denied"), "{mode:o} {args:?}: {stderr}");
            assert_eq!(stderr.lines().count(), 1, "{stderr}");
        }
    }
    chmod(0o700);
}

#[tokio::test]
async fn a_proxy_that_is_not_trusted_is_warned_of_once() {
    let dir = tempfile::tempdir().unwrap();
    for (args, warnings) in [(&[][..], 1), (&["--trusted-proxy", "127.0.0.1"], 0)] {
        let mut process = Process::start(dir.path(), args);
        for _ in 0..3 {
            let request = client().get(format!("{}/healthz", process.url));
            let request = request.header("x-forwarded-for", "192.0.2.1");
            assert_eq!(request.send().await.unwrap().status(), 200);
        }
        let (_, log) = process.end(Signal::TERM);
        let warned =
            |line: &&str| line.contains("WARN") && line.contains("use --trusted-proxy 127.0.0.1");
        assert_eq!(log.lines().filter(warned).count(), warnings, "{log}");
    }
}

#[test]
fn a_trusted_network_that_holds_strangers_is_warned_of() {
    let dir = tempfile::tempdir().unwrap();
    for (network, is_warned) in [("0.0.0.0/0", true), ("::/0", true), ("10.0.0.0/8", false)] {
        let mut process = Process::start(dir.path(), &["--trusted-proxy", network]);
        let (_, log) = process.end(Signal::TERM);
        let warned = log.contains(&format!("--trusted-proxy {network} trusts strangers"));
        assert_eq!(warned, is_warned, "{log}");
    }
}
