//! Users that are signed in for the whole of a run.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::sut::{Account, SignedIn};

/// Users that are signed in. A login replaces its user's token, so that what is verified is new.
#[derive(Debug)]
pub(crate) struct Users(Vec<Mutex<SignedIn>>);

impl Users {
    /// At least one, if there are requests that take turns.
    pub(crate) fn new(signed_in: Vec<SignedIn>) -> Self {
        Self(signed_in.into_iter().map(Mutex::new).collect())
    }

    /// The user whose turn it is with the `number`-th request of a stream.
    pub(crate) fn turn(&self, number: u64) -> MutexGuard<'_, SignedIn> {
        self.at(usize::try_from(number % self.count()).unwrap_or(0))
    }

    /// A host for the `number`-th request of a stream, so that each user meets one host after the
    /// other, however many there are of both.
    pub(crate) fn host(&self, number: u64) -> u64 {
        number + number / self.count()
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// All of them, in their order.
    pub(crate) fn accounts(&self) -> Vec<Arc<Account>> {
        (0..self.0.len()).map(|index| Arc::clone(&self.at(index).account)).collect()
    }

    fn at(&self, index: usize) -> MutexGuard<'_, SignedIn> {
        self.0[index].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The users whose tokens are to be replaced at `now`. Each has a time of its own, so that
    /// renewals of tokens that end together are spread.
    pub(super) fn due(&self, now: Instant) -> Vec<(usize, SignedIn)> {
        let users = (0..self.0.len()).map(|index| (index, self.at(index)));
        // Multiples of the golden ratio lie evenly, however many there are.
        let spread = |index: usize| (index as f64 * 0.618_033_988_749_895).fract();
        let due = users.filter(|(index, user)| user.token.is_due_early(now, spread(*index)));
        due.map(|(index, user)| (index, user.clone())).collect()
    }

    /// Puts a renewed session in the place of `before`, unless a login was faster.
    pub(super) fn replace(&self, index: usize, before: &SignedIn, renewed: SignedIn) {
        let mut user = self.at(index);
        if user.token.authorization == before.token.authorization {
            *user = renewed;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::sut::Token;

    fn session(token: &str, life: u64, received: Instant) -> SignedIn {
        let token = Token::new(token, Some(Duration::from_secs(life)), received, None);
        let account = Arc::new(Account::new("ann", "secret"));
        SignedIn { account, token: token.unwrap(), refresh: None }
    }

    #[test]
    fn only_users_with_an_old_token_are_due() {
        let now = Instant::now();
        let users = Users::new(vec![session("a", 900, now), session("b", 10, now)]);
        assert!(users.due(now).is_empty());
        let due: Vec<usize> =
            users.due(now + Duration::from_secs(9)).into_iter().map(|(index, _)| index).collect();
        assert_eq!(due, [1]);
    }

    #[test]
    fn tokens_that_end_together_are_renewed_one_after_the_other_and_all_in_time() {
        // 150 tokens of 20 s, and renewals that take effect at once.
        let start = Instant::now();
        let users = Users::new((0..150).map(|n| session(&format!("t{n}"), 20, start)).collect());
        let (mut most, mut renewed) = (0, 0);
        for tick in 0..600 {
            let now = start + Duration::from_millis(100) * tick;
            let due = users.due(now);
            most = most.max(due.len());
            renewed += due.len();
            for (index, before) in due {
                let end = before.token.expired_at().unwrap() - Duration::from_secs(1);
                assert!(now + Duration::from_secs(5) < end, "five seconds before the end at least");
                users.replace(index, &before, session(&format!("{index} {tick}"), 20, now));
            }
        }
        assert!(most <= 10, "{most} at once");
        // In a minute each is renewed four to seven times.
        assert!((600..1050).contains(&renewed), "{renewed}");
    }

    #[test]
    fn a_login_that_came_first_is_not_undone_by_a_renewal() {
        let now = Instant::now();
        let users = Users::new(vec![session("old", 10, now)]);
        let (_, before) = users.due(now + Duration::from_secs(9)).remove(0);
        *users.turn(0) = session("of a login", 900, now);
        users.replace(0, &before, session("renewed", 900, now));
        assert_eq!(users.turn(0).token.text(), "of a login");
        let before = users.turn(0).clone();
        users.replace(0, &before, session("renewed", 900, now));
        assert_eq!(users.turn(0).token.text(), "renewed");
    }
}
