//! Users, their names, roles and passwords.

use std::ops::Bound::{Excluded, Unbounded};

use hallpass_contract::{ADMIN_ROLE, Secret};
use redb::{ReadableTable, ReadableTableMetadata as _, WriteTransaction};

use super::sessions::Revocation;
use super::tables::{ADDRESSES, ADMINS, SESSIONS, USERS, decode};
use super::{Id, addresses, names, resets, sessions};
use crate::store::{
    Actor, EditUserError, Edited, Moment, SessionId, User, UserEdit, UserId, Users, Verified,
};

/// Whether it was added; not if the name is taken, in whatever spelling.
pub(super) fn create(txn: &WriteTransaction, user: &User) -> anyhow::Result<bool> {
    if names::is_taken(txn, &user.username_key)? {
        return Ok(false);
    }
    names::add(txn, user)?;
    put(txn, user)?;
    Ok(true)
}

/// What became of a registration.
pub(super) enum Registered {
    Done,
    NameTaken,
    LooksLikeAnother,
}

/// As [`create`], unless the name looks like another's; and remembers from where.
pub(super) fn register(
    txn: &WriteTransaction,
    user: &User,
    address: Option<String>,
) -> anyhow::Result<Registered> {
    if names::is_taken(txn, &user.username_key)? {
        return Ok(Registered::NameTaken);
    }
    if address.is_some() && names::would_look_like_another(txn, &user.username)? {
        return Ok(Registered::LooksLikeAnother);
    }
    names::add(txn, user)?;
    put(txn, user)?;
    if let Some(address) = address {
        addresses::remember(txn, user.id, address)?;
    }
    Ok(Registered::Done)
}

/// Of each whether it was added.
pub(super) fn import(txn: &WriteTransaction, users: &[User]) -> anyhow::Result<Vec<bool>> {
    users.iter().map(|user| create(txn, user)).collect()
}

pub(super) fn get(
    users: &impl ReadableTable<Id, &'static [u8]>,
    id: UserId,
) -> anyhow::Result<Option<User>> {
    users.get(id.as_bytes())?.map(|json| read(id, json.value())).transpose()
}

pub(super) fn read(id: UserId, json: &[u8]) -> anyhow::Result<User> {
    decode(json, || format!("the record of user {id}"))
}

/// The next `limit` rows after `after`.
pub(super) fn page(
    table: &impl ReadableTable<Id, &'static [u8]>,
    after: Option<UserId>,
    limit: usize,
) -> anyhow::Result<Users> {
    let start = after.as_ref().map_or(Unbounded, |id| Excluded(id.as_bytes()));
    let mut page = Users::default();
    let mut last = None;
    for row in table.range::<&[u8; 16]>((start, Unbounded))? {
        if page.users.len() + page.damaged.len() == limit {
            page.next = last;
            break;
        }
        let (id, json) = row?;
        let id = UserId::from_bytes(*id.value());
        match read(id, json.value()) {
            Ok(user) => page.users.push(user),
            Err(_) => page.damaged.push(id),
        }
        last = Some(id);
    }
    Ok(page)
}

pub(super) fn put(txn: &WriteTransaction, user: &User) -> anyhow::Result<()> {
    let mut admins = txn.open_table(ADMINS)?;
    if user.is_active_admin() {
        admins.insert(user.id.as_bytes(), ())?;
    } else {
        admins.remove(user.id.as_bytes())?;
    }
    let json = serde_json::to_vec(user)?;
    txn.open_table(USERS)?.insert(user.id.as_bytes(), json.as_slice())?;
    Ok(())
}

/// What an operation that may end sessions did, and which ones ended.
pub(super) struct Ending<T> {
    pub(super) value: T,
    pub(super) ended: Vec<Revocation>,
}

impl<T> Ending<T> {
    pub(super) fn none(value: T) -> Self {
        Self { value, ended: Vec::new() }
    }
}

pub(super) type Outcome<T> = Ending<Result<T, EditUserError>>;

fn refused<T>(why: EditUserError) -> anyhow::Result<Outcome<T>> {
    Ok(Ending::none(Err(why)))
}

/// Why the actor may not do what they asked for, or not any more. The command line may do anything.
pub(super) fn objection(
    txn: &WriteTransaction,
    by: Option<Actor>,
) -> anyhow::Result<Option<EditUserError>> {
    let Some(by) = by else { return Ok(None) };
    if txn.open_table(SESSIONS)?.get(by.session.as_bytes())?.is_none() {
        return Ok(Some(EditUserError::SessionEnded));
    }
    Ok(match get(&txn.open_table(USERS)?, by.user)? {
        None => Some(EditUserError::SessionEnded),
        Some(user) if user.disabled => Some(EditUserError::SessionEnded),
        Some(user) if by.admin && !user.has_role(ADMIN_ROLE) => Some(EditUserError::NoAdmin),
        Some(_) => None,
    })
}

/// Whether an admin asks whose password was given too long ago.
pub(super) fn is_stale(by: Option<Actor>) -> bool {
    by.is_some_and(|by| by.admin && !by.fresh)
}

pub(super) fn edit(
    txn: &WriteTransaction,
    id: UserId,
    edit: UserEdit,
    by: Option<Actor>,
    at: Moment,
) -> anyhow::Result<Outcome<Edited>> {
    if let Some(objection) = objection(txn, by)? {
        return refused(objection);
    }
    let Some(before) = get(&txn.open_table(USERS)?, id)? else {
        return refused(EditUserError::NotFound);
    };
    let mut after = before.clone();
    after.roles = edit.roles.unwrap_or(after.roles);
    after.disabled = edit.disabled.unwrap_or(after.disabled);
    let edited = Edited { before, after };
    if is_stale(by) && edited.needs_fresh_login() {
        return refused(EditUserError::NotFresh);
    }
    let Edited { before, after } = &edited;
    if !after.is_active_admin() && is_last_admin(txn, before)? {
        return refused(EditUserError::LastAdmin);
    }
    if after != before {
        put(txn, after)?;
    }
    if before.is_active_admin() != after.is_active_admin() {
        // Also of who becomes one: an earlier version left those of former admins there.
        for user in [before, after] {
            resets::withdraw_made_by(txn, user)?;
        }
    }
    let mut ended = Vec::new();
    if after.disabled {
        resets::withdraw(txn, id)?;
        ended = sessions::end_all(txn, id, None, at)?;
    }
    Ok(Ending { value: Ok(edited), ended })
}

pub(super) fn delete(
    txn: &WriteTransaction,
    id: UserId,
    by: Option<Actor>,
    at: Moment,
) -> anyhow::Result<Outcome<User>> {
    if let Some(objection) = objection(txn, by)? {
        return refused(objection);
    }
    let Some(user) = get(&txn.open_table(USERS)?, id)? else {
        return refused(EditUserError::NotFound);
    };
    if is_last_admin(txn, &user)? {
        return refused(EditUserError::LastAdmin);
    }
    let ended = sessions::end_all(txn, id, None, at)?;
    resets::withdraw(txn, id)?;
    resets::withdraw_made_by(txn, &user)?;
    txn.open_table(USERS)?.remove(id.as_bytes())?;
    names::remove(txn, &user)?;
    txn.open_table(ADMINS)?.remove(id.as_bytes())?;
    txn.open_table(ADDRESSES)?.remove(id.as_bytes())?;
    Ok(Ending { value: Ok(user), ended })
}

fn is_last_admin(txn: &WriteTransaction, user: &User) -> anyhow::Result<bool> {
    Ok(user.is_active_admin() && txn.open_table(ADMINS)?.len()? == 1)
}

/// Whether the user is there.
pub(super) fn set_password(
    txn: &WriteTransaction,
    id: UserId,
    new: Secret,
    at: Moment,
) -> anyhow::Result<Ending<bool>> {
    let Some(user) = get(&txn.open_table(USERS)?, id)? else {
        return Ok(Ending::none(false));
    };
    let ended = replace_password(txn, user, new, None, at)?;
    Ok(Ending { value: true, ended })
}

pub(super) fn change_password(
    txn: &WriteTransaction,
    by: Actor,
    version: u32,
    new: Secret,
    at: Moment,
) -> anyhow::Result<Outcome<()>> {
    if let Some(objection) = objection(txn, Some(by))? {
        return refused(objection);
    }
    let user = get(&txn.open_table(USERS)?, by.user)?;
    let Some(user) = user.filter(|user| user.password_version == version) else {
        return refused(EditUserError::PasswordChanged);
    };
    let ended = replace_password(txn, user, new, Some(by.session), at)?;
    Ok(Ending { value: Ok(()), ended })
}

fn replace_password(
    txn: &WriteTransaction,
    mut user: User,
    new: Secret,
    keep: Option<SessionId>,
    at: Moment,
) -> anyhow::Result<Vec<Revocation>> {
    user.password_hash = new;
    user.password_version = user.password_version.wrapping_add(1);
    put(txn, &user)?;
    resets::withdraw(txn, user.id)?;
    resets::withdraw_made_by(txn, &user)?;
    sessions::end_all(txn, user.id, keep, at)
}

/// How many ended.
pub(super) fn end_sessions(
    txn: &WriteTransaction,
    user: UserId,
    keep: Option<SessionId>,
    by: Option<Actor>,
    at: Moment,
) -> anyhow::Result<Outcome<usize>> {
    if let Some(objection) = objection(txn, by)? {
        return refused(objection);
    }
    let Some(whose) = get(&txn.open_table(USERS)?, user)? else {
        return refused(EditUserError::NotFound);
    };
    if is_stale(by) && whose.has_role(ADMIN_ROLE) {
        return refused(EditUserError::NotFresh);
    }
    if by.is_none_or(|by| by.user != user) {
        resets::withdraw_made_by(txn, &whose)?;
    }
    let ended = sessions::end_all(txn, user, keep, at)?;
    Ok(Ending { value: Ok(ended.len()), ended })
}

/// The user, if they may sign in and the password that was checked is still theirs; a renewed hash
/// takes the place of the old one.
pub(super) fn confirm_password(
    txn: &WriteTransaction,
    id: UserId,
    verified: Verified,
) -> anyhow::Result<Option<User>> {
    let user = get(&txn.open_table(USERS)?, id)?;
    let confirmed = |user: &User| !user.disabled && user.password_version == verified.version;
    let Some(mut user) = user.filter(confirmed) else { return Ok(None) };
    if let Some(renewed) = verified.renewed {
        user.password_hash = renewed;
        put(txn, &user)?;
    }
    Ok(Some(user))
}
