//! A build with traces. The `OTEL_...` variables of OpenTelemetry say where they go, and how many.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use http::{HeaderMap, Method, StatusCode};
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::resource::EnvResourceDetector;
use opentelemetry_sdk::resource::ResourceDetector as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::field::Empty;
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::registry::LookupSpan;

use super::asked_for_by;

/// The target of the spans. The log has another target, so that a line does not name these spans.
const TARGET: &str = "traces";

/// Whether traces are sent. Set once, at the start.
static SENDS: AtomicBool = AtomicBool::new(false);

/// Sends the traces, and at its end those that still wait.
#[derive(Debug)]
pub(crate) struct Traces(SdkTracerProvider);

impl Drop for Traces {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown() {
            tracing::warn!("the last traces were not sent: {error}");
        }
    }
}

/// Begins to send traces, if somebody asks for them.
pub(crate) fn start() -> anyhow::Result<Option<Traces>> {
    let Some(variable) = asked_for_by() else { return Ok(None) };
    let exporter = SpanExporter::builder().with_http().build();
    let exporter = exporter.with_context(|| format!("{variable}: can't send traces"))?;
    let traces =
        SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource());
    SENDS.store(true, Ordering::Relaxed);
    Ok(Some(Traces(traces.build())))
}

/// Who sends them: `hallpass`, unless a variable has another name for the service.
fn resource() -> Resource {
    let version = opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let resource = Resource::builder().with_attribute(version);
    let is_named = std::env::var_os("OTEL_SERVICE_NAME").is_some()
        || EnvResourceDetector::new().detect().get(&"service.name".into()).is_some();
    if is_named { resource.build() } else { resource.with_service_name("hallpass").build() }
}

/// The layer that turns spans into traces. It sees no others than ours.
pub(crate) fn layer<S>(traces: &Traces) -> impl Layer<S> + Send + Sync + use<S>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    tracing_opentelemetry::layer()
        .with_tracer(traces.0.tracer("hallpass"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_level(false)
        .with_tracked_inactivity(false)
        .with_filter(Targets::new().with_target(TARGET, LevelFilter::INFO))
}

/// Whether the caller of a request wants it to be traced. Verifications of known tokens are traced
/// only then, since there are too many of them.
pub(crate) fn is_wanted(headers: &HeaderMap) -> bool {
    SENDS.load(Ordering::Relaxed) && headers.contains_key("traceparent") && {
        let caller = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
        caller.span().span_context().is_sampled()
    }
}

/// The span of a request. It belongs to the trace that `traceparent` names, or else begins one.
pub(crate) fn request(
    method: &Method,
    route: &'static str,
    path: &str,
    headers: &HeaderMap,
    client: IpAddr,
) -> Span {
    let span = tracing::info_span!(
        target: TARGET,
        "request",
        otel.name = format_args!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = %method,
        http.route = route,
        http.response.status_code = Empty,
        url.path = path,
        client.address = %client,
    );
    if !span.is_disabled() {
        let caller = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
        // It fails only for a span that has begun.
        let _ = span.set_parent(caller);
    }
    span
}

/// Notes how a request was answered.
pub(crate) fn answered(request: &Span, status: StatusCode) {
    request.record("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        request.record("otel.status_code", "ERROR");
    }
}

/// The span of a step that takes time.
pub(crate) fn step(name: &'static str) -> Span {
    tracing::info_span!(target: TARGET, "step", otel.name = name)
}
