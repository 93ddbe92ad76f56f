//! The figures of a run as text: a row for each request, times in microseconds where they are
//! short.

use std::fmt;

use goose::metrics::{GooseMetrics, GooseRequestMetricAggregate};
use goose::test_plan::TestPlanStepAction;
use serde::Serialize;

use super::tally::{Outcomes, RequestRow};
use super::world::World;
use crate::sut::Outcome;
use crate::text::{grouped, time};

/// One request's figures.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RowFigures {
    pub(crate) row: RequestRow,
    pub(crate) method: String,
    /// As in Goose's reports.
    pub(crate) name: String,
    /// Of the whole run, its ramp-up included.
    pub(crate) outcomes: Outcomes,
    /// From the end of the ramp-up on, like all that follows.
    pub(crate) count: u64,
    pub(crate) failed: u64,
    pub(crate) times: ServiceTimes,
    /// Shares of the requests, each with the time that it did not exceed, in microseconds.
    pub(crate) distribution: Vec<(f64, f64)>,
}

/// Times from sending a request to the answer's headers, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct ServiceTimes {
    pub(super) p50: u64,
    pub(super) p90: u64,
    pub(super) p95: u64,
    pub(super) p99: u64,
    pub(super) p999: u64,
    pub(super) max: u64,
    pub(super) mean: f64,
}

/// The rows and the time in which they were measured.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Summary {
    pub(crate) rows: Vec<RowFigures>,
    pub(crate) seconds: f64,
}

impl Summary {
    pub(crate) fn of(metrics: &GooseMetrics, world: &World, with_ramp_up: bool) -> Self {
        let figures = |(row, outcomes): (RequestRow, Outcomes)| {
            let (method, name) = (world.target.endpoint(row.call).0.to_string(), world.name(row));
            let aggregate = metrics.requests.get(&format!("{method} {name}"));
            let times = aggregate.map(ServiceTimes::of).unwrap_or_default();
            let distribution = aggregate.map(distribution).unwrap_or_default();
            let failed = aggregate.map_or(0, |aggregate| aggregate.fail_count as u64);
            let served = aggregate.map_or(0, |aggregate| aggregate.success_count as u64);
            RowFigures {
                row,
                method,
                name,
                outcomes,
                count: served + failed,
                failed,
                times,
                distribution,
            }
        };
        let rows = world.tally.outcomes().into_iter().map(figures).collect();
        Self { rows, seconds: seconds(metrics, with_ramp_up) }
    }

    /// Requests that were answered rightly, in this row or, without one, in all.
    pub(crate) fn served(&self, row: Option<RequestRow>) -> u64 {
        self.rows
            .iter()
            .filter(|figures| row.is_none_or(|row| figures.row == row))
            .map(|figures| figures.count - figures.failed)
            .sum()
    }

    pub(crate) fn failed(&self) -> u64 {
        self.rows.iter().map(|figures| figures.failed).sum()
    }

    /// Requests per second of measured time.
    pub(crate) fn rate(&self, count: u64) -> f64 {
        if self.seconds > 0.0 { count as f64 / self.seconds } else { 0.0 }
    }
}

impl ServiceTimes {
    fn of(aggregate: &GooseRequestMetricAggregate) -> Self {
        let times = &aggregate.raw_data;
        let count = times.counter.max(1) as f64;
        Self {
            p50: times.percentile_us(0.5),
            p90: times.percentile_us(0.9),
            p95: times.percentile_us(0.95),
            p99: times.percentile_us(0.99),
            p999: times.percentile_us(0.999),
            max: times.maximum_time_us,
            mean: times.total_time_us as f64 / count,
        }
    }
}

/// Up to the share of which the requests hold ten.
fn distribution(aggregate: &GooseRequestMetricAggregate) -> Vec<(f64, f64)> {
    let times = &aggregate.raw_data;
    let rarest = 10.0 / times.counter.max(1) as f64;
    let shares = (0..=40).map(|step| 1.0 - 10f64.powf(-0.1 * f64::from(step)));
    let point = |share: f64| (share, times.percentile_us(share as f32) as f64);
    shares.take_while(|share| 1.0 - share >= rarest).map(point).collect()
}

/// How long the counted requests took. Goose's own duration is in whole seconds, which is a tenth
/// of a ten-second run, so this goes by the time stamps of its steps.
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

impl Summary {
    fn fmt_outcomes(
        &self,
        f: &mut fmt::Formatter<'_>,
        names: &[String],
        width: usize,
    ) -> fmt::Result {
        write!(f, "{:width$}", "")?;
        Outcome::ALL.iter().try_for_each(|outcome| write!(f, " {outcome:>12}"))?;
        for (row, name) in self.rows.iter().zip(names) {
            write!(f, "\n{name:width$}")?;
            row.outcomes.iter().try_for_each(|count| write!(f, " {:>12}", grouped(*count)))?;
        }
        Ok(())
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
            let (count, failed) = (grouped(row.count), grouped(row.failed));
            let ServiceTimes { p50, p95, p99, max, .. } = row.times;
            let [p50, p95, p99, max] = [p50, p95, p99, max].map(|us| time(us as f64));
            let rate = self.rate(row.count);
            write!(f, "{name:width$} {count:>11} {failed:>8} {rate:>10.1} ")?;
            writeln!(f, "{p50:>9} {p95:>9} {p99:>9} {max:>9}")?;
        }
        let seconds = self.seconds;
        writeln!(
            f,
            "measured for {seconds:.1} s after all users had started; outcomes from the start on:\n"
        )?;
        self.fmt_outcomes(f, &names, width)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::sut::Call;

    pub(crate) fn figures(call: Call, count: u64, failed: u64) -> RowFigures {
        RowFigures {
            row: RequestRow::of(call),
            method: "GET".into(),
            name: format!("/api/{}", call.key()),
            outcomes: [count - failed, 0, failed, 0, 0, 0],
            count,
            failed,
            times: ServiceTimes {
                p50: 229,
                p95: 4_100,
                p99: 12_340,
                max: 12_345_678,
                ..ServiceTimes::default()
            },
            distribution: vec![(0.0, 200.0), (0.9, 3_000.0)],
        }
    }

    #[test]
    fn a_row_shows_its_rate_and_each_time_with_its_unit() {
        let summary = Summary { rows: vec![figures(Call::Verify, 12_000, 3)], seconds: 10.0 };
        let text = summary.to_string();
        let fields: Vec<&str> = text.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!(
            fields.join(" "),
            "GET /api/verify 12,000 3 1200.0 229 us 4100 us 12.3 ms 12.3 s"
        );
    }

    #[test]
    fn the_outcomes_have_a_column_each() {
        let summary = Summary { rows: vec![figures(Call::Verify, 12_000, 3)], seconds: 10.0 };
        let text = summary.to_string();
        let lines: Vec<&str> = text.lines().rev().take(2).collect();
        assert!(lines[1].ends_with(" 429          503    transport"), "{text}");
        let fields: Vec<&str> = lines[0].split_whitespace().collect();
        assert_eq!(fields[2..], ["11,997", "0", "3", "0", "0", "0"]);
    }

    #[test]
    fn a_run_without_requests_divides_by_nothing() {
        let summary = Summary { rows: vec![figures(Call::Verify, 0, 0)], seconds: 0.0 };
        assert_eq!((summary.served(None), summary.failed()), (0, 0));
        assert!(!summary.to_string().contains("NaN"));
    }

    #[test]
    fn served_are_the_requests_that_did_not_fail() {
        let rows = vec![figures(Call::Login, 10, 3), figures(Call::Verify, 5, 0)];
        let summary = Summary { rows, seconds: 1.0 };
        assert_eq!(summary.served(Some(RequestRow::of(Call::Login))), 7);
        assert_eq!(summary.served(None), 12);
        assert_eq!(summary.failed(), 3);
    }
}
