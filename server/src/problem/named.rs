//! The problems that have a name.

use std::time::Duration;

use hallpass_contract::{FieldError, Secret, kind};
use http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::Value;

use super::{Details, FactorNeeded, Problem, field_error};
use crate::accounts::Hazard;
use crate::proof::factors::FactorKind;
use crate::store::{MAX_BLOCKS, MAX_PASSKEYS};

const SITE_NOT_GUARDED: &str = "This server guards no site of that host. Its operator names it with \
                                --guard-origin, and has the proxy write X-Forwarded-Proto, -Host, \
                                -Uri and -Method, each once.";

impl Problem {
    /// 404.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is nothing at this path.")
    }

    /// 404: the path is not below the server's own.
    pub fn beside(base: &str) -> Self {
        let detail = format!(
            "This server is below {base}, as its --public-url says. A proxy in front has to pass \
             that path on."
        );
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 409: no public URL is configured, so there is no address for links.
    pub fn no_public_url() -> Self {
        let detail = "The server makes no links, since it does not know its own public address; \
                      its operator must set --public-url (HALLPASS_PUBLIC_URL), such as \
                      https://login.example.";
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// 400: the request does not say by which name it reached the server.
    pub fn no_host_name() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Send the server's name in the Host header.")
    }

    /// 405, with the methods that the path does have.
    pub fn method_not_allowed(allow: &str) -> Self {
        let detail = format!("This path answers {allow} only.");
        let allow = HeaderValue::try_from(allow).expect("names of methods are ASCII");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, detail).with_header(ALLOW, allow)
    }

    /// 401: no credentials came. RFC 6750 section 3.1 wants no error code then.
    pub fn no_credentials() -> Self {
        Self::unauthenticated("Sign in and send the access token as `Authorization: Bearer`.", None)
    }

    /// 401: the credentials can't be used.
    pub fn malformed_credentials(detail: &'static str) -> Self {
        Self::unauthenticated(detail, Some("the credentials are malformed"))
    }

    /// 401: the token's user is gone or disabled.
    pub fn user_gone() -> Self {
        Self::unauthenticated("Sign in again.", Some("the user can't sign in any more"))
    }

    pub(super) fn unauthenticated(detail: &'static str, error: Option<&'static str>) -> Self {
        Self {
            kind: kind::UNAUTHENTICATED,
            ..Self::new(StatusCode::UNAUTHORIZED, detail).with_challenge(error)
        }
    }

    /// 401: the session does not exist or has ended.
    pub fn session_ended() -> Self {
        Self {
            kind: kind::SESSION_ENDED,
            title: "No session",
            ..Self::unauthenticated(
                "The session has ended; sign in again.",
                Some("the session has ended"),
            )
        }
    }

    /// 401: no refresh cookie came, so no session can be refreshed.
    pub fn no_refresh_cookie() -> Self {
        let detail = "No refresh cookie came with this request; sign in.";
        Self {
            kind: kind::SESSION_ENDED,
            title: "No session",
            ..Self::unauthenticated(detail, None)
        }
    }

    /// 401: the password was given too long ago (RFC 9470 section 3).
    pub fn not_fresh(max_age: Duration) -> Self {
        let seconds = max_age.as_secs();
        let challenge = format!(
            r#"Bearer realm="hallpass", error="insufficient_user_authentication", error_description="the password was given too long ago", max_age="{seconds}""#
        );
        let challenge = HeaderValue::try_from(challenge).expect("the parts are ASCII");
        Self {
            kind: kind::NOT_FRESH,
            title: "Reauthentication needed",
            ..Self::new(StatusCode::UNAUTHORIZED, "Give your password again to do this.")
                .with_header(WWW_AUTHENTICATE, challenge)
        }
    }

    /// 401: the store failed, so nobody can be let in. `Retry-After` means nothing with a 401. But
    /// a server of several that has [lost touch](Self::out_of_touch) says so.
    pub fn cannot_tell(mut cause: Self) -> Self {
        if cause.is_out_of_touch || !cause.status.is_server_error() {
            return cause;
        }
        cause.headers.retain(|(name, _)| *name != RETRY_AFTER);
        let challenge = HeaderValue::from_static(r#"Bearer realm="hallpass""#);
        let (status, kind) = (StatusCode::UNAUTHORIZED, kind::BLANK);
        Self { status, kind, title: "Unauthorized", ..cause }
            .with_header(WWW_AUTHENTICATE, challenge)
    }

    /// 401: no guard cookie came that opens the page.
    pub fn no_guard_cookie() -> Self {
        Self::unauthenticated("Sign in to see this page.", None)
    }

    /// 404: no site is guarded.
    pub fn no_site_guarded() -> Self {
        let detail = "This server guards no pages; its operator must set --guard-origin \
                      (HALLPASS_GUARD_ORIGIN), such as https://wiki.example.";
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 403: the page is on a site that is not guarded.
    pub fn site_not_guarded() -> Self {
        Self::new(StatusCode::FORBIDDEN, SITE_NOT_GUARDED)
    }

    /// 401: as [`site_not_guarded`](Self::site_not_guarded), for proxies.
    pub fn site_not_guarded_at_proxy() -> Self {
        Self::unauthenticated(SITE_NOT_GUARDED, None)
    }

    /// 400: a browser comes back from the sign-in page, and has not kept the cookie from before.
    pub fn no_asked_cookie() -> Self {
        let detail = "The browser did not keep a cookie of this site, or this address was opened in \
                      another browser. Allow cookies, take hallpass_code out of the address, and \
                      open it again.";
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// 400: the address is none to which the sign-in page goes on.
    pub fn malformed_guard_code() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Open the page that you wanted to see again.")
    }

    /// 403: the caller lacks a role (RFC 6750 section 3.1).
    pub fn missing_role(role: &'static str) -> Self {
        let challenge = format!(
            r#"Bearer realm="hallpass", error="insufficient_scope", error_description="the role {role} is needed""#
        );
        let challenge = HeaderValue::try_from(challenge).expect("the parts are ASCII");
        Self {
            kind: kind::MISSING_ROLE,
            title: "Missing role",
            ..Self::new(
                StatusCode::FORBIDDEN,
                format!("Only users with the role {role} may do this."),
            )
            .with_header(WWW_AUTHENTICATE, challenge)
        }
    }

    /// 403: the refresh cookie came, but nothing proves that our own page sent it.
    pub fn cross_site() -> Self {
        let detail = "Send the refresh cookie from this server's own pages: with \
                      `Sec-Fetch-Site: same-origin`, or an `Origin` that is this server's.";
        Self {
            kind: kind::CROSS_SITE,
            title: "Cross-site request",
            ..Self::new(StatusCode::FORBIDDEN, detail)
        }
    }

    /// 409.
    pub fn last_admin() -> Self {
        let detail = "This is the last admin; make somebody else an admin first.";
        Self {
            kind: kind::LAST_ADMIN,
            title: "Last admin",
            ..Self::new(StatusCode::CONFLICT, detail)
        }
    }

    /// 409: under HS256 the operator makes the keys.
    pub fn secret_is_configured() -> Self {
        let detail = "HS256 signs with the configured secret: change that and restart the server.";
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// 403: an admin or an operator has blocked the client's network.
    pub fn address_blocked() -> Self {
        let detail = "Requests from your address are refused for now; ask the operator of this \
                      server.";
        Self {
            kind: kind::ADDRESS_BLOCKED,
            title: "Address blocked",
            ..Self::new(StatusCode::FORBIDDEN, detail)
        }
    }

    /// 401, where a proxy takes no 403: the client's network is blocked.
    pub fn address_blocked_at_proxy() -> Self {
        let Self { kind, title, detail, .. } = Self::address_blocked();
        Self { kind, title, detail, ..Self::new(StatusCode::UNAUTHORIZED, "") }.with_challenge(None)
    }

    /// 409: a block may shut out whoever asks for it.
    pub fn hazardous_block(hazard: Hazard) -> Self {
        let message = "Send `true` to block it all the same.".to_owned();
        Self {
            kind: kind::HAZARDOUS_BLOCK,
            title: "Hazardous block",
            details: Details::Errors(vec![field_error("force", message)]),
            ..Self::new(StatusCode::CONFLICT, sentence(&hazard.to_string()))
        }
    }

    /// 409: as many networks are blocked as may be.
    pub fn too_many_blocks() -> Self {
        let detail = format!("{MAX_BLOCKS} networks are blocked already; end another block first.");
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// 401: the answer does not say whether the name, the password or the account is wrong.
    pub fn invalid_credentials() -> Self {
        Self {
            kind: kind::INVALID_CREDENTIALS,
            title: "Invalid credentials",
            ..Self::new(StatusCode::UNAUTHORIZED, "The username or the password is wrong.")
                .with_challenge(None)
        }
    }

    /// 401: a second factor was wrong.
    pub fn wrong_factor() -> Self {
        let detail = "The code is wrong, or was used before; try the next one.";
        Self { detail: detail.into(), ..Self::invalid_credentials() }
    }

    /// 401.
    pub fn wrong_passkey() -> Self {
        let detail = "This passkey does not sign anybody in here; take another one.";
        Self { detail: detail.into(), ..Self::invalid_credentials() }
    }

    /// 409.
    pub fn no_passkeys() -> Self {
        Self {
            kind: kind::NO_PASSKEYS,
            title: "No passkeys",
            ..Self::new(
                StatusCode::CONFLICT,
                "This server is known by an IP address, for which browsers have no passkeys.",
            )
        }
    }

    /// 409.
    pub fn too_many_passkeys() -> Self {
        let detail = format!("{MAX_PASSKEYS} passkeys are all that may be; remove one first.");
        Self {
            kind: kind::TOO_MANY_PASSKEYS,
            title: "Too many passkeys",
            ..Self::new(StatusCode::CONFLICT, detail)
        }
    }

    /// 401: one of the two was wrong.
    pub fn wrong_password_or_factor() -> Self {
        let detail = "The password or the code is wrong, or the code was used before.";
        Self { detail: detail.into(), ..Self::invalid_credentials() }
    }

    /// 401: the password is right.
    pub fn second_factor_required(
        challenge: Option<Secret>,
        kinds: &[FactorKind],
        options: Option<Value>,
    ) -> Self {
        let detail = "The password is right; now show your second factor.";
        let methods = kinds.iter().map(|kind| kind.name().to_owned()).collect();
        Self {
            kind: kind::SECOND_FACTOR_REQUIRED,
            title: "Second factor required",
            details: Details::Factor(Box::new(FactorNeeded { challenge, methods, options })),
            ..Self::new(StatusCode::UNAUTHORIZED, detail).with_challenge(None)
        }
    }

    /// 403.
    pub fn second_factor_setup_required() -> Self {
        Self {
            kind: kind::SECOND_FACTOR_SETUP_REQUIRED,
            title: "Second factor setup required",
            ..Self::new(
                StatusCode::FORBIDDEN,
                "Your account must have a second factor; set one up first.",
            )
        }
    }

    /// 401: the token opens nothing but the set-up of a second factor.
    pub fn only_for_setup() -> Self {
        let error = Some("the token is for setting up a second factor");
        let Self { kind, title, detail, .. } = Self::second_factor_setup_required();
        Self { kind, title, ..Self::new(StatusCode::UNAUTHORIZED, detail).with_challenge(error) }
    }

    /// 409.
    pub fn last_factor() -> Self {
        let detail = "Your account must have a second factor; add another one before you remove \
                      this one.";
        Self {
            kind: kind::LAST_FACTOR,
            title: "Last factor",
            ..Self::new(StatusCode::CONFLICT, detail)
        }
    }

    /// 401.
    pub fn challenge_over() -> Self {
        let detail = "This took too long, or there were too many wrong answers; begin again.";
        Self {
            kind: kind::CHALLENGE_OVER,
            title: "Challenge over",
            ..Self::new(StatusCode::UNAUTHORIZED, detail).with_challenge(None)
        }
    }

    /// 409.
    pub fn username_taken() -> Self {
        let message = "This username is taken; choose another one.";
        Self {
            kind: kind::USERNAME_TAKEN,
            title: "Username taken",
            details: Details::Errors(vec![field_error("username", message)]),
            ..Self::new(StatusCode::CONFLICT, message)
        }
    }

    /// Names the field that caused it.
    #[must_use]
    pub fn with_field(mut self, field: &str) -> Self {
        self.details = Details::Errors(vec![field_error(field, self.detail.clone())]);
        self
    }

    /// 422: what is wrong with which field.
    pub fn invalid_fields(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [] => "The body is not a JSON object with the fields of this request.".to_owned(),
            errors => errors.iter().map(|e| e.message.as_str()).collect::<Vec<_>>().join(" "),
        };
        Self {
            kind: kind::INVALID_FIELDS,
            title: "Invalid fields",
            details: Details::Errors(errors),
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
        }
    }

    /// 403: the operator has closed registration.
    pub fn registration_closed() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "Registration is closed on this server; ask its operator for an account.",
        )
    }

    /// 500; the client learns nothing of the cause.
    pub fn internal(cause: impl Into<anyhow::Error>) -> Self {
        let detail = "Something went wrong on the server; its log says what.";
        Self { cause: Some(cause.into()), ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail) }
    }

    /// 429: the address has one connection too many.
    pub fn too_many_connections() -> Self {
        let detail = "Too many connections are open from your address; close some and try again.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, detail)
            .with_header(RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// 503: the bodies under way use all of their memory.
    pub fn too_many_bodies() -> Self {
        let detail = "The server is reading as many requests as it can; try again soon.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
            .with_header(RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// 503: the server shuts down, or would have to wait for the rest of the request.
    pub fn shutting_down() -> Self {
        let detail = "The server is shutting down; try again soon.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
            .with_header(RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// 503: this server of several can't tell whether a token is still good; another one may.
    pub fn out_of_touch(cause: impl Into<anyhow::Error>) -> Self {
        Self { is_out_of_touch: true, ..Self::unavailable(cause) }
    }

    /// 503; the client learns nothing of the cause.
    pub fn unavailable(cause: impl Into<anyhow::Error>) -> Self {
        let detail = "The server can't do its work right now; try again soon.";
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
            .with_header(RETRY_AFTER, HeaderValue::from_static("1"));
        Self { kind: kind::UNAVAILABLE, cause: Some(cause.into()), ..problem }
    }
}

/// A phrase as a sentence.
fn sentence(phrase: &str) -> String {
    let mut sentence = format!("{phrase}.");
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    sentence
}
