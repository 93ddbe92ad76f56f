//! `GET /metrics`, as Prometheus would ask for it.

mod deploy;
mod listener;

use std::collections::BTreeSet;
use std::io::Read as _;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use flate2::read::GzDecoder;
use futures_util::FutureExt as _;
use hallpass::proof::password::{JobKind, Lanes, Pool, Settings};
use hallpass::scrape;
use hallpass::serve::Limits;
use hallpass_contract::path;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::app::{PASSWORD, Response, SignedIn, TestApp, unshared};
use crate::binary::client;
use crate::exposition::Exposition;
use crate::faults::{Broken, app_on};
use crate::hashing;

const README: &str = include_str!("../../README.md");

/// Longer than anything here takes.
const SOON: Duration = Duration::from_secs(10);

/// The listener for the metrics of a test's server; gone when this is dropped.
struct Metrics {
    url: String,
    _stop: oneshot::Sender<()>,
}

impl Metrics {
    async fn of(app: &TestApp) -> Self {
        let listener = scrape::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        let state = Arc::clone(&app.state);
        tokio::spawn(scrape::serve(listener, state, Limits::default(), async {
            let _ = stopped.await;
        }));
        Self { url, _stop: stop }
    }

    async fn send(&self, method: &str, path: &str) -> Response {
        self.send_accepting("identity", method, path).await
    }

    async fn send_accepting(&self, encoding: &str, method: &str, path: &str) -> Response {
        let request = client().request(method.parse().unwrap(), format!("{}{path}", self.url));
        let response = request.header("accept-encoding", encoding).send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Response { status, headers, body: response.bytes().await.unwrap() }
    }

    async fn scrape(&self) -> Exposition {
        let response = self.send("GET", "/metrics").await;
        assert_eq!(response.status, 200);
        Exposition::parse(std::str::from_utf8(&response.body).unwrap())
    }

    /// Waits for a series to have that value: a connection's end is noticed in its own time.
    async fn until(&self, series: &str, value: f64) {
        let there = async { while self.scrape().await.value(series) != value {} };
        let text = format!("{series} is not {value}");
        timeout(SOON, there).await.expect(&text);
    }
}

/// By how much each of the series grows while `work` is done.
async fn growth<const N: usize>(
    metrics: &Metrics,
    series: [&str; N],
    work: impl Future,
) -> [f64; N] {
    let before = metrics.scrape().await;
    work.await;
    let after = metrics.scrape().await;
    series.map(|series| after.value(series) - before.value(series))
}

fn requests(route: &str, method: &str, status: &str) -> String {
    format!(
        "hallpass_http_requests_total{{method=\"{method}\",route=\"{route}\",status=\"{status}\"}}"
    )
}

#[tokio::test]
async fn the_families_are_those_that_the_readme_tells_of() {
    let app = TestApp::start().await;
    let scraped = Metrics::of(&app).await.scrape().await;
    let told = README.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
        let name = cells.next()?.strip_suffix('`')?;
        let is_family = name.starts_with("hallpass_") || name.starts_with("process_");
        is_family.then(|| (name.to_owned(), cells.next().unwrap().to_owned()))
    });
    let told: BTreeSet<_> = told.collect();
    let families = scraped.families.iter();
    let there: BTreeSet<_> = families.map(|(name, of)| (name.clone(), of.kind.clone())).collect();
    assert_eq!(there, told);
    assert!(scraped.families.values().all(|family| family.help.ends_with('.')));
}

#[tokio::test]
async fn a_scraper_is_told_what_it_gets() {
    let app = TestApp::start().await;
    let metrics = Metrics::of(&app).await;
    let get = metrics.send("GET", "/metrics?debug=1").await;
    assert_eq!(get.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert_eq!(get.header("cache-control"), "no-store");
    let head = metrics.send("HEAD", "/metrics").await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    assert_eq!(head.header("content-type"), get.header("content-type"));
    assert!(head.header("content-length").parse::<usize>().unwrap() > 1000);
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "BREW"] {
        let response = metrics.send(method, "/metrics").await;
        assert_eq!((response.status.as_u16(), response.header("allow")), (405, "GET, HEAD"));
    }
    for path in ["/", "/metrics/", "/api/verify", "/healthz", "/index.html"] {
        assert_eq!(metrics.send("GET", path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_scraper_that_takes_gzip_gets_it() {
    let app = TestApp::start().await;
    let metrics = Metrics::of(&app).await;
    // What Prometheus sends.
    let response = metrics.send_accepting("gzip", "GET", "/metrics").await;
    assert_eq!(response.header("content-encoding"), "gzip");
    assert_eq!(response.header("vary"), "accept-encoding");
    assert_eq!(response.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let mut text = String::new();
    GzDecoder::new(&response.body[..]).read_to_string(&mut text).unwrap();
    assert!(text.len() > 4 * response.body.len(), "{} of {}", response.body.len(), text.len());
    assert!(Exposition::parse(&text).families.contains_key("hallpass_users"));
    for encoding in ["identity", "br", "gzip;q=0", "*;q=0"] {
        let plain = metrics.send_accepting(encoding, "GET", "/metrics").await;
        assert!(!plain.headers.contains_key("content-encoding"), "{encoding}");
        Exposition::parse(std::str::from_utf8(&plain.body).unwrap());
    }
}

#[tokio::test]
async fn requests_count_by_route_method_and_status() {
    let app = TestApp::start().await;
    let metrics = Metrics::of(&app).await;
    let ada = app.signed_in("ada").await;
    let session = "/api/me/sessions/{id}";
    let names = [
        requests(path::VERIFY, "GET", "200"),
        requests(path::VERIFY, "HEAD", "200"),
        requests(path::VERIFY, "GET", "401"),
        requests(path::VERIFY, "other", "405"),
        requests(session, "DELETE", "404"),
        requests("other", "GET", "200"),
        requests("other", "GET", "404"),
        "hallpass_http_request_duration_seconds_count{method=\"GET\",route=\"/api/verify\"}".into(),
    ];
    let work = async {
        for _ in 0..3 {
            app.get_with_token(path::VERIFY, ada.token()).await;
        }
        app.with_token("HEAD", path::VERIFY, ada.token()).await;
        app.get_with_token(path::VERIFY, "no.such.token").await;
        app.send("GET", path::VERIFY, &[]).await;
        app.send("POST", path::VERIFY, &[]).await;
        app.with_token("DELETE", &session.replace("{id}", "7"), ada.token()).await;
        app.send("GET", "/login", &[]).await;
        app.send("GET", "/no/such.png", &[]).await;
    };
    let series = names.each_ref().map(String::as_str);
    let grown = growth(&metrics, series, work).await;
    assert_eq!(grown, [3.0, 1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 5.0]);
}

#[tokio::test]
async fn a_token_is_a_miss_once_and_then_a_hit_wherever_it_is_sent() {
    let app = TestApp::start().await;
    let metrics = Metrics::of(&app).await;
    let ada = app.signed_in("ada").await;
    let cache = ["hallpass_token_cache_misses_total", "hallpass_token_cache_hits_total"];
    let verify = || app.get_with_token(path::VERIFY, ada.token());
    assert_eq!(growth(&metrics, cache, verify()).await, [1.0, 0.0]);
    assert_eq!(growth(&metrics, cache, verify()).await, [0.0, 1.0]);
    assert_eq!(
        growth(&metrics, cache, app.get_with_token(path::ME, ada.token())).await,
        [0.0, 1.0]
    );
    assert_eq!(growth(&metrics, cache, app.get_with_token(path::ME, "a.b.c")).await, [1.0, 0.0]);
    assert_eq!(growth(&metrics, cache, app.send("GET", path::ME, &[])).await, [0.0, 0.0]);
    assert_eq!(metrics.scrape().await.value("hallpass_token_cache_entries"), 1.0);
}

#[tokio::test]
async fn clients_can_not_make_series() {
    let app = TestApp::start().await;
    let metrics = Metrics::of(&app).await;
    let flood = async |seed: usize| {
        for n in seed..seed + 50 {
            for path in
                [&format!("/{n}"), &format!("/api/{n}"), &format!("/api/admin/users/{n}/reset")]
            {
                for method in ["GET", "POST", "PUT", &format!("BREW{n}")] {
                    app.send(method, path, &[("user-agent", &n.to_string())]).await;
                }
            }
            app.login(&format!("user{n}"), PASSWORD).await;
            app.get_with_token(path::VERIFY, &n.to_string()).await;
        }
    };
    flood(0).await;
    let before: BTreeSet<_> = metrics.scrape().await.series().cloned().collect();
    flood(1000).await;
    let after: BTreeSet<_> = metrics.scrape().await.series().cloned().collect();
    assert_eq!(after, before);
}

#[tokio::test]
async fn logins_and_refreshes_count_by_what_came_of_them() {
    let app = TestApp::start().await;
    let metrics = Metrics::of(&app).await;
    app.register("ada", PASSWORD).await;
    let series = [
        "hallpass_logins_total{outcome=\"ok\"}",
        "hallpass_logins_total{outcome=\"refused\"}",
        "hallpass_logins_total{outcome=\"abandoned\"}",
        "hallpass_refreshes_total{outcome=\"rotated\"}",
        "hallpass_refreshes_total{outcome=\"raced\"}",
        "hallpass_refreshes_total{outcome=\"resent\"}",
        "hallpass_refreshes_total{outcome=\"reused\"}",
    ];
    let work = async {
        let first = SignedIn::from(&app.login("ada", PASSWORD).await);
        app.login("ada", "a wrong password").await;
        app.login("nobody", PASSWORD).await;
        let second = SignedIn::from(&app.refresh(&first.cookie).await);
        app.refresh(&first.cookie).await;
        app.clock.advance(Duration::from_secs(10));
        app.refresh(&first.cookie).await;
        app.refresh(&second.cookie).await;
        app.clock.advance(Duration::from_secs(10));
        app.refresh(&first.cookie).await;
    };
    assert_eq!(growth(&metrics, series, work).await, [1.0, 2.0, 0.0, 2.0, 1.0, 1.0, 1.0]);
}

#[tokio::test]
async fn what_the_store_holds_and_commits_is_counted() {
    let app = TestApp::start().await;
    let metrics = Metrics::of(&app).await;
    let holds = async || {
        let scraped = metrics.scrape().await;
        ["hallpass_users", "hallpass_sessions", "hallpass_revoked_sessions"]
            .map(|series| scraped.value(series))
    };
    assert_eq!(holds().await, [0.0; 3]);
    let ada = app.signed_in("ada").await;
    app.signed_in("bob").await;
    assert_eq!(holds().await, [2.0, 2.0, 0.0]);
    let commits = [
        "hallpass_store_commits_total{outcome=\"ok\"}",
        "hallpass_store_commit_writes_sum",
        "hallpass_store_commit_duration_seconds_count",
    ];
    let logout = app.with_token("POST", path::LOGOUT, ada.token());
    assert_eq!(growth(&metrics, commits, logout).await, [1.0; 3]);
    assert_eq!(holds().await, [2.0, 1.0, 1.0]);
    app.clock.advance(Duration::from_secs(100 * 24 * 60 * 60));
    app.state.sweep().await;
    assert_eq!(holds().await, [2.0, 0.0, 0.0]);

    let burst = async {
        let names: Vec<_> = (0..40).map(|n| format!("user{n}")).collect();
        let all = names.iter().map(|name| app.register(name, PASSWORD));
        futures_util::future::join_all(all).await;
    };
    let [committed, writes, _] = growth(&metrics, commits, burst).await;
    assert!(writes == 40.0 && (1.0..=40.0).contains(&committed), "{writes} in {committed}");
}

#[tokio::test]
async fn hashing_counts_by_its_kind_and_what_became_of_it() {
    let app = TestApp::with(&[], Limits::default(), |state| {
        let observer = Arc::new(state.metrics.hashing.clone());
        let settings = Settings::new(10.try_into().unwrap());
        unshared(&mut state.accounts).prover.pool =
            Pool::start(Settings { threads: 1, lanes: Lanes::always(1), observer, ..settings })
                .unwrap();
    })
    .await;
    let metrics = Metrics::of(&app).await;
    let series = [
        "hallpass_hashing_jobs_total{kind=\"login\",outcome=\"done\"}",
        "hallpass_hashing_wait_duration_seconds_count{kind=\"login\"}",
        "hallpass_hashing_run_duration_seconds_count{kind=\"login\"}",
        "hallpass_hashing_jobs_total{kind=\"registration\",outcome=\"done\"}",
        "hallpass_hashing_run_duration_seconds_count{kind=\"registration\"}",
        "hallpass_hashing_lanes_sum",
    ];
    let work = async {
        app.register("ada", PASSWORD).await;
        app.login("ada", PASSWORD).await;
        app.login("nobody", PASSWORD).await;
    };
    assert_eq!(growth(&metrics, series, work).await, [2.0, 2.0, 2.0, 1.0, 1.0, 3.0]);

    let queue = ["login", "registration"]
        .map(|kind| format!("hallpass_hashing_queue_jobs{{kind=\"{kind}\"}}"));
    let lost = ["refused", "abandoned"].map(|outcome| {
        format!("hallpass_hashing_jobs_total{{kind=\"login\",outcome=\"{outcome}\"}}")
    });
    let open = hashing::busy(&app);
    let mut registration = pin!(hashing::job(&app, JobKind::Registration, || ()));
    assert!(futures_util::poll!(registration.as_mut()).is_pending());
    let login = || hashing::job(&app, JobKind::Login, || ());
    let mut logins: Vec<_> = (0..5000).map(|_| Box::pin(login())).collect();
    logins.retain_mut(|login| login.as_mut().now_or_never().is_none());
    let scraped = metrics.scrape().await;
    assert_eq!(queue.each_ref().map(|it| scraped.value(it)), [logins.len() as f64, 1.0]);
    assert_eq!(scraped.value(&lost[0]), 5000.0 - logins.len() as f64);
    assert_eq!(scraped.value(&lost[1]), 0.0);
    let hang_up = logins.len() - 1;
    logins.truncate(1);
    let scraped = metrics.scrape().await;
    assert_eq!(queue.each_ref().map(|it| scraped.value(it)), [1.0, 1.0]);
    assert_eq!(scraped.value(&lost[1]), hang_up as f64);
    drop(open);
    registration.await.unwrap();
}

#[tokio::test]
async fn what_is_throttled_counts_by_the_limit() {
    let app = TestApp::with_args(&["--login-throttle", "on"]).await;
    let metrics = Metrics::of(&app).await;
    let work = async {
        while app.register("a", PASSWORD).await.status != 429 {}
        // An account's failures run out together with an address's attempts, and take longer to
        // come back.
        while app.login("ada", PASSWORD).await.status != 429 {}
        while app.login("bob", PASSWORD).await.status != 429 {}
    };
    let series = ["registrations", "failures", "passwords", "streak"]
        .map(|limit| format!("hallpass_throttled_total{{limit=\"{limit}\"}}"));
    let grown = growth(&metrics, series.each_ref().map(String::as_str), work).await;
    assert_eq!(grown, [1.0, 1.0, 1.0, 0.0]);
    let throttled = metrics.scrape().await.value("hallpass_logins_total{outcome=\"throttled\"}");
    assert_eq!(throttled, 2.0);
}

#[tokio::test]
async fn connections_count_while_they_are_open_and_by_how_they_fail() {
    let limits =
        Limits { max_connections: 2, headers: Duration::from_secs(2), ..Limits::default() };
    let app = TestApp::with_limits(limits).await;
    let metrics = Metrics::of(&app).await;
    let failed = |reason| format!("hallpass_connections_failed_total{{reason=\"{reason}\"}}");
    assert_eq!(metrics.scrape().await.value("hallpass_connections_limit"), 2.0);
    let mut garbage = TcpStream::connect(app.address).await.unwrap();
    garbage.write_all(b"\x16\x03\x01 is no HTTP\r\n\r\n").await.unwrap();
    let _ = timeout(SOON, garbage.read_to_end(&mut Vec::new())).await.unwrap();
    metrics.until(&failed("malformed"), 1.0).await;
    metrics.until("hallpass_connections", 0.0).await;

    let first = TcpStream::connect(app.address).await.unwrap();
    let mut second = TcpStream::connect(app.address).await.unwrap();
    metrics.until("hallpass_connections", 2.0).await;
    metrics.until("hallpass_connections_limit_reached_total", 1.0).await;
    drop(first);
    metrics.until("hallpass_connections", 1.0).await;
    let _ = timeout(SOON, second.read_to_end(&mut Vec::new())).await.unwrap();
    metrics.until(&failed("timeout"), 1.0).await;
    metrics.until("hallpass_connections", 0.0).await;
    assert_eq!(metrics.scrape().await.value("hallpass_connections_accepted_total"), 3.0);
}

#[tokio::test]
async fn refused_connections_count() {
    let limits = Limits { max_connections_per_address: 1, ..Limits::default() };
    let app = TestApp::with_limits(limits).await;
    let metrics = Metrics::of(&app).await;
    let _only = TcpStream::connect(app.address).await.unwrap();
    metrics.until("hallpass_connections", 1.0).await;
    let mut refused = TcpStream::connect(app.address).await.unwrap();
    refused.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let _ = timeout(SOON, refused.read_to_end(&mut Vec::new())).await.unwrap();
    let scraped = metrics.scrape().await;
    assert_eq!(scraped.value("hallpass_connections_refused_total"), 1.0);
    assert_eq!(scraped.value("hallpass_connections_per_address_limit"), 1.0);
    assert_eq!(scraped.value("hallpass_connections_accepted_total"), 1.0);
}

#[tokio::test]
async fn trouble_is_counted_and_does_not_keep_the_metrics_back() {
    for (store, status) in
        [(Broken::Damaged, "500"), (Broken::Panicking, "500"), (Broken::Unavailable, "503")]
    {
        let failed = requests(path::LOGIN, "POST", status);
        let series = [failed.as_str(), "hallpass_logins_total{outcome=\"failed\"}"];
        let app = app_on(store).await;
        let metrics = Metrics::of(&app).await;
        let login = app.login("ada", PASSWORD);
        assert_eq!(growth(&metrics, series, login).await, [1.0, 1.0]);
    }
}

#[tokio::test]
async fn two_servers_of_one_process_count_for_themselves() {
    let (one, other) = (TestApp::start().await, TestApp::start().await);
    let (of_one, of_other) = (Metrics::of(&one).await, Metrics::of(&other).await);
    one.signed_in("ada").await;
    let series = requests(path::LOGIN, "POST", "200");
    assert_eq!(of_one.scrape().await.value(&series), 1.0);
    assert_eq!(of_other.scrape().await.value(&series), 0.0);
    assert_eq!(of_other.scrape().await.value("hallpass_users"), 0.0);
}
