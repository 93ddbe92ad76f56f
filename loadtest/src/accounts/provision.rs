//! Sets the accounts up through the API, before any clock that counts is running.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail};
use futures_util::{StreamExt, stream};

use super::account::{Account, Namer, SignedIn, Token, check_login};
use crate::goose::share::{Kind, Split};
use crate::interrupt::Interrupt;
use crate::target::Target;

/// Enough to keep a few cores hashing, too few to fill a server's queue.
const CONCURRENCY: usize = 8;
const PROGRESS: Duration = Duration::from_secs(2);

/// The accounts, one for each user of each scenario.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    pub(crate) login: Vec<Arc<Account>>,
    pub(crate) verify: Vec<SignedIn>,
}

/// An account, ready for its scenario.
enum Ready {
    Login(Arc<Account>),
    Verify(SignedIn),
}

/// Registers an account for each user, and signs in those that verify: were they to sign in when
/// their user starts, hundreds of password hashes would fall into the time that is measured.
///
/// # Errors
///
/// The first call that fails for good, or an interrupt.
pub(crate) async fn provision(
    target: &Target,
    split: Split,
    timeout: Duration,
    interrupt: &Interrupt,
) -> anyhow::Result<Accounts> {
    let namer = Namer::new()?;
    let started = Instant::now();
    let deadline = started + timeout;
    let kinds = (0..split.verify)
        .map(|_| Kind::Verify)
        .chain((0..split.login).map(|_| Kind::Login))
        .enumerate();
    let namer = &namer;
    let mut ready = stream::iter(kinds)
        .map(|(number, kind)| set_up(target, namer, number, kind, deadline))
        .buffer_unordered(CONCURRENCY);

    let total = split.login + split.verify;
    let mut accounts = Accounts::default();
    let mut reported = Instant::now();
    loop {
        let next = tokio::select! {
            next = ready.next() => next,
            () = interrupt.wait() => bail!("interrupted while setting up the accounts"),
            () = tokio::time::sleep_until(deadline.into()) => bail!(
                "{} of {total} accounts were set up in {timeout:?}: raise --provision-timeout, or \
                 lower --users", accounts.count()
            ),
        };
        match next {
            None => break,
            Some(Ok(Ready::Login(account))) => accounts.login.push(account),
            Some(Ok(Ready::Verify(account))) => accounts.verify.push(account),
            Some(Err(error)) => return Err(error),
        }
        if reported.elapsed() >= PROGRESS {
            reported = Instant::now();
            eprintln!("set up {} of {total} accounts", accounts.count());
        }
    }
    eprintln!("set up {total} accounts in {:.1} s", started.elapsed().as_secs_f64());
    Ok(accounts)
}

impl Accounts {
    fn count(&self) -> usize {
        self.login.len() + self.verify.len()
    }
}

async fn set_up(
    target: &Target,
    namer: &Namer,
    number: usize,
    kind: Kind,
    deadline: Instant,
) -> anyhow::Result<Ready> {
    let client = target.client()?;
    let credentials = namer.credentials(number)?;
    let user = target.register(&client, &credentials, deadline).await?.user;
    if user.username != credentials.username {
        bail!("registered {} and got the user {}", credentials.username, user.username);
    }
    let account = Arc::new(Account { client, credentials, user });
    if kind == Kind::Login {
        return Ok(Ready::Login(account));
    }
    let login = target.sign_in(&account.client, &account.credentials, deadline).await?;
    let token = check_login(&login, &account.user)
        .and_then(|()| Token::of(&login, Instant::now()))
        .map_err(|wrong| anyhow!("a sign-in was answered with {wrong}"))?;
    Ok(Ready::Verify(SignedIn { account, token }))
}
