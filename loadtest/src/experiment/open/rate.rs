//! Rates on the command line: constant, a ramp, or steps.

use std::fmt;
use std::str::FromStr;

use crate::open::Load;

/// A rate for each of one or more steps, in requests per second.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rates(Vec<(f64, f64)>);

impl Rates {
    pub(super) fn constant(rate: f64) -> Self {
        Self(vec![(rate, rate)])
    }

    pub(super) fn is_zero(&self) -> bool {
        self.0.iter().all(|(from, to)| *from == 0.0 && *to == 0.0)
    }

    /// The highest of all.
    pub(super) fn peak(&self) -> f64 {
        self.0.iter().map(|(from, to)| from.max(*to)).fold(0.0, f64::max)
    }

    /// The loads of several streams for each step; one step goes with each of the others'. `None`
    /// if they have different numbers of steps.
    pub(super) fn together(streams: &[&Self]) -> Option<Vec<Vec<Load>>> {
        let steps = streams.iter().map(|rates| rates.0.len()).max()?;
        let fits = |rates: &&Self| rates.0.len() == 1 || rates.0.len() == steps;
        let load = |rates: &&Self, step: usize| {
            let (from, to) = rates.0[if rates.0.len() == 1 { 0 } else { step }];
            Load::Rate { from, to }
        };
        let loads = |step| streams.iter().map(|rates| load(rates, step)).collect();
        streams.iter().all(fits).then(|| (0..steps).map(loads).collect())
    }
}

impl fmt::Display for Rates {
    /// As it is written on the command line, in words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = |(from, to): &(f64, f64)| match from == to {
            true => from.to_string(),
            false => format!("{from} to {to}"),
        };
        let steps: Vec<String> = self.0.iter().map(step).collect();
        f.write_str(&steps.join(", then "))
    }
}

impl FromStr for Rates {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.split(',').map(step).collect::<Result<_, _>>().map(Self)
    }
}

fn step(text: &str) -> Result<(f64, f64), String> {
    let (from, to) = text.split_once("..").unwrap_or((text, text));
    Ok((rate(from)?, rate(to)?))
}

/// More than a million a second is a slip of the finger.
fn rate(text: &str) -> Result<f64, String> {
    match text.trim().parse() {
        Ok(rate) if (0.0..=1e6).contains(&rate) => Ok(rate),
        _ => Err(format!(
            "{text:?} is no rate: give requests per second, such as 500, 100..1000 or 100,200,400"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_constant_a_ramp_or_steps_of_either() {
        assert_eq!("500".parse(), Ok(Rates::constant(500.0)));
        assert_eq!("0.5..10".parse(), Ok(Rates(vec![(0.5, 10.0)])));
        assert_eq!("1,2..3".parse(), Ok(Rates(vec![(1.0, 1.0), (2.0, 3.0)])));
        for refused in ["", "fast", "-1", "1..", "1,,2", "nan", "inf", "1e7"] {
            let error = refused.parse::<Rates>().unwrap_err();
            assert!(error.contains("is no rate"), "{refused}: {error}");
        }
    }

    #[test]
    fn rates_are_told_in_words() {
        let told = |text: &str| text.parse::<Rates>().unwrap().to_string();
        assert_eq!(told("500"), "500");
        assert_eq!(told("1..2.5,3"), "1 to 2.5, then 3");
    }

    #[test]
    fn the_peak_is_the_highest_rate_of_all_steps() {
        for (text, peak) in [("5", 5.0), ("9..1", 9.0), ("1,2..8,3", 8.0)] {
            assert_eq!(text.parse::<Rates>().unwrap().peak(), peak, "{text}");
        }
    }

    #[test]
    fn one_step_goes_with_each_of_the_others() {
        let rates = |text: &str| text.parse::<Rates>().unwrap();
        let all = Rates::together(&[&rates("1,2"), &rates("7"), &rates("3,0")]).unwrap();
        let step = |each: [f64; 3]| each.map(Load::constant).to_vec();
        assert_eq!(all, [step([1.0, 7.0, 3.0]), step([2.0, 7.0, 0.0])]);
        assert_eq!(Rates::together(&[&rates("1,2"), &rates("1,2,3")]), None);
    }
}
