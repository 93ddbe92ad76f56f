//! The API's paths. A name in braces, such as `{id}`, stands for one segment, and a final `*` for
//! any number of them. The server's route table says which methods each path has and what they
//! need. `/api/openapi.json` says what they take and answer.

/// Make an account.
pub const REGISTER: &str = "/api/register";
/// Sign in.
pub const LOGIN: &str = "/api/login";
/// Finish signing in, with a second factor.
pub const SECOND_FACTOR: &str = "/api/login/second-factor";
/// What a browser needs to sign in with a passkey.
pub const PASSKEY_LOGIN_OPTIONS: &str = "/api/login/passkey/options";
/// Sign in with a passkey.
pub const PASSKEY_LOGIN: &str = "/api/login/passkey";
/// Fetch the next access token.
pub const REFRESH: &str = "/api/refresh";
/// Sign out.
pub const LOGOUT: &str = "/api/logout";
/// Check an access token.
pub const VERIFY: &str = "/api/verify";
/// The tutorial's protected content.
pub const PROTECTED: &str = "/api/protected";
/// The caller.
pub const ME: &str = "/api/me";
/// Make the session fresh.
pub const REAUTHENTICATE: &str = "/api/me/reauthenticate";
/// Change the caller's password.
pub const PASSWORD: &str = "/api/me/password";
/// The caller's sessions.
pub const SESSIONS: &str = "/api/me/sessions";
/// One of the caller's sessions.
pub const SESSION: &str = "/api/me/sessions/{id}";
/// The caller's second factors.
pub const FACTORS: &str = "/api/me/factors";
/// The caller's one-time codes.
pub const TOTP: &str = "/api/me/totp";
/// Take the one-time codes into use that were begun last.
pub const TOTP_CONFIRM: &str = "/api/me/totp/confirm";
/// The caller's recovery codes.
pub const RECOVERY_CODES: &str = "/api/me/recovery-codes";
/// What a browser needs to make a passkey.
pub const PASSKEY_OPTIONS: &str = "/api/me/passkeys/options";
/// The caller's passkeys.
pub const PASSKEYS: &str = "/api/me/passkeys";
/// One of the caller's passkeys.
pub const PASSKEY: &str = "/api/me/passkeys/{id}";
/// All users, or those whose names hold [`SEARCH`], a page at a time by [`AFTER`] and [`LIMIT`].
pub const ADMIN_USERS: &str = "/api/admin/users";
/// One user.
pub const ADMIN_USER: &str = "/api/admin/users/{id}";
/// A user's sessions.
pub const ADMIN_USER_SESSIONS: &str = "/api/admin/users/{id}/sessions";
/// One session of a user.
pub const ADMIN_USER_SESSION: &str = "/api/admin/users/{id}/sessions/{session}";
/// A user's failed attempts.
pub const ADMIN_USER_UNLOCK: &str = "/api/admin/users/{id}/unlock";
/// A user's second factors.
pub const ADMIN_USER_FACTORS: &str = "/api/admin/users/{id}/factors";
/// The sessions of all users.
pub const ADMIN_SESSIONS: &str = "/api/admin/sessions";
/// The reset links that can still be used.
pub const ADMIN_RESETS: &str = "/api/admin/resets";
/// The reset link of a user.
pub const ADMIN_USER_RESET: &str = "/api/admin/users/{id}/reset";
/// Set a new password by a reset link.
pub const PASSWORD_RESET: &str = "/api/password-reset";
/// Make a new signing key.
pub const ROTATE_KEYS: &str = "/api/admin/keys/rotate";
/// One of the keys that sign or verify.
pub const ADMIN_KEY: &str = "/api/admin/keys/{id}";
/// Who may register.
pub const ADMIN_REGISTRATION: &str = "/api/admin/registration";
/// The networks that are blocked.
pub const ADMIN_BLOCKS: &str = "/api/admin/blocks";
/// One of them.
pub const ADMIN_BLOCK: &str = "/api/admin/blocks/{id}";
/// The audit log, a page at a time by [`BEFORE`] and [`LIMIT`].
pub const ADMIN_AUDIT: &str = "/api/admin/audit";
/// Whether a page of a guarded site may be shown, for proxies: yes or 401. Any method.
pub const GUARD: &str = "/api/guard";
/// The same. What comes after it is the page's path.
pub const GUARD_BELOW: &str = "/api/guard/*";
/// Whether a page of a guarded site may be shown, for proxies: yes, or a redirect to the sign-in
/// page. Any method.
pub const GUARD_REDIRECT: &str = "/api/guard-redirect";
/// The same. What comes after it is the page's path.
pub const GUARD_REDIRECT_BELOW: &str = "/api/guard-redirect/*";
/// Where the sign-in page goes on to, to get back to a guarded site.
pub const GUARD_CODE: &str = "/api/guard-code";
/// What a frontend must know.
pub const CONFIG: &str = "/api/config";
/// The public keys as a JWK Set (RFC 7517 section 5).
pub const JWKS: &str = "/.well-known/jwks.json";
/// What programs learn of the server by its issuer (RFC 8414).
pub const METADATA: &str = "/.well-known/oauth-authorization-server";
/// Leads to the page on which people change their password.
pub const CHANGE_PASSWORD: &str = "/.well-known/change-password";
/// Ask about a token (RFC 7662).
pub const INTROSPECT: &str = "/oauth/introspect";
/// End the session of a token (RFC 7009).
pub const REVOKE: &str = "/oauth/revoke";
/// The OpenAPI document of the API.
pub const OPENAPI: &str = "/api/openapi.json";
/// The OpenAPI document as an HTML page.
pub const DOCS: &str = "/docs";
/// The stylesheet of that page.
pub const DOCS_STYLE: &str = "/docs/style.css";
/// Whether the process answers.
pub const HEALTHZ: &str = "/healthz";
/// Whether the server can do its work.
pub const READYZ: &str = "/readyz";

/// The query parameter of [`GUARD_CODE`] for the page to go back to.
pub const TO: &str = "to";
/// The query parameter of [`GUARD_CODE`] that names the browser which asked for that page.
pub const ASKED_BY: &str = "asked_by";
/// The query parameter by which a guarded site gets the one-time code.
pub const CODE: &str = "hallpass_code";

/// The query parameter of [`ADMIN_USERS`] that names the last user of the page before.
pub const AFTER: &str = "after";
/// The query parameter of [`ADMIN_USERS`] for a part of the name, of at most [`MAX_SEARCH`]
/// characters.
pub const SEARCH: &str = "search";
/// The most characters of [`SEARCH`].
pub const MAX_SEARCH: usize = 64;
/// The query parameter of [`ADMIN_USERS`] for the most users of a page, from 1 to [`MAX_LIMIT`].
pub const LIMIT: &str = "limit";
/// The most users of a page unless the request says otherwise.
pub const DEFAULT_LIMIT: usize = 50;
/// The most users of a page that a request can ask for.
pub const MAX_LIMIT: usize = 200;

/// The query parameter of [`ADMIN_AUDIT`] for the `next` of the page before.
pub const BEFORE: &str = "before";
/// The query parameter of [`ADMIN_AUDIT`] for the id of a user.
pub const USER: &str = "user";
/// The query parameter of [`ADMIN_AUDIT`] for what happened.
pub const EVENT: &str = "event";
/// The query parameter of [`ADMIN_AUDIT`] for the earliest time, in RFC 3339.
pub const SINCE: &str = "since";
