//! Request bodies while they arrive.

use prometheus::{IntCounter, IntGauge};

use super::families::Families;

/// Metrics of request bodies.
#[derive(Clone, Debug)]
pub struct Bodies {
    bytes: IntGauge,
    /// Bodies that were refused because others use all of their memory.
    pub refused: IntCounter,
}

impl Bodies {
    pub(super) fn new(families: Families<'_>) -> Self {
        Self {
            bytes: families.gauge(
                "hallpass_request_body_bytes",
                "Memory that request bodies take while they arrive.",
            ),
            refused: families.counter(
                "hallpass_request_bodies_refused_total",
                "Requests that were refused since bodies took all the memory they may.",
            ),
        }
    }

    /// Sets how many bytes are held now.
    pub fn set_bytes(&self, bytes: usize) {
        self.bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// How many bytes are held now.
    pub fn bytes(&self) -> i64 {
        self.bytes.get()
    }
}
