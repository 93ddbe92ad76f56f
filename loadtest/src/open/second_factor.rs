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

    /// Each account meets one host after the other, however many there are of both.
    fn host(&self, number: u64) -> u64 {
        number + number / self.pool.count().max(1)
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use url::Url;

    use super::*;
    use crate::accounts::code_pool;
    use crate::sut::Spec;

    fn work(accounts: usize) -> SecondFactor {
        let host = Url::parse("http://127.0.0.1:8080").unwrap();
        let target = Target::new(Spec::find("hallpass").unwrap(), &host).unwrap();
        SecondFactor::new(&Arc::new(target), code_pool(accounts, 0))
    }

    fn answer(status: u16, body: &Value) -> Response<Bytes> {
        let body = Bytes::from(serde_json::to_vec(body).unwrap());
        Response::builder().status(status).body(body).unwrap()
    }

    fn body(request: &Request<Bytes>) -> Value {
        serde_json::from_slice(request.body()).unwrap()
    }

    /// Both steps of a login; the body of the second one.
    fn log_in(work: &SecondFactor, number: u64) -> Result<Value, Failure> {
        let name = body(&work.request(number)?)["username"].clone();
        let first = answer(401, &json!({"challenge": format!("c{number}")}));
        let second = work.next(number, &first)?.unwrap();
        let mut right = answer(
            200,
            &json!({
                "access_token": "a.b.c", "token_type": "Bearer", "expires_in": 900,
                "user": {"id": "1", "username": name}
            }),
        );
        let cookie = "__Host-hallpass-refresh=r0".parse().unwrap();
        right.headers_mut().insert("set-cookie", cookie);
        assert!(work.next(number, &right)?.is_none(), "a second step is the last");
        work.read(number, &right, Instant::now())?;
        Ok(body(&second))
    }

    /// What this comes to within one time step.
    fn in_one_step<T>(what: impl Fn() -> T) -> T {
        loop {
            let step = Step::at(wall_clock());
            let done = what();
            if Step::at(wall_clock()) == step {
                return done;
            }
        }
    }

    #[test]
    fn a_login_has_two_steps_and_shows_the_code_of_its_account() {
        let shown = log_in(&work(1), 7).unwrap();
        assert_eq!(shown["challenge"], "c7");
        let code = shown["totp"].as_str().unwrap();
        assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
    }

    #[test]
    fn an_account_without_an_unspent_code_is_not_asked_for_one() {
        let (first, second) = in_one_step(|| {
            let work = work(1);
            (log_in(&work, 0), log_in(&work, 1))
        });
        assert!(first.is_ok(), "{first:?}");
        assert_eq!(second.unwrap_err().kind, NO_CODE);
    }

    #[test]
    fn a_login_that_failed_gives_its_account_back() {
        let work = work(1);
        work.request(0).unwrap();
        let failure = work.request(1).unwrap_err();
        assert!(failure.kind.starts_with("all accounts wait"), "{failure}");
        assert_eq!(work.again(1, 1, failure.outcome), None);
        assert!(work.request(2).is_err(), "the first login still has it");
        assert_eq!(work.again(0, 1, Outcome::Transport), None);
        assert!(work.request(3).is_ok());
    }
}
