use serde::{Deserialize, Serialize};

use crate::Secret;

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
}
