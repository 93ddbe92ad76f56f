//! The API's paths. `{id}` stands for one segment.

/// `POST` [`Credentials`](crate::Credentials): 201 [`UserBody`](crate::UserBody).
pub const REGISTER: &str = "/api/register";
/// `POST` [`Credentials`](crate::Credentials): 200 [`Login`](crate::Login) and the refresh cookie.
pub const LOGIN: &str = "/api/login";
/// `POST` with the refresh cookie: 200 [`Login`](crate::Login) and the next refresh cookie.
pub const REFRESH: &str = "/api/refresh";
/// `POST` with a bearer token or the refresh cookie: 204; the session ends.
pub const LOGOUT: &str = "/api/logout";
/// `GET` with a bearer token: 200 [`Verified`](crate::Verified).
pub const VERIFY: &str = "/api/verify";
/// `GET` with a bearer token: 200 [`Protected`](crate::Protected).
pub const PROTECTED: &str = "/api/protected";
/// `GET` with a bearer token: 200 [`UserBody`](crate::UserBody). `DELETE` with a fresh one: 204.
pub const ME: &str = "/api/me";
/// `POST` [`Reauthentication`](crate::Reauthentication) with a bearer token: 200
/// [`Login`](crate::Login) of the same session.
pub const REAUTHENTICATE: &str = "/api/me/reauthenticate";
/// `POST` [`PasswordChange`](crate::PasswordChange) with a fresh bearer token: 204.
pub const PASSWORD: &str = "/api/me/password";
/// `GET` with a bearer token: 200 [`SessionList`](crate::SessionList). `DELETE`: 204; all other
/// sessions end.
pub const SESSIONS: &str = "/api/me/sessions";
/// `DELETE` with a bearer token: 204; that session of the caller ends.
pub const SESSION: &str = "/api/me/sessions/{id}";
/// `GET` with an admin's bearer token, [`AFTER`] and [`LIMIT`]: 200
/// [`UserPage`](crate::UserPage).
pub const ADMIN_USERS: &str = "/api/admin/users";
/// `PATCH` [`UserPatch`](crate::UserPatch) with an admin's bearer token: 200
/// [`AdminUserBody`](crate::AdminUserBody).
pub const ADMIN_USER: &str = "/api/admin/users/{id}";
/// `DELETE` with an admin's bearer token: 204; the user's sessions end.
pub const ADMIN_USER_SESSIONS: &str = "/api/admin/users/{id}/sessions";
/// `GET` with an admin's bearer token: 200 [`ResetList`](crate::ResetList).
pub const ADMIN_RESETS: &str = "/api/admin/resets";
/// `POST` with an admin's fresh bearer token: 200 [`ResetLink`](crate::ResetLink). `DELETE` with an
/// admin's bearer token: 204; the link can't be used any more.
pub const ADMIN_USER_RESET: &str = "/api/admin/users/{id}/reset";
/// `POST` [`PasswordReset`](crate::PasswordReset): 204.
pub const PASSWORD_RESET: &str = "/api/password-reset";
/// `POST` with an admin's fresh bearer token: 200 [`RotatedKey`](crate::RotatedKey).
pub const ROTATE_KEYS: &str = "/api/admin/keys/rotate";
/// `GET`: 200 [`PublicConfig`](crate::PublicConfig).
pub const CONFIG: &str = "/api/config";
/// `GET`: 200 the public keys as a JWK Set (RFC 7517 section 5).
pub const JWKS: &str = "/.well-known/jwks.json";
/// `GET`: 200 the OpenAPI 3.1 document of this API.
pub const OPENAPI: &str = "/api/openapi.json";
/// `GET`: 200 a page about this API, for people.
pub const DOCS: &str = "/docs";
/// `GET`: 200 the stylesheet of that page.
pub const DOCS_STYLE: &str = "/docs/style.css";
/// `GET`: 200 as long as the process answers at all.
pub const HEALTHZ: &str = "/healthz";
/// `GET`: 200 when the server can do its work, else 503.
pub const READYZ: &str = "/readyz";

/// The query parameter of [`ADMIN_USERS`] that names the last user of the page before.
pub const AFTER: &str = "after";
/// The query parameter of [`ADMIN_USERS`] for the most users of a page: 1 to 200, 50 by default.
pub const LIMIT: &str = "limit";
