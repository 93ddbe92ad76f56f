//! How an objective is written.

use std::str::FromStr;

use super::Slo;
use super::measure::{Comparison, Count, Measure, Statistic};

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
