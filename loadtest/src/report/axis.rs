//! The axes of pictures: what they are of, and where their ticks are.

use std::ops::Range;

use crate::text::{grouped, short_time};

/// An axis.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    pub(crate) label: String,
    pub(crate) unit: Unit,
}

/// What is on an axis, and how it is laid out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unit {
    /// Numbers from 0.
    Number,
    /// Numbers, from a little below the lowest on.
    Near,
    /// Numbers in percent from 0.
    Percent,
    /// Times in microseconds, logarithmic.
    Time,
    /// Shares below 1 of which the distance to 1 is logarithmic: 0, 0.9, 0.99 and so on, as
    /// percentiles.
    Percentile,
}

impl Axis {
    pub(crate) fn new(label: impl Into<String>, unit: Unit) -> Self {
        Self { label: label.into(), unit }
    }

    /// A value's place, in units that are even on the axis.
    pub(super) fn forth(&self, value: f64) -> f64 {
        match self.unit {
            Unit::Number | Unit::Near | Unit::Percent => value,
            // What took less than a microsecond is shown as one.
            Unit::Time => value.max(1.0).log10(),
            Unit::Percentile => -(1.0 - value).log10(),
        }
    }

    /// The value at a place.
    pub(super) fn back(&self, place: f64) -> f64 {
        match self.unit {
            Unit::Number | Unit::Near | Unit::Percent => place,
            Unit::Time => 10f64.powf(place),
            Unit::Percentile => 1.0 - 10f64.powf(-place),
        }
    }

    pub(super) fn format(&self, value: f64) -> String {
        match self.unit {
            Unit::Number if value >= 1000.0 => grouped(value.round() as u64),
            Unit::Number | Unit::Near => plain(value),
            Unit::Percent => format!("{}%", plain(value)),
            Unit::Time => short_time(value),
            Unit::Percentile => format!("{}%", plain((value * 1e8).round() / 1e6)),
        }
    }

    /// The range of the axis for values at these places, and its ticks.
    pub(super) fn span(&self, places: impl Iterator<Item = f64>) -> (Range<f64>, Vec<f64>) {
        let (low, high) = places.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), at| {
            (low.min(at), high.max(at))
        });
        let (low, high) = if low > high { (0.0, 1.0) } else { (low, high) };
        match self.unit {
            Unit::Number | Unit::Percent => even(high),
            Unit::Near => near(low, high),
            Unit::Time => decades(low, high),
            Unit::Percentile => {
                let end = high.max(1.0);
                (0.0..end, (0..=end.floor() as i32).map(f64::from).collect())
            }
        }
    }
}

/// From 0 to a little above the highest value, with ticks at multiples of 1, 2 or 5 of a power of
/// ten.
fn even(high: f64) -> (Range<f64>, Vec<f64>) {
    let high = if high > 0.0 { high } else { 1.0 };
    multiples(0.0, high)
}

/// From a little below the lowest value to a little above the highest, with such ticks.
fn near(low: f64, high: f64) -> (Range<f64>, Vec<f64>) {
    let wide = high - low > 1e-9 * high.abs().max(1e-9);
    let high = if wide { high } else { low + low.abs().max(1.0) * 0.1 };
    multiples(low, high)
}

/// Multiples of a round step, of which the first is at most `low` and the last at least `high`.
fn multiples(low: f64, high: f64) -> (Range<f64>, Vec<f64>) {
    let rough = (high - low) / 6.0;
    let power = 10f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0];
    let step = power * steps.into_iter().find(|step| step * power >= rough).unwrap_or(10.0);
    let (first, last) = ((low / step).floor(), (high / step).ceil());
    let ticks = (last - first).round() as i32;
    (first * step..last * step, (0..=ticks).map(|n| (first + f64::from(n)) * step).collect())
}

/// Whole decades that hold both, with a tick at each power of ten, and at twice and five times it
/// where there are few.
fn decades(low: f64, high: f64) -> (Range<f64>, Vec<f64>) {
    let (start, end) = (low.floor(), high.ceil().max(low.floor() + 1.0));
    let mut ticks = Vec::new();
    for power in start as i32..=end as i32 {
        let power = f64::from(power);
        ticks.push(power);
        if end - start <= 2.0 && power < end {
            ticks.extend([power + 2f64.log10(), power + 5f64.log10()]);
        }
    }
    (start..end, ticks)
}

/// At most three decimals, and none that are 0.
fn plain(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(unit: Unit, values: &[f64]) -> Vec<String> {
        let axis = Axis::new("", unit);
        let (range, ticks) = axis.span(values.iter().map(|value| axis.forth(*value)));
        for value in values {
            let place = axis.forth(*value);
            assert!((range.start..=range.end).contains(&place), "{value} is not in {range:?}");
        }
        ticks.into_iter().map(|tick| axis.format(axis.back(tick))).collect()
    }

    #[test]
    fn numbers_have_ticks_that_people_count_in() {
        assert_eq!(labels(Unit::Number, &[3.0, 28.0]), ["0", "5", "10", "15", "20", "25", "30"]);
        assert_eq!(labels(Unit::Number, &[1990.0])[1], "500");
        assert_eq!(labels(Unit::Number, &[1990.0]).last().unwrap(), "2,000");
        assert_eq!(
            labels(Unit::Percent, &[0.3]),
            ["0%", "0.05%", "0.1%", "0.15%", "0.2%", "0.25%", "0.3%"]
        );
    }

    #[test]
    fn numbers_that_lie_near_each_other_fill_the_axis() {
        assert_eq!(
            labels(Unit::Near, &[50.3, 51.4]),
            ["50.2", "50.4", "50.6", "50.8", "51", "51.2", "51.4"]
        );
        assert_eq!(labels(Unit::Near, &[-0.5, 2.0])[0], "-0.5");
        assert!(labels(Unit::Near, &[7.0]).len() >= 2);
    }

    #[test]
    fn times_have_whole_decades() {
        assert_eq!(
            labels(Unit::Time, &[230.0, 4100.0]),
            ["100 us", "200 us", "500 us", "1 ms", "2 ms", "5 ms", "10 ms"]
        );
        assert_eq!(
            labels(Unit::Time, &[50.0, 2_000_000.0]),
            ["10 us", "100 us", "1 ms", "10 ms", "100 ms", "1 s", "10 s"]
        );
    }

    #[test]
    fn percentiles_stretch_towards_all() {
        assert_eq!(labels(Unit::Percentile, &[0.0, 0.9995]), ["0%", "90%", "99%", "99.9%"]);
    }

    #[test]
    fn nothing_has_an_axis_too() {
        for unit in [Unit::Number, Unit::Near, Unit::Percent, Unit::Time, Unit::Percentile] {
            assert!(labels(unit, &[]).len() >= 2, "{unit:?}");
        }
    }
}
