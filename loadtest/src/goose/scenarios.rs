//! What a user does: the Goose transactions, and the check of every answer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use goose::goose::{GooseMethod, GooseRequest, GooseUser, TransactionError};
use goose::prelude::{Scenario, Transaction, TransactionResult};
use hallpass_contract::{Login, Verified, kind, path};
use reqwest::header::{AUTHORIZATION, HeaderMap, RETRY_AFTER};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;

use super::tally::{Reason, Tally};
use crate::accounts::Accounts;
use crate::accounts::{Account, SignedIn, Token, check_login};

/// The measured login.
pub(crate) const LOGIN: &str = path::LOGIN;
/// The measured verification.
pub(crate) const VERIFY: &str = path::VERIFY;
/// A login that replaces a verifying user's access token before it expires.
pub(crate) const RENEWAL: &str = "/api/login (renewal)";

/// How long a user waits after a request that got no answer at all: without this, a server that is
/// gone would be asked, and the console filled, as fast as the machine can.
const NO_ANSWER_PAUSE: Duration = Duration::from_millis(100);

/// Sign in, again and again; one account for each user.
pub(crate) fn login_scenario(accounts: Vec<Arc<Account>>, tally: &Arc<Tally>) -> Scenario {
    let pool = Mutex::new(accounts);
    let tally = Arc::clone(tally);
    Scenario::new("login")
        .register_transaction(on_start(move |user| take_account(user, &pool, |a| &a.client)))
        .register_transaction(
            Transaction::new(Arc::new(move |user| {
                let tally = Arc::clone(&tally);
                Box::pin(async move { login(user, &tally).await })
            }))
            .set_name("login"),
        )
}

/// Verify an access token, again and again; one account for each user.
pub(crate) fn verify_scenario(accounts: Vec<SignedIn>, tally: &Arc<Tally>) -> Scenario {
    let pool = Mutex::new(accounts);
    let tally = Arc::clone(tally);
    Scenario::new("verify")
        .register_transaction(on_start(move |user| {
            take_account(user, &pool, |signed_in| &signed_in.account.client)
        }))
        .register_transaction(
            Transaction::new(Arc::new(move |user| {
                let tally = Arc::clone(&tally);
                Box::pin(async move { verify(user, &tally).await })
            }))
            .set_name("verify"),
        )
}

/// The scenarios that have users, each with as much weight as it has accounts, so that Goose gives
/// every user the scenario that its account was made for.
pub(crate) fn scenarios(accounts: Accounts, tally: &Arc<Tally>) -> Vec<(usize, Scenario)> {
    let (logins, verifies) = (accounts.login.len(), accounts.verify.len());
    let mut scenarios = Vec::new();
    if verifies > 0 {
        scenarios.push((verifies, verify_scenario(accounts.verify, tally)));
    }
    if logins > 0 {
        scenarios.push((logins, login_scenario(accounts.login, tally)));
    }
    scenarios
}

fn on_start<F>(start: F) -> Transaction
where
    F: Fn(&mut GooseUser) -> TransactionResult + Send + Sync + 'static,
{
    Transaction::new(Arc::new(move |user| {
        let started = start(user);
        Box::pin(async move { started })
    }))
    .set_name("take an account")
    .set_on_start()
}

fn take_account<T: Clone + Send + Sync + 'static>(
    user: &mut GooseUser,
    pool: &Mutex<Vec<T>>,
    client: impl FnOnce(&T) -> &reqwest::Client,
) -> TransactionResult {
    let account = pool.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let account = account.ok_or_else(|| custom("more users than accounts"))?;
    user.client = client(&account).clone();
    user.set_session_data(account);
    Ok(())
}

async fn login(user: &mut GooseUser, tally: &Tally) -> TransactionResult {
    let account = Arc::clone(session::<Arc<Account>>(user)?);
    sign_in(user, tally, LOGIN, &account).await?;
    Ok(())
}

async fn verify(user: &mut GooseUser, tally: &Tally) -> TransactionResult {
    let mut signed_in = session::<SignedIn>(user)?.clone();
    if Instant::now() >= signed_in.token.renew_at {
        let account = Arc::clone(&signed_in.account);
        signed_in.token = sign_in(user, tally, RENEWAL, &account).await?;
        user.set_session_data(signed_in.clone());
    }
    let request = user
        .get_request_builder(&GooseMethod::Get, path::VERIFY)?
        .header(AUTHORIZATION, signed_in.token.authorization.clone());
    let expected = &signed_in.account.user;
    exchange(user, tally, VERIFY, request, |verified: Verified| {
        let differs =
            |kind, is: &str, should: &str| Err(Reason::new(kind, format!("{is} for {should}")));
        if verified.sub != expected.id {
            differs("wrong sub", &verified.sub, &expected.id)
        } else if verified.username != expected.username {
            differs("wrong username", &verified.username, &expected.username)
        } else {
            Ok(())
        }
    })
    .await
}

async fn sign_in(
    user: &mut GooseUser,
    tally: &Tally,
    name: &'static str,
    account: &Account,
) -> Result<Token, Box<TransactionError>> {
    let request =
        user.get_request_builder(&GooseMethod::Post, path::LOGIN)?.json(&account.credentials);
    exchange(user, tally, name, request, |login: Login| {
        check_login(&login, &account.user)
            .and_then(|()| Token::of(&login, Instant::now()))
            .map_err(|wrong| Reason::new("wrong login", wrong))
    })
    .await
}

/// Sends a request through Goose, and counts it as failed unless the answer is a 200 whose body is of
/// the right shape and passes the check.
async fn exchange<T: DeserializeOwned, R>(
    user: &mut GooseUser,
    tally: &Tally,
    name: &'static str,
    request: RequestBuilder,
    check: impl FnOnce(T) -> Result<R, Reason>,
) -> Result<R, Box<TransactionError>> {
    let request = GooseRequest::builder()
        .set_request_builder(request)
        .name(name)
        .expect_status_code(StatusCode::OK.as_u16())
        .build();
    let mut sent = user.request(request).await?;
    let (headers, judged) = match sent.response {
        Ok(answer) => {
            let headers = answer.headers().clone();
            (Some(headers), read(answer).await.and_then(check))
        }
        Err(error) => (None, Err(no_answer(&error))),
    };
    let reason = match judged {
        Ok(checked) => return Ok(checked),
        Err(reason) => reason,
    };
    let tag = reason.kind.clone();
    tally.add(name, reason);
    if headers.is_none() {
        tokio::time::sleep(NO_ANSWER_PAUSE).await;
    }
    // No body: it may hold a token.
    match user.set_failure(&tag, &mut sent.request, headers.as_ref(), None) {
        Err(failed) => Err(failed),
        // Goose documents it as an error in any case; a failure must not become a success here.
        Ok(()) => Err(custom(&tag)),
    }
}

async fn read<T: DeserializeOwned>(answer: Response) -> Result<T, Reason> {
    let status = answer.status();
    let headers = answer.headers().clone();
    let body = answer.bytes().await.map_err(|error| no_answer(&error))?;
    if status != StatusCode::OK {
        return Err(refused(status, &headers, &body));
    }
    serde_json::from_slice(&body)
        .map_err(|error| Reason::new("status 200 with a wrong body", error.to_string()))
}

/// The name of a refusal. A declared overload has one of its own: it is what a server should do when
/// it is asked for too much, and still a request that was not served.
fn refused(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Reason {
    let problem = serde_json::from_slice::<hallpass_contract::Problem>(body).ok();
    let declared = headers.contains_key(RETRY_AFTER)
        || problem.as_ref().is_some_and(|problem| problem.kind == kind::OVERLOADED);
    let name = match status {
        StatusCode::SERVICE_UNAVAILABLE if declared => "declared overload (503)".to_owned(),
        StatusCode::TOO_MANY_REQUESTS => "throttled (429)".to_owned(),
        _ => format!("status {}", status.as_u16()),
    };
    Reason::new(name, problem.map(|problem| problem.detail).unwrap_or_default())
}

fn no_answer(error: &reqwest::Error) -> Reason {
    let kind = if error.is_timeout() {
        "timed out"
    } else if error.is_connect() {
        "no connection"
    } else {
        "no whole answer"
    };
    // The outer errors say little more than that there was one.
    let mut source: &dyn std::error::Error = error;
    while let Some(inner) = source.source() {
        source = inner;
    }
    Reason::new(kind, source.to_string())
}

fn session<T: Clone + Send + Sync + 'static>(
    user: &GooseUser,
) -> Result<&T, Box<TransactionError>> {
    user.get_session_data::<T>().ok_or_else(|| custom("a user without an account"))
}

fn custom(message: &str) -> Box<TransactionError> {
    Box::new(TransactionError::Custom(message.to_owned()))
}
