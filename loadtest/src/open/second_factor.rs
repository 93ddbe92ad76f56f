//! Logins in two steps. Each is one request to those who count, from the password to the session.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};

use super::work::Work;
use crate::accounts::{CodePool, Loan, NoAccount, Step};
use crate::machine::wall_clock;
use crate::sut::{Call, Failure, NO_CODE, Outcome, Target, TwoStep};

/// Logins with a password and a one-time code, each by an account whose code is unspent.
#[derive(Debug)]
pub(crate) struct SecondFactor {
    target: Arc<Target>,
    pool: Arc<CodePool>,
    under_way: Mutex<HashMap<u64, Login>>,
}

/// A login that has begun. Dropping it gives its account back.
#[derive(Debug)]
struct Login {
    loan: Loan,
    /// Whether the code was sent.
    is_second_step: bool,
}

impl SecondFactor {
    pub(crate) fn new(target: &Arc<Target>, pool: Arc<CodePool>) -> Self {
        Self { target: Arc::clone(target), pool, under_way: Mutex::default() }
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<u64, Login>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Work for SecondFactor {
    fn name(&self) -> &str {
        Call::TwoStep(TwoStep::Code).key()
    }

    fn request(&self, number: u64) -> Result<Request<Bytes>, Failure> {
        let loan = self.pool.lend(Step::at(wall_clock())).map_err(no_account)?;
        let request = self.target.login_request(loan.account());
        self.under_way().insert(number, Login { loan, is_second_step: false });
        Ok(request)
    }

    fn next(
        &self,
        number: u64,
        answer: &Response<Bytes>,
    ) -> Result<Option<Request<Bytes>>, Failure> {
        let mut under_way = self.under_way();
        let Some(login) = under_way.get_mut(&number).filter(|login| !login.is_second_step) else {
            return Ok(None);
        };
        let challenge = self.target.read_first_step(answer)?;
        login.is_second_step = true;
        let code = login.loan.code(Step::at(wall_clock()));
        Ok(self.target.second_step_request(login.loan.account(), &challenge, &code))
    }

    fn read(
        &self,
        number: u64,
        answer: &Response<Bytes>,
        received: Instant,
    ) -> Result<Outcome, Failure> {
        let login = self.under_way().remove(&number);
        let login = login.ok_or_else(|| no_account(NoAccount::InUse))?;
        self.target.read_second_step(login.loan.account(), answer, received)?;
        Ok(Outcome::Ok)
    }

    /// No login is tried again: its account is for the next one.
    fn again(&self, number: u64, _: u32, _: Outcome) -> Option<Duration> {
        drop(self.under_way().remove(&number));
        None
    }
}

/// Spent codes are the generator's fault; accounts that wait for answers are not.
fn no_account(why: NoAccount) -> Failure {
    let kind = match why {
        NoAccount::Spent => NO_CODE,
        NoAccount::InUse => "all accounts wait for answers to their logins",
    };
    Failure::new(Outcome::Transport, kind, "")
}
