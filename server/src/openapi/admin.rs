//! What admins do.

use hallpass_contract::path::{DEFAULT_LIMIT, MAX_LIMIT, MAX_SEARCH};
use hallpass_contract::{
    AdminUserBody, ResetLink, ResetList, RotatedKey, SessionList, UserPage, UserPatch, path,
};
use serde_json::json;

use super::operation::{Operation, operation};
use crate::body;
use crate::problem::{Problem, field_error};

pub(super) const TAG: &str = "Administration";

pub(super) fn operations() -> Vec<Operation> {
    let of_users = [users(), edit(), sessions(), end_session(), end_sessions(), unlock()];
    let of_resets = [offer_reset(), resets(), withdraw_reset()];
    let of_all = [end_all_sessions(), rotate_keys(), revoke_key()];
    of_users.into_iter().chain(of_resets).chain(of_all).collect()
}

fn users() -> Operation {
    let about = "In the order of their registration, a page at a time. With `search`, those whose \
                 names hold it.";
    let search = json!({ "type": "string", "maxLength": MAX_SEARCH });
    let after = json!({ "type": "string", "format": "uuid" });
    let limit =
        json!({ "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT });
    let refused = field_error(path::LIMIT, format!("Give 1 to {MAX_LIMIT}."));
    operation(TAG, ("get", path::ADMIN_USERS), "users", "List users", about)
        .parameter("query", path::SEARCH, "A part of the name, whatever its case.", search)
        .parameter("query", path::AFTER, "The `next` of the page before.", after)
        .parameter("query", path::LIMIT, "The most users of the page.", limit)
        .answers::<UserPage>(200, "A page of users.")
        .refuses([Problem::invalid_fields(vec![refused])])
        .stores()
}

fn edit() -> Operation {
    let about = "What is left out stays as it is, and other members are refused. The roles count at \
                 once, and a disabled user's sessions end at once. The last admin can neither lose \
                 the role nor be disabled. It takes a fresh token if the user is or becomes an \
                 admin, or is enabled again.";
    let patch = json!({ "roles": ["user", "billing:read"], "disabled": false });
    operation(TAG, ("patch", path::ADMIN_USER), "editUser", "Change a user", about)
        .of("The user's id.")
        .takes::<UserPatch>("UserPatch", &patch)
        .answers::<AdminUserBody>(200, "The user as they are now.")
        .refuses([Problem::last_admin(), unknown_member()])
        .stores()
}

fn end_sessions() -> Operation {
    let about = "The user is signed out everywhere, and may sign in again. It takes a fresh token if the \
                 user is an admin.";
    let (route, id) = (("delete", path::ADMIN_USER_SESSIONS), "endUserSessions");
    operation(TAG, route, id, "End all sessions of a user", about)
        .of("The user's id.")
        .done(204, "They have ended.")
        .stores()
}

fn sessions() -> Operation {
    let about = "The one that was used last comes first. `current` is the one of the request.";
    let (route, id) = (("get", path::ADMIN_USER_SESSIONS), "userSessions");
    operation(TAG, route, id, "List the sessions of a user", about)
        .of("The user's id.")
        .answers::<SessionList>(200, "The sessions that are still open.")
        .stores()
}

fn end_session() -> Operation {
    let about = "The user is signed out there, and may sign in again. It takes a fresh token if the \
                 user is an admin.";
    let (route, id) = (("delete", path::ADMIN_USER_SESSION), "endUserSession");
    let schema = json!({ "type": "string", "format": "uuid" });
    operation(TAG, route, id, "End one session of a user", about)
        .parameter("path", "session", "The session's id.", schema)
        .of("The user's id.")
        .done(204, "It has ended.")
        .stores()
}

fn unlock() -> Operation {
    let about = "Forgets how often sign-ins to the account failed in a row, so that its user may sign \
                 in from a new address again. It takes a fresh token if the user is an admin.";
    operation(TAG, ("post", path::ADMIN_USER_UNLOCK), "unlockUser", "Unlock an account", about)
        .of("The user's id.")
        .done(204, "The failures are forgotten.")
        .stores()
}

fn end_all_sessions() -> Operation {
    let about = "Everybody is signed out, whoever asks too, and may sign in again. The open reset \
                 links end.";
    let (route, id) = (("delete", path::ADMIN_SESSIONS), "endAllSessions");
    operation(TAG, route, id, "End everybody's sessions", about)
        .done(204, "They have ended.")
        .with_header(204, "Set-Cookie", "Takes the refresh cookie away.")
        .stores()
}

fn unknown_member() -> Problem {
    Problem::invalid_fields(body::others_of::<UserPatch>("role"))
}

fn offer_reset() -> Operation {
    let about = "For whoever has forgotten their password: hand them the link on a way that you \
                 trust. A link takes the place of the one before.";
    operation(TAG, ("post", path::ADMIN_USER_RESET), "offerReset", "Make a reset link", about)
        .of("The user's id.")
        .answers::<ResetLink>(200, "A link that can be used once.")
        .refuses([Problem::no_public_url()])
        .stores()
}

fn resets() -> Operation {
    let about = "Those that can still be used, the one that was made first coming first. A link ends, too, when \
                 whoever made it gets another password, is signed out by somebody else, or is an \
                 admin no longer.";
    operation(TAG, ("get", path::ADMIN_RESETS), "resets", "List the open reset links", about)
        .answers::<ResetList>(200, "The links, without what makes them work.")
        .stores()
}

fn withdraw_reset() -> Operation {
    let about = "The link can't be used any more. It takes a fresh token if the user is an admin.";
    let (route, id) = (("delete", path::ADMIN_USER_RESET), "withdrawReset");
    operation(TAG, route, id, "Withdraw a reset link", about)
        .of("The user's id.")
        .done(204, "It is withdrawn.")
        .stores()
}

fn rotate_keys() -> Operation {
    let about = "Signs with the next key, which the JWK set has held since the rotation before, and \
                 makes another next key. What the key of before has signed stays valid until it \
                 expires.";
    operation(TAG, ("post", path::ROTATE_KEYS), "rotateKeys", "Sign with the next key", about)
        .answers::<RotatedKey>(200, "This key signs from now on.")
        .refuses([Problem::secret_is_configured()])
        .stores()
}

fn revoke_key() -> Operation {
    let about = "No token that the key signed is accepted from the answer on. Nobody is signed out: \
                 browsers fetch another token with the refresh cookie. If it is the key that signs, \
                 the next one takes over. Services that verify tokens themselves notice once they \
                 fetch the key set again.";
    operation(TAG, ("delete", path::ADMIN_KEY), "revokeKey", "Revoke a key", about)
        .of_kind("The key's id, its `kid`.", json!({ "type": "string" }))
        .answers::<RotatedKey>(200, "This key signs from now on.")
        .refuses([Problem::secret_is_configured()])
        .stores()
}
