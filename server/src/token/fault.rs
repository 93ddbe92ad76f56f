use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use thiserror::Error;

use crate::keys::Algorithm;

/// What a token is for. Its header says so in `typ`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TokenKind {
    /// An access token (RFC 9068 section 2.1).
    Access,
    /// For setting up a second factor alone. Whoever checks access tokens refuses it by its type.
    Setup,
    /// For the pages of a site that the server guards, and for nothing else: the guard cookie.
    Guard,
}

impl TokenKind {
    /// The header's `typ`.
    pub(super) fn typ(self) -> &'static str {
        match self {
            Self::Access => "at+jwt",
            Self::Setup => "setup+jwt",
            Self::Guard => "guard+jwt",
        }
    }
}

/// The most bytes of a token. A longer one is refused before it is decoded. Ours have about 700
/// bytes.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// The largest `--leeway`: the most that the clocks of two machines may differ.
pub const MAX_LEEWAY: Duration = Duration::from_secs(60);

/// The longest `--access-ttl`.
pub const MAX_ACCESS_TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a token for setting up a second factor lives: people install an app meanwhile.
pub const SETUP_TTL: Duration = Duration::from_secs(15 * 60);

/// The longest that any access token is accepted, whatever the configuration.
pub const LONGEST_ACCEPTED: Duration =
    Duration::from_secs(MAX_ACCESS_TTL.as_secs() + MAX_LEEWAY.as_secs());

/// Why a token is not accepted, in as much detail as its bearer may know.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TokenError {
    /// Not a JWT of ours: shape, key, algorithm, type, signature, issuer, audience or a claim.
    #[error("the access token is not valid")]
    Invalid,
    /// It was valid once.
    #[error("the access token has expired")]
    Expired,
    /// It will be valid later.
    #[error("the access token is not valid yet")]
    NotYetValid,
}

/// What is wrong with a token, for the operator. It quotes the token, so it is neither logged nor
/// shown to the bearer.
#[derive(Debug, Error)]
pub(super) enum Fault {
    #[error("it has {0} bytes, over {MAX_TOKEN_BYTES}")]
    TooLong(usize),
    #[error("it has five parts, as an encrypted token (JWE) has, instead of three")]
    Encrypted,
    #[error("it has {0} parts between dots instead of three")]
    Parts(usize),
    #[error("the {0} is not base64url in its one right spelling, without padding")]
    Encoding(Part),
    #[error("the {part} is not a JSON object without duplicates: {error}")]
    Json { part: Part, error: serde_json::Error },
    #[error("the header has {0}, which no token of ours carries")]
    HeaderMember(&'static str),
    #[error("typ is {0} instead of \"{access}\", \"{setup}\" or \"{guard}\"",
        access = TokenKind::Access.typ(), setup = TokenKind::Setup.typ(),
        guard = TokenKind::Guard.typ())]
    Type(Found),
    #[error("kid is {0} instead of a string")]
    KeyId(Found),
    #[error("no key has the kid {0}: it is another server's, or forgotten since it retired")]
    UnknownKey(Found),
    #[error("key {0} is the next one, which neither signs nor verifies before a rotation")]
    NextKey(Found),
    #[error("key {kid} has retired and verifies nothing since {since}")]
    RetiredKey { kid: Found, since: Timestamp },
    #[error("key {0} is an HS256 secret that is not configured now")]
    SecretNotConfigured(Found),
    #[error("alg is {found}, and key {kid} is for {pinned} only")]
    Algorithm { found: Found, kid: String, pinned: Algorithm },
    #[error("the signature is not what key {kid} makes of this header and these claims")]
    Signature { kid: String },
    #[error("{name} is {found} instead of {expected}")]
    Claim { name: &'static str, found: Found, expected: &'static str },
    #[error("iss is {found}, and this server is {expected}")]
    Issuer { found: Found, expected: Found },
    #[error("aud is {found}, which does not hold {expected}")]
    Audience { found: Found, expected: Found },
    #[error("it expired {} ago, at {}", span(*.exp, *.now), time(*.exp))]
    Expired { exp: i64, now: i64 },
    #[error("it is not valid before {}, in {}", time(*.nbf), span(*.now, *.nbf))]
    NotYetValid { nbf: i64, now: i64 },
}

impl Fault {
    /// The part of it that the bearer may know.
    pub(super) fn category(&self) -> TokenError {
        match self {
            Self::Expired { .. } => TokenError::Expired,
            Self::NotYetValid { .. } => TokenError::NotYetValid,
            _ => TokenError::Invalid,
        }
    }
}

/// One of the three parts of a token.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Header,
    Claims,
    Signature,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Claims => "claims part",
            Self::Signature => "signature",
        })
    }
}

/// A value in a token, or that it is missing. It is written as JSON that is safe to show in a
/// terminal. In a box, since results are to be small.
#[derive(Debug)]
pub(super) struct Found(Option<Box<Value>>);

impl Found {
    pub(super) fn new(value: Option<&Value>) -> Self {
        Self(value.cloned().map(Box::new))
    }

    pub(super) fn text(text: &str) -> Self {
        Self(Some(Box::new(text.into())))
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(value) = &self.0 else { return f.write_str("missing") };
        for char in value.to_string().chars() {
            // JSON does not escape some control characters, and none that change the writing
            // direction.
            match char {
                '"' | '\'' | '\\' => write!(f, "{char}")?,
                char => write!(f, "{}", char.escape_debug())?,
            }
        }
        Ok(())
    }
}

/// The time from one second to a later one, such as "3m 20s".
pub(super) fn span(from: i64, to: i64) -> humantime::FormattedDuration {
    let seconds = u64::try_from(i128::from(to) - i128::from(from)).unwrap_or(0);
    humantime::format_duration(Duration::from_secs(seconds))
}

/// A NumericDate in words, unless it is too far from the present.
pub(super) fn time(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string())
}
