//! Whether sessions and reset offers fit together.

use super::finding::{Finding, NO_USER, Remedy, UNREADABLE};
use super::tables::{Tables, each};
use crate::store::redb::tables::decode;
use crate::store::{Session, SessionId, UserId};

impl Tables {
    pub(super) fn check_sessions(&self, findings: &mut Vec<Finding>) {
        each(&self.sessions, "sessions", findings, |id, (_, json), found| {
            let id = SessionId::from_bytes(*id);
            let mut find = |fault: &str, remedy| {
                found.push(Finding::new("sessions", id, fault, remedy));
            };
            let session: Option<Session> = decode(json, String::new).ok();
            match session.filter(|session| session.id == id) {
                None => find(UNREADABLE, Remedy::RemoveSession(id)),
                Some(Session { user, .. }) if self.user(user)?.is_none() => {
                    find(NO_USER, Remedy::RemoveSession(id));
                }
                Some(Session { user, .. }) => {
                    let key = (user.as_bytes(), id.as_bytes());
                    if self.sessions_of.get(key)?.is_none() {
                        let fault = "it is not among the sessions of its user";
                        find(fault, Remedy::AddSessionOf(user, id));
                    }
                }
            }
            Ok(())
        });
        each(&self.sessions_of, "sessions_by_user", findings, |(user, id), (), found| {
            let (user, id) = (UserId::from_bytes(*user), SessionId::from_bytes(*id));
            let is_theirs = self.session(id)?.is_some_and(|session| session.user == user);
            // A session without a user is found by itself.
            if !is_theirs || self.user(user)?.is_none() {
                let (key, fault) = (format!("{user} {id}"), "the user has no such session");
                let remedy = Remedy::RemoveSessionOf(user, id);
                found.push(Finding::new("sessions_by_user", key, fault, remedy));
            }
            Ok(())
        });
    }

    pub(super) fn check_resets(&self, findings: &mut Vec<Finding>) {
        each(&self.resets, "resets", findings, |hash, (user, _, _), found| {
            let id = UserId::from_bytes(*user);
            let offered = self.resets_of.get(user)?.is_some_and(|offer| offer.value() == hash);
            let fault = match self.user(id)? {
                None => NO_USER,
                Some(_) if !offered => "it is not the reset link of its user",
                Some(_) => return Ok(()),
            };
            // The hash stays out of the finding: whoever reads that must not learn of the link.
            let key = format!("of user {id}");
            found.push(Finding::new("resets", key, fault, Remedy::RemoveReset(*hash)));
            Ok(())
        });
        each(&self.resets_of, "resets_by_user", findings, |user, hash, found| {
            let id = UserId::from_bytes(*user);
            let is_theirs = self.resets.get(hash)?.is_some_and(|reset| reset.value().0 == user);
            if !is_theirs || self.user(id)?.is_none() {
                let remedy = Remedy::RemoveResetOf(id);
                let fault = "the user has no such reset link";
                found.push(Finding::new("resets_by_user", id, fault, remedy));
            }
            Ok(())
        });
    }

    pub(super) fn check_reset_times(&self, findings: &mut Vec<Finding>) {
        each(&self.reset_times, "reset_times", findings, |hash, _, found| {
            if self.resets.get(hash)?.is_none() {
                let fault = "there is no such reset link";
                let remedy = Remedy::RemoveResetTime(*hash);
                found.push(Finding::new("reset_times", "of a reset link", fault, remedy));
            }
            Ok(())
        });
    }
}
