use serde::{Deserialize, Serialize};

use crate::Secret;

/// The body of a registration and of a login.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Credentials {
    /// RFC 8265 UsernameCaseMapped. To register: 3 to 64 characters. A name that an operator
    /// imported may have 1 to 255, and spaces between words.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 255, examples("Ada")))]
    pub username: String,
    /// RFC 8265 OpaqueString.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "password"))]
    pub password: Secret,
}

/// A user as the API shows it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct User {
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
}

/// The answer to a registration and to `GET /api/me`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserBody {
    /// The user in question.
    pub user: User,
}

/// The answer to `GET /api/verify`: what the accepted token says, and the user as they are now.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Verified {
    /// The user's id.
    #[cfg_attr(feature = "openapi", schema(format = "uuid"))]
    pub sub: String,
    /// The user's name.
    pub username: String,
    /// The user's roles now, whatever they were when the token was issued.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<crate::schema::Role>))]
    pub roles: Vec<String>,
    /// The session's id.
    #[cfg_attr(feature = "openapi", schema(format = "uuid"))]
    pub sid: String,
    /// When the token expires, in seconds since 1970-01-01T00:00:00Z.
    pub exp: u64,
}

/// The answer to `GET /api/protected`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Protected {
    /// The protected content.
    pub message: String,
    /// For whom it is.
    pub user: User,
}
