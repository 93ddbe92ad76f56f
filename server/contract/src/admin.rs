use serde::{Deserialize, Serialize};

/// The role that may use the admin routes.
pub const ADMIN_ROLE: &str = "admin";

/// The role that everyone who registers is given.
pub const USER_ROLE: &str = "user";

/// A user as an admin sees them.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminUser {
    /// `UUIDv7` text.
    #[cfg_attr(feature = "openapi", schema(format = "uuid"))]
    pub id: String,
    /// The name as it was registered, its case preserved.
    pub username: String,
    /// Each matches `[a-z0-9:._-]{1,64}`.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<crate::schema::Role>))]
    pub roles: Vec<String>,
    /// RFC 3339, UTC.
    #[cfg_attr(feature = "openapi", schema(format = "date-time"))]
    pub created_at: String,
    /// Can't sign in, and none of their tokens is accepted.
    pub disabled: bool,
    /// Has a passkey or an authenticator app.
    // The frontend does not show it, and what reads it would make its first visit larger.
    #[cfg_attr(target_family = "wasm", serde(skip))]
    pub second_factor: bool,
}

/// The answer to `PATCH /api/admin/users/{id}`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminUserBody {
    /// The user as they are now.
    pub user: AdminUser,
}

/// The answer to `GET /api/admin/users`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserPage {
    /// In the order of their registration.
    pub users: Vec<AdminUser>,
    /// What to give as `after` for the next page; `null` on the last one.
    #[cfg_attr(feature = "openapi", schema(required, format = "uuid"))]
    pub next: Option<String>,
}

/// The body of `PATCH /api/admin/users/{id}`. What is left out stays as it is. Unknown members are
/// refused, since a client that misspells one would believe that the change was made.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UserPatch {
    /// All roles from now on; each matches `[a-z0-9:._-]{1,64}`, at most 32.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<crate::schema::Role>>, max_items = 32))]
    pub roles: Option<Vec<String>>,
    /// Whether the user is shut out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}

/// The answer to `POST /api/admin/users/{id}/reset`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResetLink {
    /// The page on which the user sets a new password, once.
    #[cfg_attr(feature = "openapi", schema(format = "uri"))]
    pub url: String,
    /// RFC 3339, UTC.
    #[cfg_attr(feature = "openapi", schema(format = "date-time"))]
    pub expires_at: String,
}

/// The answer to `GET /api/admin/resets`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResetList {
    /// The links that can still be used, the one that was made first coming first.
    pub resets: Vec<OpenReset>,
}

/// A reset link that can still be used. The link itself is shown once, when it is made.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpenReset {
    /// Whose password it sets.
    pub user: NamedUser,
    /// The admin who made it.
    pub by: NamedUser,
    /// RFC 3339, UTC.
    #[cfg_attr(feature = "openapi", schema(format = "date-time"))]
    pub created_at: String,
    /// RFC 3339, UTC.
    #[cfg_attr(feature = "openapi", schema(format = "date-time"))]
    pub expires_at: String,
}

/// Who somebody is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NamedUser {
    /// `UUIDv7` text.
    #[cfg_attr(feature = "openapi", schema(format = "uuid"))]
    pub id: String,
    /// The name as it was registered, its case preserved.
    pub username: String,
}

/// The answer to `POST /api/admin/keys/rotate` and to `DELETE /api/admin/keys/{id}`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RotatedKey {
    /// The id of the key that signs from now on.
    pub kid: String,
}

/// The body of `POST /api/admin/registration`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegistrationChange {
    /// Who may register from now on: `open` means everyone, `closed` nobody.
    #[cfg_attr(feature = "openapi", schema(pattern = "^(open|closed)$"))]
    pub registration: String,
}

/// The answer to `GET /api/admin/blocks`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BlockList {
    /// The networks that are blocked now, the one that was blocked first coming first.
    pub blocks: Vec<Block>,
}

/// The answer to `POST /api/admin/blocks`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BlockBody {
    /// As it is now.
    pub block: Block,
}

/// A network to which the API is refused for a time.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Block {
    /// `UUIDv7` text.
    #[cfg_attr(feature = "openapi", schema(format = "uuid"))]
    pub id: String,
    /// In CIDR notation.
    pub network: String,
    /// RFC 3339, UTC.
    #[cfg_attr(feature = "openapi", schema(format = "date-time"))]
    pub since: String,
    /// RFC 3339, UTC.
    #[cfg_attr(feature = "openapi", schema(format = "date-time"))]
    pub until: String,
    /// Why, for other admins; may be empty.
    pub reason: String,
}

/// The body of `POST /api/admin/blocks`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewBlock {
    /// A network in CIDR notation, or an address. Of an IPv6 address, its /64 is blocked.
    pub network: String,
    /// For how many seconds, at most 366 days.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 31_622_400))]
    pub seconds: u64,
    /// Why, for other admins: one line of at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 200))]
    pub reason: Option<String>,
    /// Block it even if the caller's own address, this machine or a large part of the internet is
    /// in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub force: Option<bool>,
}

/// The answer to `GET /api/admin/audit`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditPage {
    /// The latest one comes first. There may be fewer than were asked for, or none, though more
    /// follow.
    pub records: Vec<AuditRecord>,
    /// What to give as `before` for the next page; none on the last one.
    #[cfg_attr(feature = "openapi", schema(required, format = "uuid"))]
    pub next: Option<String>,
}

/// A record of the audit log: an event that matters to security.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditRecord {
    /// RFC 3339, UTC.
    #[cfg_attr(feature = "openapi", schema(format = "date-time"))]
    pub at: String,
    /// What happened.
    pub event: String,
    /// `ok` or `refused`.
    pub result: String,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whom it concerns, as far as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<AuditedUser>,
    /// The admin who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<AuditedUser>,
    /// The session that it concerns, or in which the admin did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// From where it was done. It is not kept once its user is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// By which browser it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// What else there is to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// How often it happened, within a minute.
    pub times: u64,
}

/// Somebody in the audit log.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditedUser {
    /// `UUIDv7` text.
    #[cfg_attr(feature = "openapi", schema(format = "uuid"))]
    pub id: String,
    /// The name as it is today. None if the user is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}
