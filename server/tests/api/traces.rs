//! Traces, as a collector of OpenTelemetry gets them. Only a build with the feature `otlp` sends
//! them, and `cargo test --workspace` makes one.

use std::path::Path;

use hallpass_contract::Login;
use http_body_util::BodyExt as _;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustix::process::Signal;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::app::PASSWORD;
use crate::binary::{Process, client, serve_command};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

/// A collector on this machine, and the spans that it was sent.
struct Collector {
    url: String,
    spans: UnboundedReceiver<Value>,
    seen: Vec<Value>,
}

impl Collector {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, spans) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let sender = sender.clone();
                let service = service_fn(move |request| take(request, sender.clone()));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { url, spans, seen: Vec::new() }
    }

    /// `hallpass serve`, which sends its traces here.
    fn server(&self, dir: &Path, args: &[&str]) -> Process {
        let mut command = serve_command(dir, args);
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", &self.url);
        command
            .env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")
            .env("OTEL_BSP_SCHEDULE_DELAY", "20");
        Process::of(command)
    }

    /// The first span of this trace with this name.
    async fn span(&mut self, trace: &str, name: &str) -> Value {
        loop {
            let is_it = |span: &&Value| span["traceId"] == trace && span["name"] == name;
            if let Some(found) = self.seen.iter().find(is_it) {
                return found.clone();
            }
            self.seen.push(self.spans.recv().await.unwrap());
        }
    }
}

async fn take(
    request: http::Request<Incoming>,
    spans: UnboundedSender<Value>,
) -> Result<http::Response<http_body_util::Full<Bytes>>, hyper::Error> {
    assert_eq!(request.uri().path(), "/v1/traces");
    let body = request.into_body().collect().await?.to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap();
    for of_resource in body["resourceSpans"].as_array().unwrap() {
        assert_eq!(attribute(&of_resource["resource"], "service.name")["stringValue"], "hallpass");
        for scope in of_resource["scopeSpans"].as_array().unwrap() {
            for span in scope["spans"].as_array().unwrap() {
                let _ = spans.send(span.clone());
            }
        }
    }
    Ok(http::Response::new("{}".into()))
}

fn attribute<'a>(of: &'a Value, key: &str) -> &'a Value {
    let attributes = of["attributes"].as_array().unwrap();
    let found = attributes.iter().find(|attribute| attribute["key"] == key);
    &found.unwrap_or_else(|| panic!("no {key} in {of}"))["value"]
}

#[tokio::test]
async fn a_login_is_traced_with_its_steps_in_the_trace_of_its_caller() {
    let (dir, mut collector) = (tempfile::tempdir().unwrap(), Collector::start().await);
    let mut server = collector.server(dir.path(), &[]);
    server.post("/api/register", "ada", PASSWORD).await;
    let parent = format!("00-{TRACE}-{SPAN}-01");
    let login = client().post(format!("{}/api/login", server.url)).header("traceparent", parent);
    let login = login.json(&serde_json::json!({"username": "ada", "password": PASSWORD}));
    assert_eq!(login.send().await.unwrap().status(), 200);

    let request = collector.span(TRACE, "POST /api/login").await;
    assert_eq!(request["parentSpanId"], SPAN);
    assert_eq!(request["kind"], 2, "a server's: {request}");
    assert_eq!(attribute(&request, "http.route")["stringValue"], "/api/login");
    assert_eq!(attribute(&request, "http.response.status_code")["intValue"], "200");
    assert_eq!(attribute(&request, "client.address")["stringValue"], "127.0.0.1");
    for step in ["hash a password", "write"] {
        assert_eq!(collector.span(TRACE, step).await["parentSpanId"], request["spanId"], "{step}");
    }
    let all = serde_json::to_string(&collector.seen).unwrap();
    assert!(!all.contains(PASSWORD) && !all.contains("\"ada\""), "no secret, no name: {all}");
    let (status, log) = server.end(Signal::TERM);
    assert!(status.success(), "{log}");
}

#[tokio::test]
async fn a_verification_is_traced_if_its_caller_wants_that() {
    let (dir, mut collector) = (tempfile::tempdir().unwrap(), Collector::start().await);
    let mut server = collector.server(dir.path(), &[]);
    server.post("/api/register", "ada", PASSWORD).await;
    let login: Login = server.post("/api/login", "ada", PASSWORD).await.json().await.unwrap();
    let verify = async |traceparent: Option<String>| {
        let mut request = client().get(format!("{}/api/verify", server.url));
        if let Some(traceparent) = traceparent {
            request = request.header("traceparent", traceparent);
        }
        let answer = request.bearer_auth(login.access_token.expose()).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    };
    // The first one is traced, since this server does not know the token.
    verify(None).await;
    verify(None).await;
    verify(Some(format!("00-{TRACE}-{SPAN}-00"))).await;
    verify(Some(format!("00-{TRACE}-{SPAN}-01"))).await;
    let traced = collector.span(TRACE, "GET /api/verify").await;
    assert_eq!(traced["parentSpanId"], SPAN);
    let (status, log) = server.end(Signal::TERM);
    assert!(status.success(), "{log}");
    collector.spans.close();
    while let Some(span) = collector.spans.recv().await {
        collector.seen.push(span);
    }
    let verifications = collector.seen.iter().filter(|span| span["name"] == "GET /api/verify");
    assert_eq!(verifications.count(), 2, "{:?}", collector.seen);
}

#[tokio::test]
async fn without_a_collector_requests_are_answered_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mut command = serve_command(dir.path(), &[]);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{nobody}"));
    command.env("OTEL_BSP_SCHEDULE_DELAY", "20");
    let mut server = Process::of(command);
    assert_eq!(server.post("/api/register", "ada", PASSWORD).await.status(), 201);
    assert_eq!(server.post("/api/login", "ada", PASSWORD).await.status(), 200);
    let (status, log) = server.end(Signal::TERM);
    assert!(status.success(), "{log}");
    assert!(log.contains("BatchSpanProcessor"), "the log says that traces are lost: {log}");
}

#[test]
fn an_endpoint_that_is_no_url_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = serve_command(dir.path(), &[]);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", "no url at all");
    let ended = command.output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(!ended.status.success() && said.contains("OTEL_EXPORTER_OTLP_ENDPOINT"), "{said}");
}
