//! Which scenarios run, and how many of the users each of them gets.

use std::fmt;
use std::str::FromStr;

use super::kind::ScenarioKind;
use super::mix::{Mix, weighted};
use crate::sut::{Call, Spec};

/// A scenario and its share of the users, relative to the other scenarios' shares.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Share {
    pub(crate) kind: ScenarioKind,
    pub(crate) weight: usize,
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, weight) = weighted(text)?;
        let kind =
            ScenarioKind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
                format!(
                    "the scenarios are {}",
                    ScenarioKind::ALL.map(ScenarioKind::name).join(", ")
                )
            })?;
        Ok(Self { kind, weight: weight.unwrap_or_else(|| kind.default_weight()) })
    }
}

/// How many users each scenario gets, each at least one.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Split(pub(crate) Vec<(ScenarioKind, usize)>);

impl Split {
    /// Divides the users so that every scenario gets its share, and at least one user.
    pub(crate) fn of(users: usize, shares: &[Share]) -> Result<Self, String> {
        let mut shares = shares.to_vec();
        shares.sort_by_key(|share| share.kind);
        if let Some(pair) = shares.windows(2).find(|pair| pair[0].kind == pair[1].kind) {
            let kind = pair[0].kind;
            return Err(format!("--scenario {kind} is given twice: give it once, with its share"));
        }
        if users < shares.len() {
            let count = shares.len();
            return Err(format!("{count} scenarios need at least {count} users: raise --users"));
        }
        // One for each, and each further one for whoever lacks most of its share.
        let sum: usize = shares.iter().map(|share| share.weight).sum();
        let mut split: Vec<(ScenarioKind, usize)> =
            shares.iter().map(|share| (share.kind, 1)).collect();
        let missing =
            |at: usize, has: usize| (shares[at].weight * users) as i128 - (has * sum) as i128;
        for _ in shares.len()..users {
            let neediest = (0..split.len()).max_by_key(|at| missing(*at, split[*at].1));
            split[neediest.unwrap_or(0)].1 += 1;
        }
        Ok(Self(split))
    }

    /// Refuses a scenario that the target's file does not have the calls for.
    pub(crate) fn check(&self, spec: &Spec, mix: &Mix) -> Result<(), String> {
        for (kind, _) in &self.0 {
            for call in kind.calls(mix) {
                let missing = match call {
                    Call::Refresh if spec.refresh.is_none() => "refresh",
                    Call::Register if spec.register.is_none() => "register",
                    Call::TwoStep(_) if spec.second_factor.is_none() => "second_factor",
                    _ => continue,
                };
                return Err(format!(
                    "--scenario {kind} needs [{missing}], which the target {} does not have",
                    spec.name
                ));
            }
        }
        Ok(())
    }

    pub(crate) fn has(&self, kind: ScenarioKind) -> bool {
        self.0.iter().any(|(is, _)| *is == kind)
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> =
            self.0.iter().map(|(kind, users)| format!("{users} {kind}")).collect();
        f.write_str(&parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(users: usize, shares: &[&str]) -> Result<Vec<(ScenarioKind, usize)>, String> {
        let shares: Vec<Share> = shares.iter().map(|s| s.parse().unwrap()).collect();
        Split::of(users, &shares).map(|split| split.0)
    }

    #[test]
    fn nine_of_ten_users_verify_unless_told_otherwise() {
        let of =
            |verify, login| Ok(vec![(ScenarioKind::Verify, verify), (ScenarioKind::Login, login)]);
        assert_eq!(split(10, &["verify", "login"]), of(9, 1));
        assert_eq!(split(100, &["login", "verify"]), of(90, 10));
    }

    #[test]
    fn a_scenario_alone_gets_every_user() {
        assert_eq!(split(7, &["verify"]), Ok(vec![(ScenarioKind::Verify, 7)]));
        assert_eq!(split(7, &["negative=3"]), Ok(vec![(ScenarioKind::Negative, 7)]));
    }

    #[test]
    fn every_scenario_gets_at_least_one_user() {
        let of =
            |verify, login| Ok(vec![(ScenarioKind::Verify, verify), (ScenarioKind::Login, login)]);
        assert_eq!(split(2, &["verify=1000", "login"]), of(1, 1));
        assert_eq!(split(2, &["verify", "login=1000"]), of(1, 1));
        let shares = split(10, &["verify=1000", "login", "refresh", "mixed=1000"]).unwrap();
        assert_eq!(shares.iter().map(|(_, users)| users).sum::<usize>(), 10);
        assert!(
            shares.contains(&(ScenarioKind::Refresh, 1))
                && shares.contains(&(ScenarioKind::Mixed, 4))
        );
    }

    #[test]
    fn fewer_users_than_scenarios_are_refused() {
        assert!(split(1, &["verify", "login"]).unwrap_err().contains("--users"));
    }

    #[test]
    fn a_scenario_given_twice_is_refused() {
        assert!(split(9, &["verify", "verify=2"]).unwrap_err().contains("twice"));
    }

    #[test]
    fn a_share_is_a_known_name_and_a_positive_number() {
        assert_eq!("login=4".parse(), Ok(Share { kind: ScenarioKind::Login, weight: 4 }));
        for refused in ["logout", "login=0", "login=", "verify=-1", "=3"] {
            assert!(refused.parse::<Share>().is_err(), "{refused}");
        }
    }

    #[test]
    fn a_scenario_that_the_target_has_no_calls_for_is_refused() {
        let flask = Spec::find("flask-tutorial").unwrap();
        let check = |scenario: &str, mix: &str| {
            let split = Split::of(5, &[scenario.parse().unwrap()]).unwrap();
            split.check(&flask, &mix.parse().unwrap())
        };
        assert_eq!(check("negative", "verify"), Ok(()));
        assert_eq!(check("mixed", "verify,login,register"), Ok(()));
        for (scenario, mix, section) in [
            ("refresh", "verify", "refresh"),
            ("mixed", "verify,refresh", "refresh"),
            ("second-factor", "verify", "second_factor"),
        ] {
            let error = check(scenario, mix).unwrap_err();
            assert!(error.contains(&format!("--scenario {scenario} needs [{section}]")), "{error}");
        }
    }
}
