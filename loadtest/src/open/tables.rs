//! The numbers of an open-loop run, for people.

use std::fmt::Write;

use super::result::{FailureCount, Generator, HostResult, PhaseResult, RunResult};
use crate::histogram::{Figures, Times};
use crate::report::{Table, words};
use crate::stats::needed;
use crate::sut::Outcome;
use crate::tally::Tally;
use crate::text::{UNKNOWN, grouped, percent_or, time, time_or_dash};

/// The tables of the report.
pub(crate) fn tables(result: &RunResult) -> Vec<Table> {
    let mut tables = vec![latencies(result), intervals(result), outcomes(result)];
    if result.phases.len() > 1 {
        tables.push(phases(result));
    }
    if !result.hosts.is_empty() {
        tables.push(hosts(result));
    }
    if !result.failures.is_empty() {
        tables.push(failures(result));
    }
    tables.push(generator(result));
    tables
}

/// The streams that had a load, and the renewals of tokens.
fn offered(result: &RunResult) -> impl Iterator<Item = (&str, Tally)> {
    result.shown().into_iter().filter(|(_, tally)| tally.offered > 0)
}

fn times(times: &Times) -> [String; 7] {
    let Figures { p50, p90, p95, p99, p999, max, mean, .. } = times.figures();
    let mean = mean.map_or_else(|| "-".to_owned(), time);
    [
        time_or_dash(p50),
        time_or_dash(p90),
        time_or_dash(p95),
        time_or_dash(p99),
        time_or_dash(p999),
        time_or_dash(max),
        mean,
    ]
}

const LATENCIES_NOTE: &str = "\
    Latency is from when a request should have begun, service time from when it was sent, both to \
    the last byte of the answer. They are of the requests that were answered rightly, and of \
    those that were waited for in vain; what was refused at once would make them look better than \
    they are.";

fn latencies(result: &RunResult) -> Table {
    let mut rows = Vec::new();
    for (name, tally) in offered(result) {
        for (what, of) in [("latency", &tally.latency), ("service time", &tally.service)] {
            let mut row = vec![format!("{name} {what}"), grouped(of.count())];
            row.extend(times(of));
            rows.push(row);
        }
    }
    Table::new(
        "Times",
        LATENCIES_NOTE,
        ["Request", "count", "p50", "p90", "p95", "p99", "p99.9", "max", "mean"],
        rows,
    )
}

const INTERVALS_NOTE: &str = "\
    Between which times each percentile lies with 95 % confidence, as far as requests are \
    independent of each other. Where there are too few of them, the interval has no upper end, \
    and an objective about the percentile cannot be decided.";

fn intervals(result: &RunResult) -> Table {
    let mut rows = Vec::new();
    for (name, tally) in offered(result) {
        for (what, of) in [("latency", &tally.latency), ("service time", &tally.service)] {
            let mut row = vec![format!("{name} {what}")];
            row.extend([0.5, 0.9, 0.95, 0.99, 0.999].map(|share| interval(of, share)));
            rows.push(row);
        }
    }
    Table::new(
        "How certain the percentiles are",
        INTERVALS_NOTE,
        ["Request", "p50", "p90", "p95", "p99", "p99.9"],
        rows,
    )
}

fn interval(times: &Times, share: f64) -> String {
    match times.interval(share) {
        (Some(low), Some(high)) => format!("{} to {}", time(low as f64), time(high as f64)),
        _ => {
            let (count, needed) = (grouped(times.count()), grouped(needed(share)));
            format!("too few: {count} of {needed}")
        }
    }
}

const OUTCOMES_NOTE: &str = "\
    Answered per second counts what was answered while requests arrived, not what was left of a \
    queue afterwards. Dropped requests waited so long for a free slot that they were given up \
    before they were sent. Late ones were sent late through the generator's own fault. Transport: \
    no connection, no whole answer, or none in time.";

fn outcomes(result: &RunResult) -> Table {
    let seconds = result.measured().as_secs_f64();
    let rate = |count: u64| match seconds > 0.0 {
        true => format!("{:.1}", count as f64 / seconds),
        false => "-".to_owned(),
    };
    let rows = offered(result).map(|(name, tally)| {
        let mut row = vec![name.to_owned(), grouped(tally.offered), rate(tally.offered)];
        row.extend([rate(tally.in_time.answered()), grouped(tally.dropped), grouped(tally.late)]);
        row.extend(tally.outcomes.iter().map(|(_, count)| grouped(count)));
        row
    });
    let mut head = words(["Request", "offered", "offered/s", "answered/s", "dropped", "late"]);
    head.extend(Outcome::ALL.map(|outcome| outcome.to_string()));
    Table::new("Outcomes", OUTCOMES_NOTE, head, rows.collect())
}

const PHASES_NOTE: &str = "Latency from the intended start. Right per second: what was answered rightly during the phase.";

fn phases(result: &RunResult) -> Table {
    let rows = |phase: &PhaseResult| {
        let tallies = result.names.iter().zip(&phase.tallies);
        let offered = tallies.filter(|(_, tally)| tally.offered > 0);
        offered.map(|(name, tally)| phase_row(result, phase, name, tally)).collect::<Vec<_>>()
    };
    Table::new(
        "Phase by phase",
        PHASES_NOTE,
        ["Phase", "offered/s", "right/s", "not right", "p50", "p99", "p99.9"],
        result.phases.iter().flat_map(rows).collect(),
    )
}

fn phase_row(result: &RunResult, phase: &PhaseResult, name: &str, tally: &Tally) -> Vec<String> {
    let seconds = result.lasted(phase).as_secs_f64().max(1e-9);
    let rate = |count: u64| format!("{:.1}", count as f64 / seconds);
    let measured = if phase.phase.measured { "" } else { " (not measured)" };
    let Figures { p50, p99, p999, .. } = tally.latency.figures();
    let mut row = vec![format!("{}{measured}: {name}", phase.phase.name)];
    row.extend([rate(tally.offered), rate(tally.in_time.served()), grouped(tally.unserved())]);
    row.extend([p50, p99, p999].map(time_or_dash));
    row
}

const HOSTS_NOTE: &str = "\
    Of the measured phases; latency from the intended start. Requests go round the hosts, whether \
    or not those answer.";

fn hosts(result: &RunResult) -> Table {
    let mut rows = Vec::new();
    for HostResult { host, tallies } in &result.hosts {
        let used = result.names.iter().zip(tallies).filter(|(_, tally)| tally.offered > 0);
        rows.extend(used.map(|(name, tally)| {
            let Figures { p50, p99, p999, .. } = tally.latency.figures();
            let counts = [tally.offered, tally.unserved()].map(grouped);
            let times = [p50, p99, p999].map(time_or_dash);
            std::iter::once(format!("{host}: {name}")).chain(counts).chain(times).collect()
        }));
    }
    let head = ["Host", "offered", "not right", "p50", "p99", "p99.9"];
    Table::new("Host by host", HOSTS_NOTE, head, rows)
}

fn failures(result: &RunResult) -> Table {
    let row = |failure: &FailureCount| {
        let count = grouped(failure.count);
        vec![failure.request.clone(), failure.kind.clone(), count, failure.example.clone()]
    };
    Table::new(
        "Failures",
        "Those of a warm-up too.",
        ["Request", "what", "how often", "the first one"],
        result.failures.iter().map(row).collect(),
    )
}

const GENERATOR_NOTE: &str = "\
    What the generator saw of itself. A request is sent once more, on a new connection, if the \
    server closed the kept one as the request left and not a byte of an answer came. If it was \
    late with more than 1 % of the requests or a hundred times as late with one, or used more \
    than 90 % of its core (unless it never sleeps), the run is invalid. Others are processes \
    other than the generator and the server: if they take more of the machine's processor time \
    than --max-others and less than a core is idle, the run is invalid, too. Steal is the share \
    of the time in which other virtual machines had the core that they had most, while this one \
    had work for it.";

fn generator(result: &RunResult) -> Table {
    let generator = &result.generator;
    let lag = generator.lag.times.figures();
    let percent = |share: f64| format!("{:.0}%", 100.0 * share);
    let contention = &result.contention;
    let number = |number: Option<f64>| {
        number.map_or_else(|| UNKNOWN.to_owned(), |number| format!("{number:.2}"))
    };
    let rows = [
        ("lag p50", time_or_dash(lag.p50)),
        ("lag p99", time_or_dash(lag.p99)),
        ("lag p99.9", time_or_dash(lag.p999)),
        ("worst lag", time_or_dash(lag.max)),
        ("late after", time(generator.lag.late_after.as_micros() as f64)),
        ("requests it was late with", grouped(generator.lag.late)),
        ("share of one core used", percent(generator.cpu)),
        ("the same in its busiest second", percent(generator.peak_cpu)),
        ("most requests under way at once", grouped(generator.peak_in_flight)),
        ("most requests that waited for a slot at once", grouped(generator.peak_waiting)),
        ("connections opened", grouped(generator.connections)),
        ("requests sent once more", grouped(generator.resent)),
        ("goes before all other threads", goes_first(generator).to_owned()),
        ("steal", percent_or(result.steal, "-")),
        ("others' share of the machine", percent_or(contention.others, UNKNOWN)),
        ("in the worst second", percent_or(result.worst_second().map(|(_, share)| share), UNKNOWN)),
        ("idle cores", number(contention.idle_cores)),
        ("some task waited for a core", percent_or(contention.cpu_pressure, UNKNOWN)),
        ("some task waited for memory", percent_or(contention.memory_pressure, UNKNOWN)),
        (
            "the server's threads waited for a core, seconds per second",
            number(contention.server_delay),
        ),
    ];
    Table::of_values("The generator", GENERATOR_NOTE, rows)
}

fn goes_first(generator: &Generator) -> &'static str {
    match (generator.realtime, generator.busy_wait) {
        (true, _) => "yes",
        (false, true) => "no, it never sleeps",
        (false, false) => "no, the system does not allow it",
    }
}

/// A row for each request, for standard output.
pub(crate) fn summary(result: &RunResult) -> String {
    let names = offered(result).map(|(name, _)| name.len()).max();
    let width = names.unwrap_or(0).max(10);
    let mut text = format!(
        "{:width$} {:>9} {:>9} {:>7} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "request", "offered", "right", "not", "right/s", "p50", "p95", "p99", "p99.9", "max"
    );
    let seconds = result.measured().as_secs_f64().max(1e-9);
    let mut intervals = Vec::new();
    for (name, tally) in offered(result) {
        let Figures { p50, p95, p99, p999, max, .. } = tally.latency.figures();
        let counts = [tally.offered, tally.served(), tally.unserved()].map(grouped);
        let times = [p50, p95, p99, p999, max].map(|us| format!("{:>9}", time_or_dash(us)));
        let rate = tally.in_time.served() as f64 / seconds;
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{name:width$} {:>9} {:>9} {:>7}", counts[0], counts[1], counts[2]);
        let _ = write!(text, " {rate:>9.1} {}", times.join(" "));
        intervals.push(format!("{name} p99 {}", interval(&tally.latency, 0.99)));
    }
    let generator = &result.generator;
    let lag = generator.lag.times.figures();
    let _ = write!(
        text,
        "\n95% intervals: {}\nlatency from the intended start, over {seconds:.1} s; generator: lag \
         p99 {}, at worst {}, {:.0}% of a core; steal {}; others' share of the machine {}",
        intervals.join("; "),
        time_or_dash(lag.p99),
        time_or_dash(lag.max),
        100.0 * generator.cpu,
        percent_or(result.steal, "-"),
        percent_or(result.contention.others, UNKNOWN)
    );
    text
}
