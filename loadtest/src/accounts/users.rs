//! Users that are signed in for the whole of a run, and the renewal of their tokens beside it.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::Context;
use futures_util::{StreamExt, stream};
use reqwest::Client;

use super::{Account, SignedIn};
use crate::target::{Failure, Target, send};

/// How often is looked for tokens that are about to expire; they are due well before that.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Renewals at once: few, since they come on top of the load.
const CONCURRENCY: usize = 4;

/// Users that are signed in. A login replaces its user's token, so that what is verified is new.
#[derive(Debug)]
pub(crate) struct Users(Vec<Mutex<SignedIn>>);

impl Users {
    /// At least one.
    pub(crate) fn new(signed_in: Vec<SignedIn>) -> Self {
        Self(signed_in.into_iter().map(Mutex::new).collect())
    }

    /// The user whose turn it is with the `number`-th request of a stream.
    pub(crate) fn turn(&self, number: u64) -> MutexGuard<'_, SignedIn> {
        self.at(usize::try_from(number % self.0.len() as u64).unwrap_or(0))
    }

    /// All of them, in their order.
    pub(crate) fn accounts(&self) -> Vec<Arc<Account>> {
        (0..self.0.len()).map(|index| Arc::clone(&self.at(index).account)).collect()
    }

    fn at(&self, index: usize) -> MutexGuard<'_, SignedIn> {
        self.0[index].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The users whose tokens are to be replaced at `now`.
    fn due(&self, now: Instant) -> Vec<(usize, SignedIn)> {
        let users = (0..self.0.len()).map(|index| (index, self.at(index)));
        let due = users.filter(|(_, user)| user.token.is_due(now));
        due.map(|(index, user)| (index, user.clone())).collect()
    }

    /// Puts a renewed session in the place of `before`, unless a login was faster.
    fn replace(&self, index: usize, before: &SignedIn, renewed: SignedIn) {
        let mut user = self.at(index);
        if user.token.authorization == before.token.authorization {
            *user = renewed;
        }
    }
}

/// Renews the users' tokens in time, on a thread of its own. Dropping it ends that.
#[derive(Debug)]
pub(crate) struct Keeper {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// # Errors
    ///
    /// The system gives no thread.
    pub(crate) fn start(
        users: &Arc<Users>,
        target: &Arc<Target>,
        client: Client,
    ) -> anyhow::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let (users, target) = (Arc::clone(users), Arc::clone(target));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context("cannot start the async runtime")?;
        let thread = thread::Builder::new().name("token keeper".to_owned()).spawn(move || {
            let mut told = false;
            while stopped.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
                let failed = runtime.block_on(renew_all(&users, &target, &client));
                // Later ones are likely to say the same, and the verifications will show it.
                if let Some(failure) = failed.filter(|_| !std::mem::replace(&mut told, true)) {
                    eprintln!("a token that is about to expire cannot be renewed: {failure}");
                }
            }
        })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It holds nothing that a panic of its could have left half done.
            let _ = thread.join();
        }
    }
}

/// Renews what is due; one of the failures, if there are any.
async fn renew_all(users: &Users, target: &Target, client: &Client) -> Option<Failure> {
    let renewals = stream::iter(users.due(Instant::now())).map(|(index, before)| async move {
        let renewed = renew(&before, target, client).await?;
        users.replace(index, &before, renewed);
        Ok(())
    });
    let ended: Vec<Result<(), Failure>> = renewals.buffer_unordered(CONCURRENCY).collect().await;
    ended.into_iter().find_map(Result::err)
}

/// The session with its next token: by a refresh if there is a refresh token and it is accepted, else
/// by a login.
async fn renew(before: &SignedIn, target: &Target, client: &Client) -> Result<SignedIn, Failure> {
    let refresh = before.refresh.as_ref().and_then(|refresh| target.refresh_request(refresh));
    if let Some(request) = refresh {
        let answer = send(client, request).await?;
        if let Ok(renewed) = target.read_refresh(before, &answer, Instant::now()) {
            return Ok(renewed);
        }
    }
    let answer = send(client, target.login_request(&before.account)).await?;
    target.read_login(&before.account, &answer, Instant::now())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::Token;

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
