//! Users, sessions and reset links as the contract shows them.

use hallpass_contract::{self as contract, AdminUser, NamedUser};

use crate::store::{Block, OpenReset, Session, SessionId, User};

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
