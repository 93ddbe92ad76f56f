//! The real server on PostgreSQL.

mod keys;
mod pooler;
mod several;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::{LazyLock, Once};
use std::time::Duration;

use hallpass_contract::{Login, path};
use reqwest::header::{RETRY_AFTER, SET_COOKIE};
use rustix::process::Signal;
use tempfile::NamedTempFile;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use crate::app::PASSWORD;
use crate::binary::{Process, client, command, serve_command};

/// The database of `scripts/postgres url`.
const VARIABLE: &str = "HALLPASS_TEST_DATABASE_URL";

/// Longer than anything takes, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(60);

/// A schema of its own in the database for tests, if there is one.
pub(crate) async fn fresh_schema() -> Option<Url> {
    static SKIPPED: Once = Once::new();
    let Ok(url) = std::env::var(VARIABLE) else {
        let note = format!("the PostgreSQL tests are skipped: {VARIABLE} is not set\n");
        SKIPPED.call_once(|| std::io::stderr().write_all(note.as_bytes()).unwrap());
        return None;
    };
    let mut url: Url = url.parse().unwrap();
    let schema = format!("api_{}", uuid::Uuid::now_v7().simple());
    execute(&url, &format!("CREATE SCHEMA {schema}")).await;
    let query = format!("{}&options=-csearch_path%3D{schema}", url.query().unwrap_or_default());
    url.set_query(Some(query.trim_start_matches('&')));
    Some(url)
}

async fn execute(url: &Url, statement: &str) {
    let connected = tokio_postgres::connect(url.as_str(), tokio_postgres::NoTls).await;
    let (db, connection) = connected.unwrap();
    let _connection = AbortOnDropHandle::new(tokio::spawn(connection));
    db.batch_execute(statement).await.unwrap();
}

/// The number that a query answers.
async fn count(url: &Url, query: &str) -> i64 {
    let connected = tokio_postgres::connect(url.as_str(), tokio_postgres::NoTls).await;
    let (db, connection) = connected.unwrap();
    let _connection = AbortOnDropHandle::new(tokio::spawn(connection));
    db.query_one(query, &[]).await.unwrap().get(0)
}

/// The master key of all databases for tests.
static MASTER_KEY: LazyLock<NamedTempFile> = LazyLock::new(|| master_key(b'a'));

/// A file with a master key; another seed makes another one.
fn master_key(seed: u8) -> NamedTempFile {
    let bytes: Vec<u8> = (0..32).map(|n| seed ^ n).collect();
    let file = tempfile::Builder::new().tempfile_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    std::fs::write(file.path(), data_encoding::BASE64.encode(&bytes)).unwrap();
    file
}

pub(crate) fn with_master_key(command: &mut Command) -> &mut Command {
    command.env("HALLPASS_MASTER_KEY_FILE", MASTER_KEY.path())
}

/// Has a command use this database.
fn on<'a>(command: &'a mut Command, url: &Url) -> &'a mut Command {
    with_master_key(command.env("HALLPASS_DATABASE_URL", url.as_str()))
}

pub(crate) fn serve(dir: &Path, url: &Url) -> Process {
    let mut command = serve_command(dir, &["--login-throttle", "off", "--lease", "2s"]);
    on(&mut command, url);
    Process::of(command)
}

/// What a command that is refused says.
fn refused(dir: &Path, url: &Url, args: &[&str]) -> String {
    let mut command = command(dir, args);
    reason(on(&mut command, url), url)
}

/// The one line of a command that is refused.
fn reason(command: &mut Command, url: &Url) -> String {
    let output = command.env("HALLPASS_LOG_LEVEL", "off").output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(!stderr.contains(url.password().unwrap()), "{stderr}");
    stderr
}

pub(crate) struct SignedIn {
    token: String,
    cookie: String,
}

impl SignedIn {
    pub(crate) async fn at(process: &Process) -> Self {
        Self::read(process.post(path::LOGIN, "ada", PASSWORD).await).await
    }

    pub(crate) async fn read(answer: reqwest::Response) -> Self {
        assert_eq!(answer.status(), 200);
        let cookie = answer.headers()[SET_COOKIE].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let login: Login = answer.json().await.unwrap();
        Self { token: login.access_token.expose().to_owned(), cookie }
    }

    /// The key that signed the token.
    fn kid(&self) -> String {
        let header = self.token.split('.').next().unwrap();
        let header = data_encoding::BASE64URL_NOPAD.decode(header.as_bytes()).unwrap();
        let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
        header["kid"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn verify(&self, process: &Process) -> reqwest::Response {
        let request = client().get(format!("{}{}", process.url, path::VERIFY));
        request.bearer_auth(&self.token).send().await.unwrap()
    }

    pub(crate) async fn refresh(&self, process: &Process) -> reqwest::Response {
        self.post(process, path::REFRESH).await
    }

    pub(crate) async fn sign_out(&self, process: &Process) -> reqwest::Response {
        self.post(process, path::LOGOUT).await
    }

    async fn sign_out_by_token(&self, process: &Process) -> reqwest::Response {
        let request = client().post(format!("{}{}", process.url, path::LOGOUT));
        request.bearer_auth(&self.token).send().await.unwrap()
    }

    async fn post(&self, process: &Process, path: &str) -> reqwest::Response {
        let request = client().post(format!("{}{path}", process.url));
        let request = request.header("cookie", &self.cookie);
        request.header("sec-fetch-site", "same-origin").send().await.unwrap()
    }
}

#[tokio::test]
async fn what_was_acknowledged_outlives_a_kill_of_the_server() {
    let Some(url) = fresh_schema().await else { return };
    let dir = tempfile::tempdir().unwrap();
    let mut process = serve(dir.path(), &url);
    assert_eq!(process.post(path::REGISTER, "ada", PASSWORD).await.status(), 201);
    let kept = SignedIn::at(&process).await;
    let kept = SignedIn::read(kept.refresh(&process).await).await;
    let ended = SignedIn::at(&process).await;
    assert_eq!(ended.sign_out(&process).await.status(), 204);
    process.end(Signal::KILL);
    assert!(!dir.path().join("hallpass.redb").exists());

    let mut process = serve(dir.path(), &url);
    assert_eq!(kept.verify(&process).await.status(), 200);
    assert_eq!(kept.refresh(&process).await.status(), 200);
    assert_eq!(ended.verify(&process).await.status(), 401);
    assert_eq!(ended.refresh(&process).await.status(), 401);
    assert_eq!(SignedIn::at(&process).await.verify(&process).await.status(), 200);
    let (_, log) = process.end(Signal::TERM);
    assert!(!log.contains(url.password().unwrap()), "{log}");
}

#[tokio::test]
async fn a_second_server_on_a_directory_and_what_is_not_for_postgres_are_refused_in_one_line() {
    let Some(url) = fresh_schema().await else { return };
    let dir = tempfile::tempdir().unwrap();
    let mut process = serve(dir.path(), &url);
    let reason = refused(dir.path(), &url, &["serve"]);
    assert!(reason.contains("another hallpass server runs on"), "{reason}");
    process.end(Signal::TERM);
    assert!(refused(dir.path(), &url, &["store", "check"]).contains("PostgreSQL"));
    assert!(refused(dir.path(), &url, &["serve", "--new"]).contains("--new"));
}

#[tokio::test]
async fn commands_change_the_database_whether_or_not_a_server_runs() {
    let Some(url) = fresh_schema().await else { return };
    let dir = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let mut command = command(dir.path(), args);
        let output = on(&mut command, &url).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let mut process = serve(dir.path(), &url);
    assert_eq!(process.post(path::REGISTER, "ada", PASSWORD).await.status(), 201);
    run(&["user", "roles", "ada", "--add", "admin"]);
    process.end(Signal::TERM);
    let users = run(&["user", "list"]);
    assert!(users.contains("ada") && users.contains("admin"), "{users}");
    let file = dir.path().join("a.backup");
    let backup = ["store", "backup", file.to_str().unwrap(), "--plain"];
    let reason = refused(dir.path(), &url, &backup);
    assert!(reason.contains("pg_dump") && reason.contains("master key"), "{reason}");
    assert!(!file.exists());
}

/// Stands between the server and the database, and can be cut.
struct Wire {
    address: SocketAddr,
    database: SocketAddr,
    forwarding: Option<AbortOnDropHandle<()>>,
}

impl Wire {
    async fn to(url: &mut Url) -> Self {
        let database = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        url.set_port(Some(address.port())).unwrap();
        drop(listener);
        let mut wire = Self { address, database: database.parse().unwrap(), forwarding: None };
        wire.mend().await;
        wire
    }

    fn cut(&mut self) {
        self.forwarding = None;
    }

    async fn mend(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        let database = self.database;
        let forward = async move {
            // Dropped with all of its connections.
            let mut connections = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                connections.spawn(async move {
                    if let Ok(mut far) = TcpStream::connect(database).await {
                        let _ = copy_bidirectional(&mut near, &mut far).await;
                    }
                });
            }
        };
        self.forwarding = Some(AbortOnDropHandle::new(tokio::spawn(forward)));
    }
}

/// Asks again until the status is this one. Until then only `before` will do.
async fn until_status(expected: u16, before: u16, mut ask: impl AsyncFnMut() -> reqwest::Response) {
    let wait = async {
        loop {
            let answer = ask().await;
            let status = answer.status().as_u16();
            assert!(status == expected || status == before, "{answer:?}");
            assert_eq!(answer.headers().contains_key(RETRY_AFTER), status == 503, "{answer:?}");
            if status == expected {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("the status never came");
}

// The start of a process blocks a thread, and the wire needs another one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_database_the_server_says_503_and_goes_on_once_it_is_back() {
    let Some(mut url) = fresh_schema().await else { return };
    let mut wire = Wire::to(&mut url).await;
    let dir = tempfile::tempdir().unwrap();
    let process = serve(dir.path(), &url);
    assert_eq!(process.post(path::REGISTER, "ada", PASSWORD).await.status(), 201);
    let signed_in = SignedIn::at(&process).await;
    assert_eq!(signed_in.verify(&process).await.status(), 200);
    let ready = async || client().get(format!("{}/readyz", process.url)).send().await.unwrap();

    wire.cut();
    assert_eq!(signed_in.verify(&process).await.status(), 200, "until the lease ends");
    until_status(503, 503, async || signed_in.refresh(&process).await).await;
    until_status(503, 200, ready).await;
    until_status(503, 200, async || signed_in.verify(&process).await).await;
    until_status(503, 503, async || process.post(path::LOGIN, "ada", PASSWORD).await).await;
    until_status(503, 503, async || process.post(path::REGISTER, "bob", PASSWORD).await).await;
    until_status(503, 503, async || signed_in.refresh(&process).await).await;
    until_status(503, 503, async || signed_in.sign_out(&process).await).await;
    assert_eq!(
        client().get(format!("{}/healthz", process.url)).send().await.unwrap().status(),
        200
    );

    wire.mend().await;
    until_status(200, 503, ready).await;
    until_status(200, 503, async || signed_in.verify(&process).await).await;
    until_status(200, 503, async || signed_in.refresh(&process).await).await;
    until_status(200, 503, async || process.post(path::LOGIN, "ada", PASSWORD).await).await;
}
