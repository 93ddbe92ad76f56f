//! The calls of the mixed scenario.

use std::str::FromStr;

use crate::sut::Call;

/// `NAME` or `NAME=WEIGHT`.
pub(super) fn weighted(text: &str) -> Result<(&str, Option<usize>), String> {
    let (name, weight) = match text.split_once('=') {
        Some((name, weight)) => (name, Some(weight)),
        None => (text, None),
    };
    match weight.map(str::parse) {
        None => Ok((name, None)),
        Some(Ok(weight @ 1..=1_000_000)) => Ok((name, Some(weight))),
        Some(_) => Err("a share is a number from 1 to 1000000".to_owned()),
    }
}

/// The calls of the mixed scenario and how many of each are made; at least one of them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Mix(pub(super) Vec<(Call, usize)>);

impl Mix {
    /// The order in which a user makes its calls, over and over (smooth weighted round-robin). Any
    /// stretch of it has nearly the ratio of the whole.
    pub(crate) fn schedule(&self) -> Vec<Call> {
        let total: usize = self.0.iter().map(|(_, weight)| weight).sum();
        let mut due: Vec<(Call, usize, i64)> =
            self.0.iter().map(|(call, weight)| (*call, *weight, 0)).collect();
        let mut schedule = Vec::with_capacity(total);
        for _ in 0..total {
            due.iter_mut().for_each(|(_, weight, due)| *due += *weight as i64);
            if let Some((call, _, due)) = due.iter_mut().max_by_key(|(_, _, due)| *due) {
                *due -= total as i64;
                schedule.push(*call);
            }
        }
        schedule
    }
}

impl FromStr for Mix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut mix: Vec<(Call, usize)> = Vec::new();
        for part in text.split(',') {
            let (name, weight) = weighted(part)?;
            let call = [Call::Verify, Call::Login, Call::Refresh, Call::Register]
                .into_iter()
                .find(|call| call.key() == name)
                .ok_or("a mix is made of verify, login, refresh and register")?;
            if mix.iter().any(|(other, _)| *other == call) {
                return Err(format!("{name} is given twice"));
            }
            match weight.unwrap_or(1) {
                weight @ ..=1000 => mix.push((call, weight)),
                _ => return Err("a share of a mix is a number from 1 to 1000".to_owned()),
            }
        }
        Ok(Self(mix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mix_is_spread_evenly_and_keeps_its_ratio() {
        let mix: Mix = "verify=7,login=2,refresh".parse().unwrap();
        let schedule = mix.schedule();
        let count = |call, of: &[Call]| of.iter().filter(|is| **is == call).count();
        assert_eq!(count(Call::Verify, &schedule), 7);
        assert_eq!(count(Call::Login, &schedule), 2);
        assert_eq!(count(Call::Refresh, &schedule), 1);
        assert_eq!(count(Call::Login, &schedule[..5]), 1, "{schedule:?}");
    }

    #[test]
    fn a_mix_has_known_calls_each_of_them_once() {
        for refused in ["", "logout", "verify,verify", "verify=0", "verify=1001", "negative=1"] {
            assert!(refused.parse::<Mix>().is_err(), "{refused}");
        }
    }
}
