//! Traces: a span for each request, and one for each step of it that takes time. They are for a
//! collector that speaks OTLP, the protocol of OpenTelemetry.
//!
//! Only a build with the feature `otlp` sends them. In any other build these functions do nothing.

#[cfg(feature = "otlp")]
#[path = "traces/otlp.rs"]
mod imp;
#[cfg(not(feature = "otlp"))]
#[path = "traces/none.rs"]
mod imp;

pub(crate) use imp::{Traces, answered, is_wanted, layer, request, start, step};

/// Any of these variables asks for traces.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

/// The variable by which somebody asks for traces.
fn asked_for_by() -> Option<&'static str> {
    let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    ENDPOINTS.into_iter().find(is_set)
}
