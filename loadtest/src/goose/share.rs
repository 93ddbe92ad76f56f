//! Which scenarios run, and how many of the users each of them gets.

use std::fmt;
use std::str::FromStr;

/// A scenario.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// `POST /api/login`, again and again.
    Login,
    /// `GET /api/verify` with the access token of one login.
    Verify,
}

impl Kind {
    fn default_weight(self) -> usize {
        match self {
            Self::Login => 1,
            Self::Verify => 9,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Login => "login",
            Self::Verify => "verify",
        })
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
        let (name, weight) = match text.split_once('=') {
            Some((name, weight)) => (name, Some(weight)),
            None => (text, None),
        };
        let kind = match name {
            "login" => Kind::Login,
            "verify" => Kind::Verify,
            _ => return Err("the scenarios are login and verify".to_owned()),
        };
        let weight = match weight.map(str::parse) {
            None => kind.default_weight(),
            Some(Ok(weight @ 1..=1_000_000)) => weight,
            Some(_) => return Err("a share is a number from 1 to 1000000".to_owned()),
        };
        Ok(Self { kind, weight })
    }
}

/// How many users each scenario gets; at least one of them is more than 0.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Split {
    pub(crate) login: usize,
    pub(crate) verify: usize,
}

impl Split {
    /// Divides the users so that every scenario gets its share, and at least one user.
    ///
    /// # Errors
    ///
    /// A scenario is named twice, or there are fewer users than scenarios.
    pub(crate) fn of(users: usize, shares: &[Share]) -> Result<Self, String> {
        let weight_of = |kind| match shares.iter().filter(|s| s.kind == kind).count() {
            0 => Ok(0),
            1 => Ok(shares.iter().filter(|s| s.kind == kind).map(|s| s.weight).sum::<usize>()),
            _ => Err(format!("--scenario {kind} is given twice: give it once, with its share")),
        };
        let (login, verify) = (weight_of(Kind::Login)?, weight_of(Kind::Verify)?);
        if users < shares.len() {
            return Err("two scenarios need at least two users: raise --users".to_owned());
        }
        let sum = login + verify;
        let login_users = match (login, verify) {
            (0, _) => 0,
            (_, 0) => users,
            // Rounded to the nearest user.
            _ => ((users * login * 2 + sum) / (sum * 2)).clamp(1, users - 1),
        };
        Ok(Self { login: login_users, verify: users - login_users })
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = [(Kind::Verify, self.verify), (Kind::Login, self.login)]
            .into_iter()
            .filter(|(_, users)| *users > 0)
            .map(|(kind, users)| format!("{users} {kind}"))
            .collect();
        f.write_str(&parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(users: usize, shares: &[&str]) -> Result<Split, String> {
        let shares: Vec<Share> = shares.iter().map(|s| s.parse().unwrap()).collect();
        Split::of(users, &shares)
    }

    #[test]
    fn nine_of_ten_users_verify_unless_told_otherwise() {
        assert_eq!(split(10, &["verify", "login"]), Ok(Split { login: 1, verify: 9 }));
        assert_eq!(split(100, &["login", "verify"]), Ok(Split { login: 10, verify: 90 }));
    }

    #[test]
    fn a_scenario_alone_gets_every_user() {
        assert_eq!(split(7, &["verify"]), Ok(Split { login: 0, verify: 7 }));
        assert_eq!(split(7, &["login=3"]), Ok(Split { login: 7, verify: 0 }));
    }

    #[test]
    fn every_scenario_gets_at_least_one_user() {
        assert_eq!(split(2, &["verify=1000", "login"]), Ok(Split { login: 1, verify: 1 }));
        assert_eq!(split(2, &["verify", "login=1000"]), Ok(Split { login: 1, verify: 1 }));
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
}
