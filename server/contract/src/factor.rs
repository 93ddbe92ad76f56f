use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Login, Secret};

/// The body of `POST /api/login/second-factor`: the challenge, and one of the others.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SecondFactor {
    /// The `challenge` of the problem that the login was answered with. It can be answered for five
    /// minutes, once, and tried five times.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub challenge: Secret,
    /// The six digits that the authenticator app shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub totp: Option<Secret>,
    /// One of the recovery codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub recovery_code: Option<Secret>,
    /// What the browser made of the problem's `options`: an `AuthenticationResponseJSON`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub passkey: Option<Value>,
}

/// The answer to `GET /api/me/factors`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FactorList {
    /// One-time codes, if they are set up.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub totp: Option<TotpFactor>,
    /// How many recovery codes are left.
    pub recovery_codes: usize,
    /// The passkeys, in the order in which they were made.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub passkeys: Vec<Passkey>,
}

/// A passkey of a user.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Passkey {
    /// Which one it is; a UUID.
    #[cfg_attr(feature = "openapi", schema(format = "uuid"))]
    pub id: String,
    /// What its user calls it.
    pub name: String,
    /// When it was added; RFC 3339, UTC.
    #[cfg_attr(feature = "openapi", schema(format = "date-time"))]
    pub created_at: String,
    /// When it was used last, if ever.
    #[cfg_attr(feature = "openapi", schema(format = "date-time", required = true))]
    pub last_used_at: Option<String>,
}

/// The answer to `POST /api/me/passkeys` and to `PATCH /api/me/passkeys/{id}`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasskeyBody {
    /// The passkey as it is now.
    pub passkey: Passkey,
    /// What a login answers, if the caller's token was for setting up a second factor.
    #[serde(flatten)]
    #[cfg_attr(feature = "openapi", schema(ignore))]
    pub login: Option<Login>,
}

/// The body of `POST /api/login/passkey/options`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasskeyUser {
    /// Whose passkey it will be. Without a name the browser offers those that it has for the site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

/// What a browser needs to make or to use a passkey.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasskeyOptions {
    /// To be sent back with what the browser makes of the options, once, within five minutes.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub challenge: Secret,
    /// For `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub options: Value,
}

/// The body of `POST /api/login/passkey`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasskeyLogin {
    /// The `challenge` that came with the options.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub challenge: Secret,
    /// What the browser made: an `AuthenticationResponseJSON`.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub credential: Value,
}

/// The body of `POST /api/me/passkeys`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewPasskey {
    /// The `challenge` that came with the options.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub challenge: Secret,
    /// What to call it: 1 to 64 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64))]
    pub name: String,
    /// What the browser made: a `RegistrationResponseJSON`.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub credential: Value,
}

/// The body of `PATCH /api/me/passkeys/{id}`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasskeyName {
    /// What to call it: 1 to 64 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64))]
    pub name: String,
}

/// One-time codes of an authenticator app.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TotpFactor {
    /// When their secret was made; RFC 3339, UTC.
    #[cfg_attr(feature = "openapi", schema(format = "date-time"))]
    pub created_at: String,
}

/// The answer to `POST /api/me/totp`: a secret for an authenticator app, in three forms.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TotpSetup {
    /// In base32, to be typed.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub secret: Secret,
    /// As an `otpauth:` URI.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "uri"))]
    pub uri: Secret,
    /// The URI as a QR code, in SVG.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub qr_svg: Secret,
}

/// The body of `POST /api/me/totp/confirm`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TotpConfirmation {
    /// The six digits that the app shows now.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub code: Secret,
}

/// New recovery codes. They are shown this once.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecoveryCodes {
    /// Each signs its user in once, with the password.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub recovery_codes: Vec<Secret>,
    /// What a login answers, if the caller's token was for setting up a second factor.
    #[serde(flatten)]
    #[cfg_attr(feature = "openapi", schema(ignore))]
    pub login: Option<Login>,
}
