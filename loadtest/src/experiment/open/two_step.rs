//! How many accounts logins in two steps take. A one-time code counts once, so each account signs
//! in once in a time step.

use std::time::Duration;

use super::rate::Rates;
use crate::accounts::STEP_SECONDS;
use crate::open::Spacing;
use crate::sut::Spec;

/// How the accounts are shared out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Shares {
    /// Those of verifications and of plain logins; `None` for the default.
    pub(super) users: Option<usize>,
    /// Those of logins in two steps.
    pub(super) two_step: usize,
}

/// What decides how many accounts logins in two steps take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demand<'a> {
    pub(super) rate: &'a Rates,
    /// Of the whole run, its warm-up included.
    pub(super) time: Duration,
    pub(super) spacing: Spacing,
    /// By how many time steps the server lets a code be early or late.
    pub(super) drift_steps: u64,
}

/// Of random arrivals, so many standard deviations more than on the average are rare.
const DEVIATIONS: f64 = 4.0;

impl Demand<'_> {
    /// As many accounts as logins may fall into one time step.
    pub(super) fn accounts(&self) -> usize {
        // A server without drift refuses what was set aside for a step that has ended meanwhile.
        let seconds = STEP_SECONDS + u64::from(self.drift_steps == 0);
        let window = self.time.min(Duration::from_secs(seconds));
        let logins = self.rate.peak() * window.as_secs_f64();
        let logins = match self.spacing {
            Spacing::Even => logins,
            Spacing::Poisson => logins + DEVIATIONS * logins.sqrt(),
        };
        // What is off in the last digits of a product takes no account more.
        (logins - 1e-6).ceil().max(1.0) as usize
    }

    /// The shares of `given` accounts, where `beside` says whether other requests need some too.
    ///
    /// # Errors
    ///
    /// They are too few for the rate.
    pub(super) fn share(&self, given: Option<usize>, beside: bool) -> Result<Shares, String> {
        let needed = self.accounts();
        let Some(given) = given else {
            return Ok(Shares { users: (!beside).then_some(0), two_step: needed });
        };
        let least = needed + usize::from(beside);
        if given < least {
            return Err(format!(
                "--second-factor-rate {} takes at least {least} accounts, since each has one code \
                 in {STEP_SECONDS} s: raise --accounts, which is {given}, or leave it out",
                self.rate
            ));
        }
        let users = if beside { given - needed } else { 0 };
        Ok(Shares { users: Some(users), two_step: given - users })
    }
}

/// By how many time steps the target lets a code be early or late.
///
/// # Errors
///
/// It has no logins in two steps.
pub(super) fn drift_steps(spec: &Spec) -> Result<u64, String> {
    let section = spec.second_factor.as_ref();
    section.map(|section| section.drift_steps.get()).ok_or_else(|| {
        let name = &spec.name;
        format!("--second-factor-rate needs [second_factor], which the target {name} does not have")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(rate: &str, seconds: u64, spacing: Spacing, drift_steps: u64) -> usize {
        let time = Duration::from_secs(seconds);
        Demand { rate: &rate.parse().unwrap(), time, spacing, drift_steps }.accounts()
    }

    #[test]
    fn a_rate_takes_as_many_accounts_as_logins_fall_into_a_step() {
        for (rate, seconds, accounts_needed) in
            [("2", 60, 60), ("0.1", 600, 3), ("1..5", 60, 150), ("1,4,2", 60, 120), ("2", 10, 20)]
        {
            assert_eq!(accounts(rate, seconds, Spacing::Even, 1), accounts_needed, "{rate}");
        }
        assert_eq!(accounts("0.01", 10, Spacing::Even, 1), 1);
    }

    #[test]
    fn random_arrivals_and_a_server_without_drift_take_some_more() {
        assert_eq!(accounts("3", 60, Spacing::Even, 0), 93);
        // 100 logins in a step, give or take 10.
        assert_eq!(accounts("10", 10, Spacing::Poisson, 1), 140);
    }

    #[test]
    fn too_few_accounts_are_refused_with_their_number() {
        let rate = "2".parse().unwrap();
        let time = Duration::from_secs(60);
        let demand = Demand { rate: &rate, time, spacing: Spacing::Even, drift_steps: 1 };
        let error = demand.share(Some(59), false).unwrap_err();
        assert!(error.contains("takes at least 60 accounts") && !error.contains('\n'), "{error}");
        let shares = |users, two_step| Ok(Shares { users, two_step });
        assert_eq!(demand.share(Some(60), false), shares(Some(0), 60));
        assert_eq!(demand.share(Some(90), false), shares(Some(0), 90));
        assert!(demand.share(Some(60), true).unwrap_err().contains("at least 61"));
        assert_eq!(demand.share(Some(90), true), shares(Some(30), 60));
        assert_eq!(demand.share(None, true), shares(None, 60));
    }
}
