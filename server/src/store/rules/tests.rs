//! The rules, without any store.

mod accounts;
mod names;
mod resets;
mod sessions;

use std::time::Duration;

use hallpass_contract::ADMIN_ROLE;
use jiff::Timestamp;

use super::permission::Asker;
use crate::store::actor::Actor;
use crate::store::id::{SessionId, UserId};
use crate::store::session::{Lifetimes, Moment, Refresh, Session, Verified};
use crate::store::user::User;

pub(super) fn user(roles: &[&str]) -> User {
    User {
        id: UserId::new(Timestamp::UNIX_EPOCH),
        username: "Ada".to_owned(),
        username_key: "ada".to_owned(),
        password_hash: "old hash".into(),
        password_version: 3,
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        disabled: false,
        created_at: Timestamp::UNIX_EPOCH,
        factors: Default::default(),
    }
}

fn admin() -> User {
    user(&[ADMIN_ROLE])
}

fn disabled(user: User) -> User {
    User { disabled: true, ..user }
}

fn at(seconds: i64) -> Moment {
    let now = Timestamp::from_second(seconds).unwrap();
    Moment { now, tokens_expired_at: now + Duration::from_secs(900) }
}

pub(super) fn session(user: &User, refreshed_at: i64) -> Session {
    let Moment { now, tokens_expired_at } = at(refreshed_at);
    Session {
        id: SessionId::new(now),
        user: user.id,
        seed: [0; 16],
        generation: 0,
        created_at: now,
        refreshed_at: now,
        auth_time: now,
        amr: vec!["pwd".to_owned()],
        expires_at: at(10_000).now,
        tokens_expired_at,
        user_agent: "old".to_owned(),
    }
}

/// An admin with a fresh login, who may do anything.
fn asker() -> Asker {
    let (user, session) = (admin(), SessionId::new(Timestamp::UNIX_EPOCH));
    let actor = Actor { user: user.id, session, admin: true, fresh: true };
    Asker { actor, user: Some(user), has_session: true }
}

/// An admin whose login is not fresh.
fn stale() -> Asker {
    let asker = asker();
    Asker { actor: Actor { fresh: false, ..asker.actor }, ..asker }
}

fn verified() -> Verified {
    Verified { version: 3, renewed: None, amr: vec!["pwd".to_owned()], factor: None }
}

fn presented(session: &Session, generation: u32, seconds: i64) -> Refresh {
    let lifetimes =
        Lifetimes { idle: Duration::from_secs(1000), absolute: Duration::from_secs(1500) };
    let user_agent = "new".to_owned();
    Refresh { id: session.id, generation, at: at(seconds), lifetimes, user_agent }
}
