//! Service level objectives as they are written on the command line, and whether they hold.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Serialize;

use crate::histogram::Times;
use crate::open::Tally;
use crate::report::{grouped, time as time_text};
use crate::stats::needed;

/// Something that must hold of one request's figures, or of each request's.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Slo {
    /// As it was written.
    text: String,
    /// The request that it is about; `None` for each of them.
    pub(crate) request: Option<String>,
    measure: Measure,
    comparison: Comparison,
    bound: f64,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Measure {
    /// A latency in microseconds, from the intended start.
    Latency(Statistic),
    /// A service time in microseconds, from the real start.
    Service(Statistic),
    /// A number of requests, in percent of those that were due.
    Share(Count),
    /// A number of requests per second.
    Rate(Count),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Statistic {
    /// The time that this share of all does not exceed.
    Quantile(f64),
    Max,
    Mean,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Count {
    /// Not answered as they should be.
    Errors,
    /// Answered in whatever way.
    Achieved,
    /// Answered as they should be.
    Served,
    /// Given up before they were sent.
    Dropped,
    /// Taken in hand late by the generator.
    Late,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// An objective, applied to one request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Judged {
    /// As it was written, or what goes without saying.
    pub(crate) slo: String,
    pub(crate) request: String,
    /// What was measured, with its unit; `None` if there was nothing to measure.
    pub(crate) observed: Option<String>,
    /// Whether it holds; not if there was nothing to measure, or too little.
    pub(crate) held: bool,
    /// Why nothing can be said, such as too few requests; `None` if it holds or is missed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) undecided: Option<String>,
}

impl Slo {
    /// That every request is answered rightly.
    pub(crate) fn no_errors() -> Self {
        Self {
            text: "errors<=0%".to_owned(),
            request: None,
            measure: Measure::Share(Count::Errors),
            comparison: Comparison::LessOrEqual,
            bound: 0.0,
        }
    }

    /// That fewer requests than this share, in percent, are not answered rightly.
    pub(crate) fn errors_below(percent: f64) -> Self {
        Self {
            text: format!("errors<{percent}%"),
            request: None,
            measure: Measure::Share(Count::Errors),
            comparison: Comparison::Less,
            bound: percent,
        }
    }

    /// That 99 of 100 requests of this name take less than this.
    pub(crate) fn p99_below(request: &str, time: Duration) -> Self {
        Self {
            text: format!("{request} p99<{}", humantime::format_duration(time)),
            request: Some(request.to_owned()),
            measure: Measure::Latency(Statistic::Quantile(0.99)),
            comparison: Comparison::Less,
            bound: time.as_micros() as f64,
        }
    }

    /// Whether it bounds the requests that are not answered as they should be.
    pub(crate) fn is_about_errors(&self) -> bool {
        let (Measure::Share(count) | Measure::Rate(count)) = self.measure else { return false };
        matches!(count, Count::Errors | Count::Served)
    }

    /// How many requests it takes to decide it, if it is about a percentile.
    pub(crate) fn needed(&self) -> Option<u64> {
        self.measure.quantile().map(needed)
    }

    /// The latency that it sets a bound to, in microseconds.
    pub(crate) fn latency_bound(&self) -> Option<f64> {
        matches!(self.measure, Measure::Latency(_)).then_some(self.bound)
    }

    pub(crate) fn applies_to(&self, request: &str) -> bool {
        self.request.as_ref().is_none_or(|name| name == request)
    }

    /// Applies it to the requests of one name, measured for this long.
    pub(crate) fn judge(&self, request: &str, tally: &Tally, measured: Duration) -> Judged {
        let undecided = self.undecided(tally);
        let interval = self.measure.interval(tally).unwrap_or_default();
        let observed = self.measure.of(tally, measured).map(|value| self.measure.show(value));
        Judged {
            slo: self.text.clone(),
            request: request.to_owned(),
            observed: observed.map(|observed| observed + &interval),
            held: undecided.is_none() && self.held_by(tally, measured),
            undecided,
        }
    }

    /// Whether it holds of what was measured, however little that is.
    pub(crate) fn held_by(&self, tally: &Tally, measured: Duration) -> bool {
        let observed = self.measure.of(tally, measured);
        observed.is_some_and(|value| self.comparison.holds(value, self.bound))
    }

    /// Why it cannot be decided: a percentile takes so many requests that its 95 % interval has both ends.
    /// What the end that it has decides is decided with fewer.
    fn undecided(&self, tally: &Tally) -> Option<String> {
        let (times, share) = self.measure.estimated(tally)?;
        let (count, needed) = (times.count(), needed(share));
        if count == 0 || count >= needed {
            return None;
        }
        let low = times.interval(share).0.map(|us| us as f64);
        let at_most = matches!(self.comparison, Comparison::Less | Comparison::LessOrEqual);
        let decided = low.is_some_and(|low| self.comparison.holds(low, self.bound) != at_most);
        let is_mean = self.measure.quantile().is_none();
        (is_mean || !decided).then(|| {
            format!("too few requests, {} of at least {}", grouped(count), grouped(needed))
        })
    }
}

impl Measure {
    /// The percentile that it is.
    fn quantile(self) -> Option<f64> {
        match self {
            Self::Latency(Statistic::Quantile(share))
            | Self::Service(Statistic::Quantile(share)) => Some(share),
            _ => None,
        }
    }

    /// The times of which it is an estimate, and the quantile; a mean takes as many as a median.
    fn estimated(self, tally: &Tally) -> Option<(&Times, f64)> {
        let (times, statistic) = match self {
            Self::Latency(statistic) => (&tally.latency, statistic),
            Self::Service(statistic) => (&tally.service, statistic),
            Self::Share(_) | Self::Rate(_) => return None,
        };
        match statistic {
            Statistic::Quantile(share) if share > 0.0 => Some((times, share)),
            Statistic::Mean => Some((times, 0.5)),
            Statistic::Quantile(_) | Statistic::Max => None,
        }
    }

    /// The 95 % interval of a percentile, in words; `None` if it has not both ends.
    fn interval(self, tally: &Tally) -> Option<String> {
        let share = self.quantile()?;
        let (times, _) = self.estimated(tally)?;
        let (low, high) = times.interval(share);
        Some(format!(" (95%: {} to {})", time_text(low? as f64), time_text(high? as f64)))
    }

    fn of(self, tally: &Tally, measured: Duration) -> Option<f64> {
        match self {
            Self::Latency(statistic) => statistic.of(&tally.latency),
            Self::Service(statistic) => statistic.of(&tally.service),
            Self::Share(count) => {
                (tally.offered > 0).then(|| 100.0 * count.of(tally) as f64 / tally.offered as f64)
            }
            Self::Rate(count) => {
                (!measured.is_zero()).then(|| count.in_time(tally) as f64 / measured.as_secs_f64())
            }
        }
    }

    fn show(self, value: f64) -> String {
        match self {
            Self::Latency(_) | Self::Service(_) => time_text(value),
            Self::Share(_) => format!("{value:.3}%"),
            Self::Rate(_) => format!("{value:.1}/s"),
        }
    }
}

impl Statistic {
    /// In microseconds.
    fn of(self, times: &Times) -> Option<f64> {
        match self {
            Self::Quantile(share) => times.quantile(share).map(|us| us as f64),
            Self::Max => times.max().map(|us| us as f64),
            Self::Mean => times.mean(),
        }
    }
}

impl Count {
    fn of(self, tally: &Tally) -> u64 {
        match self {
            Self::Errors => tally.unserved(),
            Self::Achieved => tally.achieved(),
            Self::Served => tally.served(),
            Self::Dropped => tally.dropped,
            Self::Late => tally.late,
        }
    }

    /// What a rate counts: of answers, those that came while requests arrived.
    fn in_time(self, tally: &Tally) -> u64 {
        match self {
            Self::Achieved => tally.in_time.answered(),
            Self::Served => tally.in_time.served(),
            Self::Errors | Self::Dropped | Self::Late => self.of(tally),
        }
    }
}

impl Comparison {
    fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Self::Less => value < bound,
            Self::LessOrEqual => value <= bound,
            Self::Greater => value > bound,
            Self::GreaterOrEqual => value >= bound,
        }
    }
}

impl fmt::Display for Slo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Slo {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let at = text.find(['<', '>']).ok_or_else(|| {
            format!("{text:?} compares nothing: write it like 'verify p99<5ms' or 'errors<0.1%'")
        })?;
        let (left, right) = text.split_at(at);
        let (comparison, bound) = comparison(right);
        let mut words: Vec<&str> = left.split_whitespace().collect();
        let measure = words.pop().ok_or("what is to be compared? write it like 'p99<5ms'")?;
        let service = words.last() == Some(&"service");
        if service || words.last() == Some(&"latency") {
            words.pop();
        }
        let request = match words[..] {
            [] => None,
            [name] => Some(name.to_owned()),
            _ => return Err(format!("{left:?} is no request and measure, such as 'verify p99'")),
        };
        let (measure, bound) = measured(measure, service, bound.trim())?;
        Ok(Self { text: text.trim().to_owned(), request, measure, comparison, bound })
    }
}

/// The comparison that the text begins with, and the rest.
fn comparison(text: &str) -> (Comparison, &str) {
    let signs = [
        ("<=", Comparison::LessOrEqual),
        (">=", Comparison::GreaterOrEqual),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
    ];
    let found = signs.into_iter().find_map(|(sign, c)| Some((c, text.strip_prefix(sign)?)));
    found.unwrap_or((Comparison::Less, text))
}

fn measured(name: &str, service: bool, bound: &str) -> Result<(Measure, f64), String> {
    let count = match name {
        "errors" => Count::Errors,
        "achieved" => Count::Achieved,
        "served" => Count::Served,
        "dropped" => Count::Dropped,
        "late" => Count::Late,
        _ => {
            let statistic = statistic(name)?;
            let measure = if service { Measure::Service } else { Measure::Latency };
            return Ok((measure(statistic), time(bound)?));
        }
    };
    if service {
        return Err(format!("service goes with a time, such as 'service p99', not with {name}"));
    }
    let unit = [("%", true), ("/s", false)];
    let parsed = unit
        .into_iter()
        .find_map(|(unit, share)| Some((share, number(bound.strip_suffix(unit)?)?)));
    match parsed {
        Some((true, percent)) => Ok((Measure::Share(count), percent)),
        Some((false, rate)) => Ok((Measure::Rate(count), rate)),
        None => Err(format!("{name} is compared with a share or a rate, such as 0.1% or 5/s")),
    }
}

fn statistic(name: &str) -> Result<Statistic, String> {
    match name {
        "max" => return Ok(Statistic::Max),
        "mean" => return Ok(Statistic::Mean),
        _ => {}
    }
    let percent = match name {
        // As its key in JSON is.
        "p999" => Some(99.9),
        _ => name.strip_prefix('p').and_then(number).filter(|percent| *percent < 100.0),
    };
    percent.map(|percent| Statistic::Quantile(percent / 100.0)).ok_or_else(|| {
        format!(
            "{name:?} is no measure: there are p50, p99.9 and the like, max, mean, errors, achieved, \
             served, dropped and late"
        )
    })
}

/// A time in microseconds.
fn time(text: &str) -> Result<f64, String> {
    let units = [("us", 1.0), ("µs", 1.0), ("ms", 1e3), ("s", 1e6)];
    let parsed =
        units.into_iter().find_map(|(unit, us)| Some(us * number(text.strip_suffix(unit)?)?));
    parsed.ok_or_else(|| format!("{text:?} is no time: write it like 800us, 5ms or 1.5s"))
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Outcome;

    /// 90 requests that took 1 to 90 ms, 9 refusals and one that was dropped, in 10 s.
    fn tally() -> Tally {
        let mut tally = Tally { offered: 100, late: 2, dropped: 1, ..Tally::default() };
        for ms in 1..=90 {
            tally.outcomes.add(Outcome::Ok);
            tally.in_time.add(Outcome::Ok);
            tally.latency.record(Duration::from_millis(ms));
            tally.service.record(Duration::from_millis(1));
        }
        for _ in 0..9 {
            tally.outcomes.add(Outcome::Overloaded);
            tally.in_time.add(Outcome::Overloaded);
        }
        tally
    }

    fn judged(slo: &str) -> Judged {
        let slo: Slo = slo.parse().unwrap();
        slo.judge("verify", &tally(), Duration::from_secs(10))
    }

    #[test]
    fn an_objective_holds_or_does_not() {
        for (slo, held) in [
            ("p50<45.1ms", true),
            ("p50<45ms", false),
            ("p50<=45100us", true),
            ("verify max<=0.09s", true),
            ("latency mean>45ms", true),
            ("service p90<1.01ms", true),
            ("verify service p999 < 1ms", false),
            ("errors<=10%", true),
            ("errors<10%", false),
            ("errors<1.1/s", true),
            ("achieved>=99%", true),
            ("achieved>=9.9/s", true),
            ("served>=90%", true),
            ("served>90 %", false),
            ("dropped<=1%", true),
            ("late<2%", false),
        ] {
            assert_eq!(judged(slo).held, held, "{slo}: {:?}", judged(slo));
        }
    }

    #[test]
    fn what_was_answered_after_the_end_is_no_throughput() {
        // 250 arrive per second, of which 200 are answered; the rest when no more arrive.
        let mut tally = Tally { offered: 2500, ..Tally::default() };
        (0..2500).for_each(|_| tally.outcomes.add(Outcome::Ok));
        (0..2000).for_each(|_| tally.in_time.add(Outcome::Ok));
        let judged = |slo: &str| {
            slo.parse::<Slo>().unwrap().judge("verify", &tally, Duration::from_secs(10))
        };
        let served = judged("served>=240/s");
        assert_eq!((served.held, served.observed.as_deref()), (false, Some("200.0/s")));
        assert!(!judged("achieved>=201/s").held && judged("achieved>=200/s").held);
        assert!(judged("served>=100%").held, "each was answered in the end");
    }

    #[test]
    fn a_percentile_of_too_few_requests_is_not_decided() {
        let of = |count: u64, slo: &str| {
            let mut tally = Tally { offered: count, ..Tally::default() };
            (0..count).for_each(|_| tally.latency.record(Duration::from_millis(10)));
            slo.parse::<Slo>().unwrap().judge("verify", &tally, Duration::from_secs(10))
        };
        let few = of(3, "p99.9<1s");
        assert!(!few.held, "{few:?}");
        let why = few.undecided.as_deref();
        assert_eq!(why, Some("too few requests, 3 of at least 3,688"));
        for (count, slo, held, decided) in [
            (3687, "p99.9<1s", false, false),
            (3688, "p99.9<1s", true, true),
            (367, "p99<1s", false, false),
            (368, "p99<1s", true, true),
            (5, "p50<1s", false, false),
            (6, "p50<1s", true, true),
            (5, "mean<1s", false, false),
            (6, "mean<1s", true, true),
            (1, "max<1s", true, true),
            (3, "errors<1%", false, true),
            // All are slower: that three are enough for.
            (3, "p99.9<1ms", false, true),
            (3, "p99.9>1ms", true, true),
            (3, "p99.9>1s", false, false),
        ] {
            let judged = of(count, slo);
            let is = (judged.held, judged.undecided.is_none());
            assert_eq!(is, (held, decided), "{count} {slo}: {judged:?}");
        }
    }

    #[test]
    fn a_percentile_is_shown_with_its_interval() {
        assert_eq!(judged("p50<1s").observed.unwrap(), "45.0 ms (95%: 36.0 ms to 55.0 ms)");
    }

    #[test]
    fn what_was_observed_is_shown_with_its_unit() {
        let observed = |slo| judged(slo).observed.unwrap();
        assert_eq!(observed("max<1s"), "90.0 ms");
        assert_eq!(observed("errors<1%"), "10.000%");
        assert_eq!(observed("served>1/s"), "9.0/s");
    }

    #[test]
    fn nothing_holds_of_nothing() {
        for slo in ["p99<1s", "errors<=0%", "max>0s"] {
            let slo: Slo = slo.parse().unwrap();
            let judged = slo.judge("login", &Tally::default(), Duration::from_secs(1));
            assert_eq!((judged.held, judged.observed), (false, None));
        }
    }

    #[test]
    fn it_applies_to_the_request_that_it_names_or_to_each() {
        let slo: Slo = "login p99<5ms".parse().unwrap();
        assert!(slo.applies_to("login") && !slo.applies_to("verify"));
        assert!(Slo::no_errors().applies_to("verify") && Slo::no_errors().is_about_errors());
        assert!(!slo.is_about_errors());
    }

    #[test]
    fn an_error_says_what_is_wrong() {
        for (slo, says) in [
            ("verify p99", "compares nothing"),
            ("<5ms", "what is to be compared"),
            ("p99<5", "is no time"),
            ("p99<5%", "is no time"),
            ("p100<5ms", "is no measure"),
            ("latency<5ms", "is no measure"),
            ("errors<5ms", "share or a rate"),
            ("errors<-1%", "share or a rate"),
            ("service errors<1%", "service goes with a time"),
            ("verify login p99<5ms", "no request and measure"),
        ] {
            let error = slo.parse::<Slo>().unwrap_err();
            assert!(error.contains(says), "{slo}: {error}");
        }
    }
}
