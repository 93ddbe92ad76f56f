//! What is asked of a server: each call is a row of its own in every report.

use std::fmt;

/// A kind of request, with what its answer should be.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Call {
    /// A new account.
    Register,
    /// Name and right password.
    Login,
    /// A token that is good.
    Verify,
    /// The next token of a session.
    Refresh,
    /// The end of a session.
    SignOut,
    /// A sign-in that is to be refused.
    BadLogin(BadLogin),
    /// A token that is to be refused.
    BadToken(BadToken),
    /// A part of signing in with one-time codes.
    TwoStep(TwoStep),
}

/// What it takes to sign in with one-time codes (RFC 6238).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum TwoStep {
    /// Asks for a secret of codes.
    Begin,
    /// Takes the secret into use with a code of it.
    Confirm,
    /// The first step of a login: name and right password, on which a code is asked for.
    Password,
    /// The second step of a login: the code.
    Code,
}

/// What is wrong with a sign-in.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum BadLogin {
    /// Somebody else's password, or none that anybody has.
    WrongPassword,
    /// A name that nobody has registered.
    UnknownUser,
}

/// What is wrong with a token.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum BadToken {
    /// Its claims or its signature are not what the server wrote.
    Tampered,
    /// The server's own, after its end.
    Expired,
    /// Unsigned: `alg` is `none` (RFC 7518 section 3.6).
    AlgNone,
    /// Signed with HS256 and the server's public key as the secret (RFC 8725 section 2.1).
    AlgHs256,
}

impl Call {
    /// Its key in JSON.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Login => "login",
            Self::Verify => "verify",
            Self::Refresh => "refresh",
            Self::SignOut => "sign_out",
            Self::BadLogin(BadLogin::WrongPassword) => "wrong_password",
            Self::BadLogin(BadLogin::UnknownUser) => "unknown_user",
            Self::BadToken(BadToken::Tampered) => "tampered",
            Self::BadToken(BadToken::Expired) => "expired",
            Self::BadToken(BadToken::AlgNone) => "alg_none",
            Self::BadToken(BadToken::AlgHs256) => "alg_hs256",
            Self::TwoStep(TwoStep::Begin) => "begin",
            Self::TwoStep(TwoStep::Confirm) => "confirm",
            Self::TwoStep(TwoStep::Password) => "first-step",
            Self::TwoStep(TwoStep::Code) => "second-factor",
        }
    }

    /// What goes wrong if it is accepted; `None` for a call that should be.
    pub(crate) fn accepted(self) -> Option<&'static str> {
        match self {
            Self::Register | Self::Login | Self::Verify | Self::Refresh | Self::SignOut => None,
            Self::TwoStep(_) => None,
            Self::BadLogin(BadLogin::WrongPassword) => Some("a wrong password was accepted"),
            Self::BadLogin(BadLogin::UnknownUser) => Some("an unknown user was signed in"),
            Self::BadToken(BadToken::Tampered) => Some("a tampered token was accepted"),
            Self::BadToken(BadToken::Expired) => Some("an expired token was accepted"),
            Self::BadToken(BadToken::AlgNone) => Some("an unsigned token (alg none) was accepted"),
            Self::BadToken(BadToken::AlgHs256) => {
                Some("a token signed with HS256 and the public key was accepted")
            }
        }
    }
}

impl fmt::Display for Call {
    /// Its name for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::BadLogin(BadLogin::WrongPassword) => "wrong password",
            Self::BadLogin(BadLogin::UnknownUser) => "unknown user",
            Self::SignOut => "sign-out",
            Self::BadToken(BadToken::AlgNone) => "alg none",
            Self::BadToken(BadToken::AlgHs256) => "alg HS256",
            Self::TwoStep(TwoStep::Password) => "first step",
            other => other.key(),
        })
    }
}
