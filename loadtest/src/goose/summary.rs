//! The figures of a run as text: a row for each request, times in microseconds where they are short.

use std::fmt;

use goose::metrics::{GooseMetrics, GooseRequestMetricAggregate, GooseRequestMetricTimingData};
use goose::test_plan::TestPlanStepAction;

/// One request's figures. Times are from sending it to the answer's headers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) method: String,
    pub(crate) name: String,
    pub(crate) count: u64,
    pub(crate) failed: u64,
    p50_us: u64,
    p95_us: u64,
    p99_us: u64,
    max_us: u64,
}

/// The rows and the time in which they were measured.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Summary {
    pub(crate) rows: Vec<Row>,
    pub(crate) seconds: f64,
}

impl Summary {
    pub(crate) fn of(metrics: &GooseMetrics, with_ramp_up: bool) -> Self {
        let mut rows: Vec<Row> = metrics.requests.values().map(Row::of).collect();
        rows.sort_by(|a, b| (&a.name, &a.method).cmp(&(&b.name, &b.method)));
        Self { rows, seconds: seconds(metrics, with_ramp_up) }
    }

    /// Requests that were answered rightly, under this name or, without one, in all.
    pub(crate) fn served(&self, name: Option<&str>) -> u64 {
        self.rows
            .iter()
            .filter(|row| name.is_none_or(|name| row.name == name))
            .map(|row| row.count - row.failed)
            .sum()
    }

    pub(crate) fn failed(&self) -> u64 {
        self.rows.iter().map(|row| row.failed).sum()
    }
}

impl Row {
    fn of(aggregate: &GooseRequestMetricAggregate) -> Self {
        let times: &GooseRequestMetricTimingData = &aggregate.raw_data;
        let failed = aggregate.fail_count as u64;
        Self {
            method: aggregate.method_label().to_owned(),
            name: aggregate.path.clone(),
            count: aggregate.success_count as u64 + failed,
            failed,
            p50_us: times.percentile_us(0.5),
            p95_us: times.percentile_us(0.95),
            p99_us: times.percentile_us(0.99),
            max_us: times.maximum_time_us,
        }
    }
}

/// How long the counted requests took. Goose's own duration is in whole seconds, which is a tenth of a
/// ten-second run, so this goes by the time stamps of its steps.
fn seconds(metrics: &GooseMetrics, with_ramp_up: bool) -> f64 {
    let steps = &metrics.history;
    let begins = |step: &TestPlanStepAction| {
        matches!(step, TestPlanStepAction::Maintaining)
            || (with_ramp_up && matches!(step, TestPlanStepAction::Increasing))
    };
    let first = steps.iter().position(|step| begins(&step.action));
    let ends = |step: &TestPlanStepAction| {
        matches!(step, TestPlanStepAction::Decreasing | TestPlanStepAction::Canceling)
    };
    let last = steps.iter().position(|step| ends(&step.action));
    match (first, last) {
        (Some(first), Some(last)) if first < last => {
            let millis = |at: usize| steps[at].timestamp.timestamp_millis();
            (millis(last) - millis(first)) as f64 / 1000.0
        }
        _ => metrics.duration as f64,
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> =
            self.rows.iter().map(|row| format!("{} {}", row.method, row.name)).collect();
        let width = names.iter().map(String::len).max().unwrap_or(0).max("request".len());
        writeln!(
            f,
            "{:width$} {:>11} {:>8} {:>10} {:>9} {:>9} {:>9} {:>9}",
            "request", "count", "failed", "req/s", "p50", "p95", "p99", "max"
        )?;
        for (row, name) in self.rows.iter().zip(&names) {
            let rate = if self.seconds > 0.0 { row.count as f64 / self.seconds } else { 0.0 };
            writeln!(
                f,
                "{name:width$} {:>11} {:>8} {rate:>10.1} {:>9} {:>9} {:>9} {:>9}",
                grouped(row.count),
                grouped(row.failed),
                time(row.p50_us),
                time(row.p95_us),
                time(row.p99_us),
                time(row.max_us),
            )?;
        }
        write!(f, "measured for {:.1} s after all users had started", self.seconds)
    }
}

/// A time with its unit, at three digits or more.
fn time(us: u64) -> String {
    match us {
        0..10_000 => format!("{us} us"),
        10_000..10_000_000 => format!("{:.1} ms", us as f64 / 1e3),
        _ => format!("{:.1} s", us as f64 / 1e6),
    }
}

/// A number with a comma at every thousand.
pub(crate) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn row(name: &str, count: u64, failed: u64) -> Row {
        Row {
            method: "GET".into(),
            name: name.into(),
            count,
            failed,
            p50_us: 229,
            p95_us: 4_100,
            p99_us: 12_340,
            max_us: 12_345_678,
        }
    }

    #[test]
    fn a_row_shows_its_rate_and_each_time_with_its_unit() {
        let summary = Summary { rows: vec![row("/api/verify", 12_000, 3)], seconds: 10.0 };
        let text = summary.to_string();
        let fields: Vec<&str> = text.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!(
            fields.join(" "),
            "GET /api/verify 12,000 3 1200.0 229 us 4100 us 12.3 ms 12.3 s"
        );
    }

    #[test]
    fn a_run_without_requests_divides_by_nothing() {
        let summary = Summary::of(&GooseMetrics::default(), false);
        assert_eq!((summary.served(None), summary.failed()), (0, 0));
        assert!(!summary.to_string().contains("NaN"));
    }

    #[test]
    fn served_are_the_requests_that_did_not_fail() {
        let summary = Summary { rows: vec![row("a", 10, 3), row("b", 5, 0)], seconds: 1.0 };
        assert_eq!(summary.served(Some("a")), 7);
        assert_eq!(summary.served(None), 12);
        assert_eq!(summary.failed(), 3);
    }

    #[test]
    fn thousands_are_grouped() {
        let texts = [0, 999, 1_000, 1_234_567].map(grouped);
        assert_eq!(texts, ["0", "999", "1,000", "1,234,567"]);
    }
}
