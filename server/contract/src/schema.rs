//! Schemas that several wire types share.

use utoipa::ToSchema;

/// What a user may do: a name that the services agree on.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^[a-z0-9:._-]{1,64}$", examples("user"))]
#[expect(dead_code, reason = "the schema alone is used; on the wire a role is a string")]
pub(crate) struct Role(String);
