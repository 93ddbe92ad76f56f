//! Makes metric families. Their names are constants, so making them can't fail.

use prometheus::core::Collector;
use prometheus::{
    Counter, Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry,
};

/// Makes families and registers them.
#[derive(Clone, Copy)]
pub(super) struct Families<'r>(pub(super) &'r Registry);

/// Upper bounds in seconds, from microseconds to the longest that anybody waits.
pub(super) const LATENCIES: &[f64] = &[
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
    1.0, 2.5, 5.0, 10.0,
];

impl Families<'_> {
    pub(super) fn counter(self, name: &str, help: &str) -> IntCounter {
        self.register(IntCounter::new(name, help))
    }

    pub(super) fn counters(self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        self.register(IntCounterVec::new(Opts::new(name, help), labels))
    }

    pub(super) fn seconds_counter(self, name: &str, help: &str) -> Counter {
        self.register(Counter::new(name, help))
    }

    pub(super) fn gauge(self, name: &str, help: &str) -> IntGauge {
        self.register(IntGauge::new(name, help))
    }

    pub(super) fn gauges(self, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
        self.register(IntGaugeVec::new(Opts::new(name, help), labels))
    }

    pub(super) fn seconds_gauge(self, name: &str, help: &str) -> Gauge {
        self.register(Gauge::new(name, help))
    }

    pub(super) fn histogram(self, name: &str, help: &str, bounds: &[f64]) -> Histogram {
        let opts = HistogramOpts::new(name, help).buckets(bounds.to_vec());
        self.register(Histogram::with_opts(opts))
    }

    pub(super) fn histograms(
        self,
        name: &str,
        help: &str,
        labels: &[&str],
        bounds: &[f64],
    ) -> HistogramVec {
        let opts = HistogramOpts::new(name, help).buckets(bounds.to_vec());
        self.register(HistogramVec::new(opts, labels))
    }

    fn register<F: Collector + Clone + 'static>(self, family: prometheus::Result<F>) -> F {
        let family = family.expect("names and labels are valid");
        self.0.register(Box::new(family.clone())).expect("each name is given once");
        family
    }
}
