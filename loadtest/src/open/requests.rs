//! The streams of requests that go round a set of users.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::{Request, Response};

use super::work::Work;
use crate::accounts::Users;
use crate::sut::{Call, Failure, Outcome, Target};

/// Verifications of the users' tokens, one user after the other.
#[derive(Debug)]
pub(crate) struct Verify {
    target: Arc<Target>,
    users: Arc<Users>,
}

impl Verify {
    pub(crate) fn new(target: &Arc<Target>, users: &Arc<Users>) -> Self {
        Self { target: Arc::clone(target), users: Arc::clone(users) }
    }
}

impl Work for Verify {
    fn name(&self) -> &str {
        Call::Verify.key()
    }

    fn host(&self, number: u64) -> u64 {
        self.users.host(number)
    }

    fn request(&self, number: u64) -> Result<Request<Bytes>, Failure> {
        Ok(self.target.verify_request(&self.users.turn(number).token))
    }

    fn read(&self, number: u64, answer: &Response<Bytes>, _: Instant) -> Result<Outcome, Failure> {
        self.target.read_verify(&self.users.turn(number), answer).map(|()| Outcome::Ok)
    }
}

/// Logins of the users, one user after the other.
#[derive(Debug)]
pub(crate) struct SignIn {
    target: Arc<Target>,
    users: Arc<Users>,
}

impl SignIn {
    pub(crate) fn new(target: &Arc<Target>, users: &Arc<Users>) -> Self {
        Self { target: Arc::clone(target), users: Arc::clone(users) }
    }
}

impl Work for SignIn {
    fn name(&self) -> &str {
        Call::Login.key()
    }

    fn host(&self, number: u64) -> u64 {
        self.users.host(number)
    }

    fn request(&self, number: u64) -> Result<Request<Bytes>, Failure> {
        let account = Arc::clone(&self.users.turn(number).account);
        Ok(self.target.login_request(&account))
    }

    fn read(
        &self,
        number: u64,
        answer: &Response<Bytes>,
        received: Instant,
    ) -> Result<Outcome, Failure> {
        let mut user = self.users.turn(number);
        *user = self.target.read_login(&user.account, answer, received)?;
        Ok(Outcome::Ok)
    }
}
