//! Users, sessions, reset links and audit records as the contract shows them.

use hallpass_contract::{self as contract, AdminUser, AuditedUser, NamedUser};

use crate::accounts::AuditPart;
use crate::store::{AuditEntry, Block, OpenReset, Passkey, Session, SessionId, User, UserId};

/// Who may register.
pub(crate) fn registration(is_open: bool) -> &'static str {
    if is_open { "open" } else { "closed" }
}

/// A user as they see themselves.
pub(crate) fn user(user: &User) -> contract::User {
    contract::User {
        id: user.id.to_string(),
        username: user.username.clone(),
        roles: user.roles.clone(),
        created_at: user.created_at.to_string(),
    }
}

/// A user as admins and operators see them.
pub(crate) fn admin_user(user: User) -> AdminUser {
    AdminUser {
        id: user.id.to_string(),
        username: user.username,
        roles: user.roles,
        created_at: user.created_at.to_string(),
        disabled: user.disabled,
        second_factor: user.factors.are_needed(),
    }
}

/// A passkey, as its user sees it.
pub(crate) fn passkey(passkey: &Passkey) -> contract::Passkey {
    contract::Passkey {
        id: passkey.id.to_string(),
        name: passkey.name.clone(),
        created_at: passkey.created_at.to_string(),
        last_used_at: passkey.last_used_at.map(|at| at.to_string()),
    }
}

/// A session, as its user, admins and operators see it. `current` is the one of the request.
pub(crate) fn session(session: Session, current: Option<SessionId>) -> contract::Session {
    contract::Session {
        id: session.id.to_string(),
        created_at: session.created_at.to_string(),
        last_used_at: session.refreshed_at.to_string(),
        user_agent: session.user_agent,
        current: current == Some(session.id),
    }
}

/// A block as admins and operators see it.
pub(crate) fn block(block: Block) -> contract::Block {
    contract::Block {
        id: block.id.to_string(),
        network: block.network.to_string(),
        since: block.since.to_string(),
        until: block.until.to_string(),
        reason: block.reason,
    }
}

/// A reset link as admins and operators see it.
pub(crate) fn reset(open: OpenReset) -> contract::OpenReset {
    let named = |user: User| NamedUser { id: user.id.to_string(), username: user.username };
    contract::OpenReset {
        user: named(open.user),
        by: named(open.by),
        created_at: open.created_at.to_string(),
        expires_at: open.expires_at.to_string(),
    }
}

/// Records of the audit log as admins and operators see them.
pub(crate) fn audit(part: AuditPart) -> Vec<contract::AuditRecord> {
    let AuditPart { page, names } = part;
    let user = |id: UserId| AuditedUser { id: id.to_string(), username: names.get(&id).cloned() };
    let shown = |AuditEntry { id, record }| {
        let result = if record.reason.is_some() { "refused" } else { "ok" };
        contract::AuditRecord {
            at: id.time().to_string(),
            event: record.event,
            result: result.to_owned(),
            reason: record.reason,
            user: record.user.map(user),
            by: record.by.map(user),
            session: record.session.map(|session| session.to_string()),
            address: record.address,
            user_agent: record.user_agent,
            detail: record.detail,
            times: record.times.unwrap_or(1),
        }
    };
    page.entries.into_iter().map(shown).collect()
}
