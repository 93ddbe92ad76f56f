//! What a user does: the Goose transactions.

use std::sync::Arc;
use std::time::Instant;

use goose::goose::{GooseUser, TransactionError};
use goose::prelude::{Scenario, Transaction, TransactionResult};
use tokio::sync::Mutex;

use super::exchange::{custom, exchange};
use super::kind::ScenarioKind;
use super::tally::RequestRow;
use super::world::{Seat, World};
use crate::accounts::Step;
use crate::machine::wall_clock;
use crate::sut::{Account, BadLogin, Call, SignedIn, TwoStep};

/// The scenarios that have users. Each has as much weight as it has seats, so that Goose gives
/// every user the scenario of its seat.
pub(crate) fn scenarios(world: &Arc<World>) -> Vec<(usize, Scenario)> {
    let split = world.split();
    split.0.into_iter().map(|(kind, users)| (users, scenario(kind, world))).collect()
}

fn scenario(kind: ScenarioKind, world: &Arc<World>) -> Scenario {
    let (starts, runs) = (Arc::clone(world), Arc::clone(world));
    let start = Transaction::new(Arc::new(move |user| {
        let started = take_seat(kind, user, &starts);
        Box::pin(async move { started })
    }));
    let step = Transaction::new(Arc::new(move |user| {
        let world = Arc::clone(&runs);
        Box::pin(async move { step(kind, user, &world).await })
    }));
    Scenario::new(kind.name())
        .register_transaction(start.set_name("take a seat").set_on_start())
        .register_transaction(step.set_name(kind.name()))
}

/// A user's seat as Goose keeps it. Only its user ever locks it.
type Kept = Arc<Mutex<Seat>>;

fn take_seat(kind: ScenarioKind, user: &mut GooseUser, world: &World) -> TransactionResult {
    let seat = world.take_seat(kind).ok_or_else(|| custom("more users than seats"))?;
    user.client = seat.client.clone();
    user.set_session_data::<Kept>(Arc::new(Mutex::new(seat)));
    Ok(())
}

/// One turn of a user.
async fn step(kind: ScenarioKind, user: &mut GooseUser, world: &World) -> TransactionResult {
    let kept = user.get_session_data::<Kept>().ok_or_else(|| custom("a user without a seat"))?;
    let kept = Arc::clone(kept);
    let mut seat = kept.lock().await;
    let turn = seat.take_turn();
    match kind {
        ScenarioKind::Verify => verify(user, world, &mut seat, turn).await,
        ScenarioKind::Login => login(user, world, &mut seat, turn).await.map(drop),
        ScenarioKind::LoginThenVerify => login_then_verify(user, world, &mut seat, turn).await,
        ScenarioKind::Refresh => refresh(user, world, &mut seat, turn).await,
        ScenarioKind::Register => register(user, world).await,
        ScenarioKind::Mixed => mixed(user, world, &mut seat, turn).await,
        ScenarioKind::SecondFactor => second_factor(user, world).await,
        ScenarioKind::Negative => negative(user, world, &mut seat, turn).await,
    }
}

async fn mixed(
    user: &mut GooseUser,
    world: &World,
    seat: &mut Seat,
    turn: usize,
) -> TransactionResult {
    match world.schedule[turn % world.schedule.len()] {
        Call::Login => login(user, world, seat, turn).await.map(drop),
        Call::Refresh => refresh(user, world, seat, turn).await,
        Call::Register => register(user, world).await,
        _ => verify(user, world, seat, turn).await,
    }
}

/// Signs the account of this turn in; whatever session the seat had of it is replaced.
async fn login(
    user: &mut GooseUser,
    world: &World,
    seat: &mut Seat,
    turn: usize,
) -> Result<SignedIn, Box<TransactionError>> {
    let at = turn % seat.accounts.len().max(1);
    let account = seat.accounts.get(at).ok_or_else(|| custom("a seat without an account"))?;
    let signed_in = sign_in(user, world, RequestRow::of(Call::Login), account).await?;
    if let Some(session) = seat.sessions.get_mut(at) {
        *session = signed_in.clone();
    }
    Ok(signed_in)
}

async fn login_then_verify(
    user: &mut GooseUser,
    world: &World,
    seat: &mut Seat,
    turn: usize,
) -> TransactionResult {
    let signed_in = login(user, world, seat, turn).await?;
    for _ in 0..world.verifies_per_login {
        if signed_in.token.is_due(Instant::now()) {
            break;
        }
        verify_with(user, world, &signed_in).await?;
    }
    Ok(())
}

async fn verify(
    user: &mut GooseUser,
    world: &World,
    seat: &mut Seat,
    turn: usize,
) -> TransactionResult {
    let session = fresh_session(user, world, seat, turn).await?;
    verify_with(user, world, session).await
}

async fn verify_with(
    user: &mut GooseUser,
    world: &World,
    signed_in: &SignedIn,
) -> TransactionResult {
    let request = world.target.verify_request(&signed_in.token);
    let read = |answer: &_| world.target.read_verify(signed_in, answer);
    exchange(user, world, RequestRow::of(Call::Verify), request, read).await
}

async fn refresh(
    user: &mut GooseUser,
    world: &World,
    seat: &mut Seat,
    turn: usize,
) -> TransactionResult {
    let at = turn % seat.sessions.len().max(1);
    if seat.sessions.get(at).is_some_and(|session| session.refresh.is_none()) {
        return renew(user, world, &mut seat.sessions[at]).await;
    }
    let session = seat.sessions.get_mut(at).ok_or_else(|| custom("a seat without a session"))?;
    exchange_token(user, world, RequestRow::of(Call::Refresh), session).await
}

async fn register(user: &mut GooseUser, world: &World) -> TransactionResult {
    let account = world.stranger().map_err(|error| custom(&error.to_string()))?;
    let request = world.target.register_request(&account);
    let request = request.ok_or_else(|| custom("the target has no [register]"))?;
    let read = |answer: &_| world.target.read_registration(answer);
    exchange(user, world, RequestRow::of(Call::Register), request, read).await
}

/// Signs an account in with its password and a one-time code, if a login is due.
async fn second_factor(user: &mut GooseUser, world: &World) -> TransactionResult {
    let logins = world.two_step.as_ref().ok_or_else(|| custom("no codes were set up"))?;
    let Some(mut loan) = logins.lend().await else { return Ok(()) };
    let (target, row) = (&world.target, |step| RequestRow::of(Call::TwoStep(step)));
    let request = target.login_request(loan.account());
    let read = |answer: &_| target.read_first_step(answer);
    let challenge = exchange(user, world, row(TwoStep::Password), request, read).await?;
    let code = loan.code(Step::at(wall_clock()));
    let request = target.second_step_request(loan.account(), &challenge, &code);
    let request = request.ok_or_else(|| custom("the target has no [second_factor]"))?;
    let read = |answer: &_| target.read_second_step(loan.account(), answer, Instant::now());
    exchange(user, world, row(TwoStep::Code), request, read).await.map(drop)
}

async fn negative(
    user: &mut GooseUser,
    world: &World,
    seat: &mut Seat,
    turn: usize,
) -> TransactionResult {
    let cases = world.negative.as_ref().ok_or_else(|| custom("no cases were prepared"))?;
    let (call, variant) = cases.case(turn);
    let request = match call {
        Call::BadToken(case) => {
            let session = fresh_session(user, world, seat, variant).await?;
            let bad = cases.authorization(case, &session.token, variant);
            world.target.verify_request_with(bad.map_err(|error| custom(&error))?)
        }
        call => {
            let mut stranger = world.stranger().map_err(|error| custom(&error.to_string()))?;
            if call == Call::BadLogin(BadLogin::WrongPassword) {
                let account = &seat.accounts[variant % seat.accounts.len().max(1)];
                stranger.username.clone_from(&account.username);
            }
            world.target.login_request(&stranger)
        }
    };
    let read = |answer: &_| world.target.read_refusal(call, answer);
    exchange(user, world, RequestRow::of(call), request, read).await
}

/// The session of this turn, with a token that is not about to expire.
async fn fresh_session<'a>(
    user: &mut GooseUser,
    world: &World,
    seat: &'a mut Seat,
    turn: usize,
) -> Result<&'a SignedIn, Box<TransactionError>> {
    let at = turn % seat.sessions.len().max(1);
    let session = seat.sessions.get_mut(at).ok_or_else(|| custom("a seat without a session"))?;
    if session.token.is_due(Instant::now()) {
        renew(user, world, session).await?;
    }
    Ok(session)
}

/// Replaces the token: by a refresh if there is a refresh token, else by a sign-in. If a refresh
/// fails, the next renewal is a sign-in.
async fn renew(user: &mut GooseUser, world: &World, session: &mut SignedIn) -> TransactionResult {
    if session.refresh.is_some() {
        let row = RequestRow { call: Call::Refresh, renewal: true };
        return exchange_token(user, world, row, session).await;
    }
    let row = RequestRow { call: Call::Login, renewal: true };
    let account = Arc::clone(&session.account);
    *session = sign_in(user, world, row, &account).await?;
    Ok(())
}

/// Exchanges the refresh token, which is gone if that fails.
async fn exchange_token(
    user: &mut GooseUser,
    world: &World,
    row: RequestRow,
    session: &mut SignedIn,
) -> TransactionResult {
    let used = session.refresh.as_ref();
    let request = used.and_then(|refresh| world.target.refresh_request(refresh));
    let request = request.ok_or_else(|| custom("the target has no [refresh]"))?;
    let before = session.clone();
    session.refresh = None;
    let read = |answer: &_| world.target.read_refresh(&before, answer, Instant::now());
    *session = exchange(user, world, row, request, read).await?;
    Ok(())
}

async fn sign_in(
    user: &mut GooseUser,
    world: &World,
    row: RequestRow,
    account: &Arc<Account>,
) -> Result<SignedIn, Box<TransactionError>> {
    let request = world.target.login_request(account);
    let read = |answer: &_| world.target.read_login(account, answer, Instant::now());
    exchange(user, world, row, request, read).await
}
