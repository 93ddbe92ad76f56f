//! Which scenarios run, and how many of the users each of them gets.

use std::fmt;
use std::str::FromStr;

use crate::sut::{Call, Spec};

/// A scenario.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Kind {
    /// Verifies a token, again and again.
    Verify,
    /// Signs in, again and again.
    Login,
    /// Signs in, and verifies the token of that login a number of times.
    LoginThenVerify,
    /// Exchanges the refresh token, again and again.
    Refresh,
    /// Registers one account after the other.
    Register,
    /// Calls of several kinds in a given ratio.
    Mixed,
    /// What has to be refused: wrong passwords, unknown users, tampered, expired and forged tokens.
    Negative,
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::Verify,
        Self::Login,
        Self::LoginThenVerify,
        Self::Refresh,
        Self::Register,
        Self::Mixed,
        Self::Negative,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Login => "login",
            Self::LoginThenVerify => "login-then-verify",
            Self::Refresh => "refresh",
            Self::Register => "register",
            Self::Mixed => "mixed",
            Self::Negative => "negative",
        }
    }

    fn default_weight(self) -> usize {
        match self {
            Self::Verify => 9,
            _ => 1,
        }
    }

    /// The calls that have to be made, and answered rightly, for the scenario to have run.
    pub(crate) fn calls(self, mix: &Mix) -> Vec<Call> {
        match self {
            Self::Verify => vec![Call::Verify],
            Self::Login => vec![Call::Login],
            Self::LoginThenVerify => vec![Call::Login, Call::Verify],
            Self::Refresh => vec![Call::Refresh],
            Self::Register => vec![Call::Register],
            Self::Mixed => mix.0.iter().map(|(call, _)| *call).collect(),
            // Which ones depends on the server's tokens.
            Self::Negative => vec![],
        }
    }

    /// Whether each of its users needs accounts of its own.
    pub(crate) fn needs_accounts(self, mix: &Mix) -> bool {
        self == Self::Negative || self.calls(mix).iter().any(|call| *call != Call::Register)
    }

    /// Whether these accounts are to be signed in before the run: were they to sign in when their
    /// user starts, hundreds of password hashes would fall into the time that is measured.
    pub(crate) fn needs_sessions(self, mix: &Mix) -> bool {
        match self {
            Self::Verify | Self::Refresh | Self::Negative => true,
            Self::Login | Self::LoginThenVerify | Self::Register => false,
            Self::Mixed => {
                self.calls(mix).iter().any(|call| matches!(call, Call::Verify | Call::Refresh))
            }
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A scenario and its share of the users, relative to the other scenarios' shares.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Share {
    pub(crate) kind: Kind,
    pub(crate) weight: usize,
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, weight) = weighted(text)?;
        let kind = Kind::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| format!("the scenarios are {}", Kind::ALL.map(Kind::name).join(", ")))?;
        Ok(Self { kind, weight: weight.unwrap_or_else(|| kind.default_weight()) })
    }
}

/// `NAME` or `NAME=WEIGHT`.
fn weighted(text: &str) -> Result<(&str, Option<usize>), String> {
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
pub(crate) struct Mix(Vec<(Call, usize)>);

impl Mix {
    /// The order in which a user makes its calls, over and over: each kind as evenly spread as it
    /// can be (smooth weighted round-robin), so that any stretch of it has nearly the ratio of the
    /// whole.
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

/// How many users each scenario gets, each at least one.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Split(pub(crate) Vec<(Kind, usize)>);

impl Split {
    /// Divides the users so that every scenario gets its share, and at least one user.
    ///
    /// # Errors
    ///
    /// A scenario is named twice, or there are fewer users than scenarios.
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
        let mut split: Vec<(Kind, usize)> = shares.iter().map(|share| (share.kind, 1)).collect();
        let missing =
            |at: usize, has: usize| (shares[at].weight * users) as i128 - (has * sum) as i128;
        for _ in shares.len()..users {
            let neediest = (0..split.len()).max_by_key(|at| missing(*at, split[*at].1));
            split[neediest.unwrap_or(0)].1 += 1;
        }
        Ok(Self(split))
    }

    /// Refuses a scenario that the target's file does not have the calls for.
    ///
    /// # Errors
    ///
    /// The scenario, and what it lacks.
    pub(crate) fn check(&self, spec: &Spec, mix: &Mix) -> Result<(), String> {
        for (kind, _) in &self.0 {
            for call in kind.calls(mix) {
                let missing = match call {
                    Call::Refresh if spec.refresh.is_none() => "refresh",
                    Call::Register if spec.register.is_none() => "register",
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

    pub(crate) fn has(&self, kind: Kind) -> bool {
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

    fn split(users: usize, shares: &[&str]) -> Result<Vec<(Kind, usize)>, String> {
        let shares: Vec<Share> = shares.iter().map(|s| s.parse().unwrap()).collect();
        Split::of(users, &shares).map(|split| split.0)
    }

    #[test]
    fn nine_of_ten_users_verify_unless_told_otherwise() {
        let of = |verify, login| Ok(vec![(Kind::Verify, verify), (Kind::Login, login)]);
        assert_eq!(split(10, &["verify", "login"]), of(9, 1));
        assert_eq!(split(100, &["login", "verify"]), of(90, 10));
    }

    #[test]
    fn a_scenario_alone_gets_every_user() {
        assert_eq!(split(7, &["verify"]), Ok(vec![(Kind::Verify, 7)]));
        assert_eq!(split(7, &["negative=3"]), Ok(vec![(Kind::Negative, 7)]));
    }

    #[test]
    fn every_scenario_gets_at_least_one_user() {
        let of = |verify, login| Ok(vec![(Kind::Verify, verify), (Kind::Login, login)]);
        assert_eq!(split(2, &["verify=1000", "login"]), of(1, 1));
        assert_eq!(split(2, &["verify", "login=1000"]), of(1, 1));
        let shares = split(10, &["verify=1000", "login", "refresh", "mixed=1000"]).unwrap();
        assert_eq!(shares.iter().map(|(_, users)| users).sum::<usize>(), 10);
        assert!(shares.contains(&(Kind::Refresh, 1)) && shares.contains(&(Kind::Mixed, 4)));
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
        assert_eq!("login=4".parse(), Ok(Share { kind: Kind::Login, weight: 4 }));
        for refused in ["logout", "login=0", "login=", "verify=-1", "=3"] {
            assert!(refused.parse::<Share>().is_err(), "{refused}");
        }
    }

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

    #[test]
    fn a_scenario_that_the_target_has_no_calls_for_is_refused() {
        let flask = Spec::find("flask-tutorial").unwrap();
        let check = |scenario: &str, mix: &str| {
            let split = Split::of(5, &[scenario.parse().unwrap()]).unwrap();
            split.check(&flask, &mix.parse().unwrap())
        };
        assert_eq!(check("negative", "verify"), Ok(()));
        assert_eq!(check("mixed", "verify,login,register"), Ok(()));
        for (scenario, mix) in [("refresh", "verify"), ("mixed", "verify,refresh")] {
            let error = check(scenario, mix).unwrap_err();
            assert!(error.contains(&format!("--scenario {scenario} needs [refresh]")), "{error}");
        }
    }
}
