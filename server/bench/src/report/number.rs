//! Formats figures for people.

use std::fmt;

use crate::row::{Target, Unit};
use crate::statistics::Spread;

/// A figure and its unit.
pub(crate) struct Quantity(pub(crate) f64, pub(crate) Unit);

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(figure, unit) = *self;
        let unit = match unit {
            Unit::PerSecond => "/s",
            Unit::Milliseconds => " ms",
            Unit::Microseconds => " us",
            Unit::Seconds => " s",
            Unit::Megabytes => " MB",
            Unit::Bytes => " B",
        };
        write!(f, "{}{unit}", three_digits(figure))
    }
}

/// The target of a row.
pub(super) fn bound(target: Target, unit: Unit) -> String {
    match target {
        Target::RatioAtLeast(ratio) => format!("≥ {ratio:.2}x"),
        Target::RatioReaches(ratio) => format!("reaches {ratio:.2}x"),
        Target::RatioAtMost(ratio) => format!("≤ {ratio:.2}x"),
        Target::AtLeast(figure) => format!("≥ {}", Quantity(figure, unit)),
        Target::AtMost(figure) => format!("≤ {}", Quantity(figure, unit)),
    }
}

/// The median, with the quartiles if they differ from it.
pub(super) fn ratio(ratio: Spread) -> String {
    let Spread { low, median, high, .. } = ratio;
    if low == high {
        return times(median);
    }
    let digits = digits(median);
    format!("{median:.digits$}x ({low:.digits$}..{high:.digits$})")
}

/// A ratio alone.
pub(crate) fn times(ratio: f64) -> String {
    let digits = digits(ratio);
    format!("{ratio:.digits$}x")
}

/// How many digits of a ratio say something.
fn digits(ratio: f64) -> usize {
    if ratio < 10.0 { 2 } else { 0 }
}

/// Three significant digits, with commas between thousands.
fn three_digits(figure: f64) -> String {
    let magnitude = figure.abs();
    if magnitude < 10.0 {
        return format!("{figure:.2}");
    }
    if magnitude < 100.0 {
        return format!("{figure:.1}");
    }
    if !figure.is_finite() {
        return "?".to_owned();
    }
    let step = 10f64.powf(magnitude.log10().floor() - 2.0);
    let digits = format!("{:.0}", (figure / step).round() * step);
    let first = digits.len() % 3;
    let groups = digits.as_bytes()[first..].chunks(3).map(String::from_utf8_lossy);
    let groups = (first > 0).then(|| digits[..first].into()).into_iter().chain(groups);
    groups.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits() {
        for (figure, told) in [
            (0.123, "0.12"),
            (28.47, "28.5"),
            (999.4, "999"),
            (5000.0, "5,000"),
            (61_234.0, "61,200"),
            (1_234_567.0, "1,230,000"),
            (f64::INFINITY, "?"),
        ] {
            assert_eq!(three_digits(figure), told);
        }
    }

    #[test]
    fn a_spread_is_shown_where_there_is_one() {
        let spread = |low, median, high| Spread { low, median, high, rounds: 3 };
        assert_eq!(ratio(Spread::single(0.876)), "0.88x");
        assert_eq!(ratio(spread(0.85, 0.876, 0.9)), "0.88x (0.85..0.90)");
        assert_eq!(ratio(spread(90.0, 101.2, 110.0)), "101x (90..110)");
    }
}
