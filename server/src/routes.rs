//! The route table.

use hallpass_contract::path;
use warp::Filter as _;

use crate::endpoint::{Listed, Needs};
use crate::filters::{
    Endpoint, Table, admin, admin_over, admin_over_and_body, answered, any, bearer,
    bearer_and_body, bearer_for_proxies, client, delete, everything_else, fresh, fresh_admin,
    fresh_admin_and_body, fresh_and_body, fresh_setup, fresh_setup_and_body, get, head, id,
    json_body, oauth_client, patch, post, query, session_id, setup, whole, with,
};
use crate::handlers::{
    account, admin as admins, audit, docs, factors, frontend, guard, guarded, health, login, oauth,
    passkeys, public, reset, restrictions, sessions,
};
use crate::openapi::Documents;
use crate::state::App;

/// Everything the server answers.
pub fn routes(app: &App) -> Table {
    let (site, policy) = (&app.site, app.accounts.prover.policy);
    let documents = || Documents::new(policy, site.public_url.as_ref(), &listed());
    site.documents.get_or_init(documents);
    Table::new(app, ENDPOINTS, everything_else(site, frontend::serve))
}

/// What the table says of each endpoint.
pub fn listed() -> Vec<Listed> {
    ENDPOINTS.iter().map(|endpoint| endpoint.listed).collect()
}

/// The API: each endpoint's method, path, what it needs, and what answers it.
#[rustfmt::skip] // it reads as a table
static ENDPOINTS: &[Endpoint] = &[
    // The one that is asked most goes first.
    get(path::VERIFY,              Needs::ProxiedToken,  |app| answered(bearer_for_proxies(app).and(with(&app.site)).then(guarded::verify))),
    get(path::PROTECTED,           Needs::Token,         |app| answered(bearer(app).then(guarded::protected))),
    post(path::LOGIN,              Needs::Nothing,       |app| answered(json_body(app).and(client(app)).and(with(&app.accounts)).and(with(&app.site)).then(login::login))),
    post(path::SECOND_FACTOR,      Needs::Nothing,       |app| answered(json_body(app).and(client(app)).and(with(&app.accounts)).and(with(&app.site)).then(factors::second_factor))),
    post(path::PASSKEY_LOGIN_OPTIONS, Needs::Nothing,    |app| answered(json_body(app).and(client(app)).and(with(&app.accounts)).then(passkeys::login_options))),
    post(path::PASSKEY_LOGIN,      Needs::Nothing,       |app| answered(json_body(app).and(client(app)).and(with(&app.accounts)).and(with(&app.site)).then(passkeys::login))),
    post(path::REFRESH,            Needs::Cookie,        |app| answered(head(app).then(login::refresh))),
    post(path::LOGOUT,             Needs::TokenOrCookie, |app| answered(head(app).then(login::logout))),
    post(path::REGISTER,           Needs::Nothing,       |app| answered(json_body(app).and(client(app)).and(with(&app.accounts)).then(account::register))),
    post(path::PASSWORD_RESET,     Needs::Nothing,       |app| answered(json_body(app).and(client(app)).and(with(&app.accounts)).then(reset::take_up))),

    get(path::ME,                  Needs::TokenOrSetup,  |app| answered(setup(app).then(guarded::me))),
    delete(path::ME,               Needs::FreshToken,    |app| answered(fresh(app).and(with(&app.accounts)).and(with(&app.site)).then(account::delete))),
    post(path::REAUTHENTICATE,     Needs::Token,         |app| answered(bearer_and_body(app).and(with(&app.accounts)).then(login::reauthenticate))),
    post(path::PASSWORD,           Needs::FreshToken,    |app| answered(fresh_and_body(app).and(with(&app.accounts)).then(account::change_password))),
    get(path::SESSIONS,            Needs::Token,         |app| answered(bearer(app).and(with(&app.accounts)).then(sessions::list))),
    delete(path::SESSIONS,         Needs::Token,         |app| answered(bearer(app).and(with(&app.accounts)).then(sessions::end_others))),
    delete(path::SESSION,          Needs::Token,         |app| answered(bearer(app).and(id(path::SESSION)).and(with(&app.accounts)).and(with(&app.site)).then(sessions::end))),
    get(path::FACTORS,             Needs::TokenOrSetup,  |app| answered(setup(app).and(with(&app.accounts)).then(factors::list))),
    post(path::TOTP,               Needs::FreshOrSetup,  |app| answered(fresh_setup(app).and(with(&app.accounts)).then(factors::begin_totp))),
    delete(path::TOTP,             Needs::FreshOrSetup,  |app| answered(fresh_setup(app).and(with(&app.accounts)).then(factors::remove_totp))),
    post(path::TOTP_CONFIRM,       Needs::FreshOrSetup,  |app| answered(fresh_setup_and_body(app).and(with(&app.accounts)).and(with(&app.site)).then(factors::confirm_totp))),
    post(path::RECOVERY_CODES,     Needs::FreshOrSetup,  |app| answered(fresh_setup(app).and(with(&app.accounts)).then(factors::recovery_codes))),
    post(path::PASSKEY_OPTIONS,    Needs::FreshOrSetup,  |app| answered(fresh_setup(app).and(with(&app.accounts)).then(passkeys::options))),
    post(path::PASSKEYS,           Needs::FreshOrSetup,  |app| answered(fresh_setup_and_body(app).and(with(&app.accounts)).and(with(&app.site)).then(passkeys::add))),
    patch(path::PASSKEY,           Needs::FreshOrSetup,  |app| answered(fresh_setup_and_body(app).and(id(path::PASSKEY)).and(with(&app.accounts)).then(passkeys::rename))),
    delete(path::PASSKEY,          Needs::FreshOrSetup,  |app| answered(fresh_setup(app).and(id(path::PASSKEY)).and(with(&app.accounts)).then(passkeys::remove))),

    get(path::ADMIN_USERS,         Needs::Admin,         |app| answered(admin(app).and(query()).and(with(&app.accounts)).then(admins::users))),
    patch(path::ADMIN_USER,        Needs::AdminOverUser, |app| answered(admin_over_and_body(app, path::ADMIN_USER).and(with(&app.accounts)).then(admins::edit))),
    delete(path::ADMIN_USER_SESSIONS, Needs::AdminOverUser, |app| answered(admin_over(app, path::ADMIN_USER_SESSIONS).and(with(&app.accounts)).then(admins::end_sessions))),
    get(path::ADMIN_USER_SESSIONS, Needs::Admin,         |app| answered(admin(app).and(id(path::ADMIN_USER_SESSIONS)).and(with(&app.accounts)).then(admins::sessions))),
    delete(path::ADMIN_USER_SESSION, Needs::AdminOverUser, |app| answered(admin_over(app, path::ADMIN_USER_SESSION).and(session_id(path::ADMIN_USER_SESSION)).and(with(&app.accounts)).then(admins::end_session))),
    post(path::ADMIN_USER_UNLOCK,  Needs::AdminOverUser, |app| answered(admin_over(app, path::ADMIN_USER_UNLOCK).and(with(&app.accounts)).then(admins::unlock))),
    delete(path::ADMIN_USER_FACTORS, Needs::FreshAdmin,  |app| answered(fresh_admin(app).and(id(path::ADMIN_USER_FACTORS)).and(with(&app.accounts)).then(factors::reset))),
    delete(path::ADMIN_SESSIONS,   Needs::FreshAdmin,    |app| answered(fresh_admin(app).and(with(&app.accounts)).and(with(&app.site)).then(admins::end_all_sessions))),
    post(path::ADMIN_USER_RESET,   Needs::FreshAdmin,    |app| answered(fresh_admin(app).and(id(path::ADMIN_USER_RESET)).and(with(&app.accounts)).and(with(&app.site)).then(reset::offer))),
    delete(path::ADMIN_USER_RESET, Needs::AdminOverUser, |app| answered(admin_over(app, path::ADMIN_USER_RESET).and(with(&app.accounts)).then(reset::withdraw))),
    get(path::ADMIN_RESETS,        Needs::Admin,         |app| answered(admin(app).and(with(&app.accounts)).then(reset::list))),
    post(path::ROTATE_KEYS,        Needs::FreshAdmin,    |app| answered(fresh_admin(app).and(with(&app.accounts)).then(admins::rotate_keys))),
    delete(path::ADMIN_KEY,        Needs::FreshAdmin,    |app| answered(fresh_admin(app).and(id(path::ADMIN_KEY)).and(with(&app.accounts)).then(admins::revoke_key))),
    post(path::ADMIN_REGISTRATION, Needs::FreshAdmin,    |app| answered(fresh_admin_and_body(app).and(with(&app.accounts)).then(restrictions::set_registration))),
    get(path::ADMIN_BLOCKS,        Needs::Admin,         |app| answered(admin(app).and(with(&app.accounts)).then(restrictions::blocks))),
    post(path::ADMIN_BLOCKS,       Needs::FreshAdmin,    |app| answered(fresh_admin_and_body(app).and(with(&app.accounts)).then(restrictions::block))),
    delete(path::ADMIN_BLOCK,      Needs::FreshAdmin,    |app| answered(fresh_admin(app).and(id(path::ADMIN_BLOCK)).and(with(&app.accounts)).then(restrictions::unblock))),
    get(path::ADMIN_AUDIT,         Needs::Admin,         |app| answered(admin(app).and(query()).and(with(&app.accounts)).then(audit::page))),

    any(path::GUARD,               Needs::GuardCookie,   |app| answered(whole(app).then(guard::guard))),
    any(path::GUARD_BELOW,         Needs::GuardCookie,   |app| answered(whole(app).then(guard::guard))),
    any(path::GUARD_REDIRECT,      Needs::GuardCookieOrRedirect, |app| answered(whole(app).then(guard::guard_redirect))),
    any(path::GUARD_REDIRECT_BELOW, Needs::GuardCookieOrRedirect, |app| answered(whole(app).then(guard::guard_redirect))),
    get(path::GUARD_CODE,          Needs::CookieOrRedirect, |app| answered(head(app).and(query()).then(guard::guard_code))),

    get(path::CONFIG,              Needs::Nothing,       |app| answered(with(&app.accounts).and(with(&app.site)).then(public::config))),
    get(path::JWKS,                Needs::Nothing,       |app| answered(head(app).then(public::jwks))),
    get(path::METADATA,            Needs::Nothing,       |app| answered(head(app).then(oauth::server_metadata))),
    get(path::CHANGE_PASSWORD,     Needs::Nothing,       |app| answered(with(app).then(oauth::change_password))),
    post(path::INTROSPECT,         Needs::Client,        |app| answered(oauth_client(app).then(oauth::introspect))),
    post(path::REVOKE,             Needs::Client,        |app| answered(oauth_client(app).then(oauth::revoke))),
    get(path::OPENAPI,             Needs::Nothing,       |app| answered(head(app).then(docs::openapi))),
    get(path::DOCS,                Needs::Nothing,       |app| answered(head(app).then(docs::page))),
    get(path::DOCS_STYLE,          Needs::Nothing,       |app| answered(head(app).then(docs::style))),
    get(path::HEALTHZ,             Needs::Nothing,       |app| answered(with(app).then(health::healthz))),
    get(path::READYZ,              Needs::Nothing,       |app| answered(with(app).then(health::readyz))),
];
