//! The operations that write. Each locks what a rule asks for and applies what the rule decides.

use hallpass_contract::Secret;
use jiff::Timestamp;
use tokio_postgres::Client;

use super::changes::{apply, apply_unless_refused};
use super::rows::or_none;
use super::sign_outs::Ending;
use super::{
    audit, challenges, failures, locks, names, oauth_clients, resets, restrictions, sessions, users,
};
use crate::store::applied::Applied;
use crate::store::rules::{self, Asker, NameCheck};
use crate::store::{
    Actor, AuditEntry, AuditId, Block, BlockId, Challenge, CreateUserError, EditUserError, Edited,
    FactorEdit, Moment, NewSession, OauthClient, OauthClientAdded, Refresh, ResetOffer, Rotation,
    Session, SessionId, User, UserEdit, UserId, Verified,
};

/// What came of an operation that the rules may refuse.
type Judged<T> = anyhow::Result<Applied<Result<T, EditUserError>>>;

/// Who asks, and the user whom it is about, both locked.
async fn asker_and_user(
    db: &Client,
    by: Option<Actor>,
    user: UserId,
) -> anyhow::Result<(Option<Asker>, Option<User>)> {
    let ids: Vec<_> = by.iter().map(|by| by.user).chain([user]).collect();
    let locked = users::lock(db, &ids).await?;
    let asker = match by {
        Some(actor) => {
            let has_session = sessions::is_there(db, actor.session).await?;
            Some(Asker { actor, user: locked.get(actor.user), has_session })
        }
        None => None,
    };
    Ok((asker, locked.get(user)))
}

/// Who asks for a change of their own, locked.
async fn asker(db: &Client, actor: Actor) -> anyhow::Result<Asker> {
    let user = users::lock_one(db, actor.user).await?;
    let has_session = sessions::is_there(db, actor.session).await?;
    Ok(Asker { actor, user, has_session })
}

async fn asker_if_any(db: &Client, by: Option<Actor>) -> anyhow::Result<Option<Asker>> {
    match by {
        Some(actor) => asker(db, actor).await.map(Some),
        None => Ok(None),
    }
}

pub(super) async fn create_user(
    db: &Client,
    user: User,
    address: Option<String>,
) -> anyhow::Result<Applied<Result<(), CreateUserError>>> {
    names::lock(db, &user).await?;
    let name = NameCheck {
        is_taken: names::is_taken(db, &user.username_key).await?,
        looks_like_another: names::looks_like_another(db, &user.username).await?,
    };
    apply_unless_refused(db, rules::register(user, address, name)).await
}

pub(super) async fn import_users(
    db: &Client,
    users: Vec<User>,
) -> anyhow::Result<Applied<Vec<bool>>> {
    locks::all_names(db).await?;
    let mut added = Vec::new();
    for user in users {
        let is_taken = names::is_taken(db, &user.username_key).await?;
        added.push(apply(db, rules::import(user, is_taken)).await?.answer);
    }
    Ok(Applied::quietly(added))
}

pub(super) async fn edit_user(
    db: &Client,
    id: UserId,
    edit: UserEdit,
    by: Option<Actor>,
    at: Moment,
) -> Judged<Edited> {
    let (by, user) = asker_and_user(db, by, id).await?;
    let admins = users::active_admins(db, user.as_ref()).await?;
    apply_unless_refused(db, rules::edit(by.as_ref(), user, edit, admins, at)).await
}

pub(super) async fn delete_user(
    db: &Client,
    id: UserId,
    by: Option<Actor>,
    at: Moment,
) -> Judged<User> {
    let (by, user) = asker_and_user(db, by, id).await?;
    let admins = users::active_admins(db, user.as_ref()).await?;
    apply_unless_refused(db, rules::delete(by.as_ref(), user, admins, at)).await
}

pub(super) async fn set_password(
    db: &Client,
    id: UserId,
    new: Secret,
    at: Moment,
) -> anyhow::Result<Applied<bool>> {
    apply(db, rules::set_password(users::lock_one(db, id).await?, new, at)).await
}

pub(super) async fn change_password(
    db: &Client,
    by: Actor,
    version: u32,
    new: Secret,
    at: Moment,
) -> Judged<()> {
    let by = asker(db, by).await?;
    apply_unless_refused(db, rules::change_password(&by, version, new, at)).await
}

pub(super) async fn change_factors(
    db: &Client,
    by: Actor,
    edit: FactorEdit,
    at: Moment,
) -> Judged<User> {
    let by = asker(db, by).await?;
    apply_unless_refused(db, rules::change_factors(&by, edit, at)).await
}

pub(super) async fn remove_factors(
    db: &Client,
    id: UserId,
    by: Option<Actor>,
    at: Moment,
) -> Judged<User> {
    let (by, user) = asker_and_user(db, by, id).await?;
    apply_unless_refused(db, rules::remove_factors(by.as_ref(), user, at)).await
}

pub(super) async fn count_answer(
    db: &Client,
    challenge: Challenge,
) -> anyhow::Result<Applied<bool>> {
    challenges::count(db, challenge).await.map(Applied::quietly)
}

pub(super) async fn offer_reset(db: &Client, offer: ResetOffer) -> Judged<()> {
    let (by, user) = asker_and_user(db, Some(offer.by), offer.user).await?;
    let by = by.unwrap_or(Asker { actor: offer.by, user: None, has_session: false });
    apply_unless_refused(db, rules::offer(&by, user.is_some(), offer)).await
}

pub(super) async fn withdraw_reset(
    db: &Client,
    id: UserId,
    by: Option<Actor>,
    now: Timestamp,
) -> Judged<()> {
    let (by, user) = asker_and_user(db, by, id).await?;
    let is_open = resets::is_open_to(db, id, now).await?;
    apply(db, rules::withdraw(by.as_ref(), user.as_ref(), is_open)).await
}

pub(super) async fn take_up_reset(
    db: &Client,
    token_hash: [u8; 32],
    new: Secret,
    at: Moment,
) -> anyhow::Result<Applied<Option<UserId>>> {
    let offered_to = resets::lock(db, &token_hash, at.now).await?;
    apply(db, rules::take_up(offered_to, new, at)).await
}

pub(super) async fn start_session(
    db: &Client,
    new: NewSession,
) -> anyhow::Result<Applied<Option<User>>> {
    let user = users::lock_one(db, new.session.user).await?;
    let existing = sessions::existing(db, new.session.user).await?;
    let answers = match new.challenge {
        Some(challenge) => challenges::answers(db, challenge.id).await?,
        None => None,
    };
    // Nobody is promised that the sessions that made room have ended.
    Ok(apply(db, rules::start(new, user, existing, answers)).await?.unawaited())
}

pub(super) async fn refresh(db: &Client, refresh: Refresh) -> anyhow::Result<Applied<Rotation>> {
    let (session, user) = sessions::lock(db, refresh.id).await?;
    apply(db, rules::refresh(refresh, session, user)).await
}

pub(super) async fn reauthenticate(
    db: &Client,
    id: SessionId,
    verified: Verified,
    at: Moment,
) -> anyhow::Result<Applied<Option<(Session, User)>>> {
    let (session, user) = sessions::lock(db, id).await?;
    apply(db, rules::reauthenticate(session, user, verified, at)).await
}

pub(super) async fn end_by_ids(db: &Client, ending: Ending) -> anyhow::Result<Applied<()>> {
    Ok(Applied::ending((), sessions::end_by_ids(db, &ending).await?))
}

pub(super) async fn end_other_sessions(db: &Client, by: Actor, at: Moment) -> Judged<usize> {
    let by = asker(db, by).await?;
    Ok(apply_unless_refused(db, rules::end_other_sessions(&by, at)).await?.counting())
}

pub(super) async fn end_sessions(
    db: &Client,
    user: UserId,
    by: Option<Actor>,
    at: Moment,
) -> Judged<usize> {
    let (by, user) = asker_and_user(db, by, user).await?;
    let decision = rules::end_sessions(by.as_ref(), user.as_ref(), at);
    Ok(apply_unless_refused(db, decision).await?.counting())
}

pub(super) async fn end_session_of(
    db: &Client,
    user: UserId,
    session: SessionId,
    by: Option<Actor>,
    at: Moment,
) -> Judged<()> {
    let (by, user) = asker_and_user(db, by, user).await?;
    // A session of another user is not locked, and is refused.
    let session = or_none(sessions::get(db, session).await)?;
    let decision = rules::end_session_of(by.as_ref(), user.as_ref(), session.as_ref(), at);
    apply_unless_refused(db, decision).await
}

pub(super) async fn end_all_sessions(db: &Client, by: Option<Actor>, at: Moment) -> Judged<usize> {
    let by = asker_if_any(db, by).await?;
    Ok(apply_unless_refused(db, rules::end_all_sessions(by.as_ref(), at)).await?.counting())
}

pub(super) async fn set_registration(db: &Client, is_open: bool, by: Option<Actor>) -> Judged<()> {
    let by = asker_if_any(db, by).await?;
    let kept = restrictions::lock(db).await?;
    let decision = rules::set_registration(by.as_ref(), kept, is_open);
    restrictions::put_unless_refused(db, decision).await
}

pub(super) async fn add_block(db: &Client, block: Block, by: Option<Actor>) -> Judged<Block> {
    let by = asker_if_any(db, by).await?;
    let kept = restrictions::lock(db).await?;
    restrictions::put_unless_refused(db, rules::add_block(by.as_ref(), kept, block)).await
}

pub(super) async fn remove_block(
    db: &Client,
    id: BlockId,
    by: Option<Actor>,
    now: Timestamp,
) -> Judged<Block> {
    let by = asker_if_any(db, by).await?;
    let kept = restrictions::lock(db).await?;
    restrictions::put_unless_refused(db, rules::remove_block(by.as_ref(), kept, id, now)).await
}

pub(super) async fn add_oauth_client(
    db: &Client,
    client: OauthClient,
) -> anyhow::Result<Applied<OauthClientAdded>> {
    oauth_clients::add(db, &client).await.map(Applied::quietly)
}

pub(super) async fn remove_oauth_client(
    db: &Client,
    name: String,
) -> anyhow::Result<Applied<Option<OauthClient>>> {
    oauth_clients::remove(db, &name).await.map(Applied::quietly)
}

pub(super) async fn add_audit(
    db: &Client,
    entries: Vec<AuditEntry>,
    most: u64,
) -> anyhow::Result<Applied<()>> {
    audit::add(db, entries, most).await.map(Applied::quietly)
}

/// Forgets addresses of a user who is gone. Says whether there may be more.
pub(super) async fn forget_addresses(db: &Client, user: UserId) -> anyhow::Result<Applied<bool>> {
    audit::forget_addresses(db, user).await.map(Applied::quietly)
}

/// Removes audit records, or none while another node sweeps.
pub(super) async fn sweep_audit(
    db: &Client,
    before: AuditId,
    most: u64,
) -> anyhow::Result<Applied<usize>> {
    if !locks::try_sweep(db).await? {
        return Ok(Applied::quietly(0));
    }
    locks::audit(db).await?;
    audit::sweep(db, before, most).await.map(Applied::quietly)
}

/// Removes at most `limit` expired sessions, or none while another node sweeps.
pub(super) async fn sweep_sessions(
    db: &Client,
    now: Timestamp,
    limit: i64,
) -> anyhow::Result<Applied<usize>> {
    if !locks::try_sweep(db).await? {
        return Ok(Applied::ending(0, Vec::new()));
    }
    let (removed, revoked) = sessions::remove_expired(db, now, limit).await?;
    Ok(Applied::ending(removed, revoked).unawaited())
}

/// Removes expired offers and revocations, unless another node sweeps.
pub(super) async fn sweep_rest(db: &Client, now: Timestamp) -> anyhow::Result<Applied<()>> {
    if locks::try_sweep(db).await? {
        resets::sweep(db, now).await?;
        challenges::sweep(db, now).await?;
        failures::rows::sweep(db, now).await?;
        sessions::forget_revoked(db, now).await?;
    }
    Ok(Applied::quietly(()))
}
