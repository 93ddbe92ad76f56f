//! Which account signs in next with a one-time code. A code counts once, and no code of an earlier
//! time step counts after it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::codes::{Codes, Step};
use crate::sut::Account;

/// An account with one-time codes.
#[derive(Debug)]
pub(crate) struct CodeAccount {
    pub(crate) account: Arc<Account>,
    pub(crate) codes: Codes,
    /// The last time step whose code may have been spent.
    pub(crate) spent: Step,
}

/// Accounts with one-time codes, each of which is lent to one login at a time.
#[derive(Debug)]
pub(crate) struct CodePool {
    accounts: Vec<(Arc<Account>, Codes)>,
    /// The accounts that nobody has, by the last step whose code was spent.
    free: Mutex<BinaryHeap<Reverse<(Step, usize)>>>,
    /// By how many steps the server lets a code be early or late.
    drift: u64,
}

/// Why no account can be lent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NoAccount {
    /// Logins that wait for the server have all of them.
    InUse,
    /// The free ones have spent the code of this step, and of each next one that counts already.
    Spent,
}

impl CodePool {
    pub(crate) fn new(accounts: Vec<CodeAccount>, drift: u64) -> Arc<Self> {
        let spent = accounts.iter().map(|account| account.spent).enumerate();
        let free = spent.map(|(index, spent)| Reverse((spent, index))).collect();
        let accounts = accounts.into_iter().map(|it| (it.account, it.codes)).collect();
        Arc::new(Self { accounts, free: Mutex::new(free), drift })
    }

    /// From when on each account has an unspent code of the present step.
    pub(crate) fn ready_from(&self) -> Option<Step> {
        self.free().iter().map(|Reverse((spent, _))| spent.plus(1)).max()
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.accounts.len() as u64
    }

    /// The account that has rested longest, for a login in this step.
    pub(crate) fn lend(self: &Arc<Self>, present: Step) -> Result<Loan, NoAccount> {
        let mut free = self.free();
        let Reverse((spent, index)) = *free.peek().ok_or(NoAccount::InUse)?;
        let step = spent.plus(1).max(present);
        if step > present.plus(self.drift) {
            return Err(NoAccount::Spent);
        }
        free.pop();
        Ok(Loan { pool: Arc::clone(self), index, step, spent })
    }

    fn free(&self) -> MutexGuard<'_, BinaryHeap<Reverse<(Step, usize)>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An account that is lent to a login. Dropping it gives the account back.
#[derive(Debug)]
pub(crate) struct Loan {
    pool: Arc<CodePool>,
    index: usize,
    /// The step whose code is set aside for this login.
    step: Step,
    spent: Step,
}

impl Loan {
    pub(crate) fn account(&self) -> &Arc<Account> {
        &self.pool.accounts[self.index].0
    }

    /// The code of this login, which is spent by that: the one that was set aside, or that of the
    /// present step if the first one counts no more.
    pub(crate) fn code(&mut self, present: Step) -> String {
        if self.step.plus(self.pool.drift) < present {
            self.step = present;
        }
        self.spent = self.step;
        self.pool.accounts[self.index].1.code(self.step)
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        self.pool.free().push(Reverse((self.spent, self.index)));
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::HashSet;

    use hallpass_contract::Secret;
    use jiff::Timestamp;

    use super::*;

    /// The `number`-th step after one at which all codes are unspent.
    fn step(number: u64) -> Step {
        Step::at(Timestamp::UNIX_EPOCH).plus(1 + number)
    }

    /// Accounts whose secrets are different, none of whose codes is spent at step 0.
    pub(crate) fn pool(accounts: usize, drift: u64) -> Arc<CodePool> {
        let account = |number: usize| CodeAccount {
            account: Arc::new(Account::new(format!("u{number}"), "p")),
            codes: Codes::of(&Secret::from("A".repeat(8 * (number + 1)).as_str())).unwrap(),
            spent: step(0).minus(1),
        };
        CodePool::new((0..accounts).map(account).collect(), drift)
    }

    /// Whoever signs in at this step.
    fn sign_in(pool: &Arc<CodePool>, at: Step) -> Result<(String, String), NoAccount> {
        let mut loan = pool.lend(at)?;
        Ok((loan.account().username.clone(), loan.code(at)))
    }

    #[test]
    fn each_account_signs_in_once_in_a_step() {
        let pool = pool(3, 0);
        for number in 0..4 {
            let signed_in: HashSet<String> =
                (0..3).map(|_| sign_in(&pool, step(number)).unwrap().0).collect();
            assert_eq!(signed_in.len(), 3, "step {number}");
            assert_eq!(sign_in(&pool, step(number)), Err(NoAccount::Spent));
        }
    }

    #[test]
    fn no_code_is_shown_twice_even_ahead_of_its_time() {
        let pool = pool(2, 1);
        let shown: Vec<_> = (0..4).map(|_| sign_in(&pool, step(0)).unwrap()).collect();
        assert_eq!(shown.iter().collect::<HashSet<_>>().len(), 4, "{shown:?}");
        assert_eq!(sign_in(&pool, step(0)), Err(NoAccount::Spent));
        // The codes of step 1 are spent, and those of step 2 count already.
        let next: Vec<_> = (0..2).map(|_| sign_in(&pool, step(1)).unwrap()).collect();
        assert!(next.iter().all(|it| !shown.contains(it)), "{shown:?} {next:?}");
        assert_eq!(sign_in(&pool, step(1)), Err(NoAccount::Spent));
    }

    #[test]
    fn an_account_is_lent_to_one_login_at_a_time_and_comes_back_unspent_without_a_code() {
        let pool = pool(1, 0);
        let loan = pool.lend(step(0)).unwrap();
        assert_eq!(pool.lend(step(0)).unwrap_err(), NoAccount::InUse);
        drop(loan);
        assert!(sign_in(&pool, step(0)).is_ok());
    }

    #[test]
    fn a_login_that_waited_for_its_first_step_shows_a_code_that_still_counts() {
        for (drift, waited, shows) in [(0, 1, 1), (1, 1, 0), (1, 2, 2)] {
            let pool = pool(1, drift);
            let mut loan = pool.lend(step(0)).unwrap();
            let code = loan.code(step(waited));
            assert_eq!(code, pool.accounts[0].1.code(step(shows)), "{drift} {waited}");
            drop(loan);
            assert_eq!(pool.ready_from(), Some(step(shows + 1)));
        }
    }

    #[test]
    fn all_are_ready_when_the_last_one_is() {
        let pool = pool(2, 0);
        assert_eq!(pool.ready_from(), Some(step(0)));
        sign_in(&pool, step(5)).unwrap();
        assert_eq!(pool.ready_from(), Some(step(6)));
    }
}
