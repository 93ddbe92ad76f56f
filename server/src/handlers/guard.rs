//! What proxies ask before they show a page of a guarded site.

use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use hallpass_contract::{page, path};
use http::header::{LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};
use url::form_urlencoded;

use super::guarded::verified;
use crate::accounts::AccountError;
use crate::auth::Bearer;
use crate::client::Client;
use crate::guard_cookie;
use crate::guard_request::{GuardRequest, site_of};
use crate::problem::Problem;
use crate::public_url::PublicUrl;
use crate::state::App;

/// Left as they are in a query value: RFC 3986 unreserved characters.
const QUERY_VALUE: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The sign-in page follows no longer path than this: `MAX_RETURN_PATH_BYTES` of the frontend.
const MAX_NEXT: usize = 2048;

/// `ANY /api/guard`: 200 or 401.
pub(crate) async fn guard(
    method: Method,
    target: String,
    _: Client,
    headers: HeaderMap,
    app: App,
) -> Result<Response<Bytes>, Problem> {
    let request = read(&app, path::GUARD, (&method, &target), &headers)?;
    let request = request.ok_or_else(Problem::site_not_guarded_at_proxy)?;
    // The code has to be exchanged first, and only a redirect can do that.
    let admitted = match request.code() {
        Some(_) => None,
        None => admit(&app, &request, &headers).await?,
    };
    admitted.ok_or_else(Problem::no_guard_cookie)
}

/// `ANY /api/guard-redirect`: 200, or on to where a guard cookie can be had.
pub(crate) async fn guard_redirect(
    method: Method,
    target: String,
    client: Client,
    headers: HeaderMap,
    app: App,
) -> Result<Response<Bytes>, Problem> {
    let request = read(&app, path::GUARD_REDIRECT, (&method, &target), &headers)?;
    let request = request.ok_or_else(Problem::site_not_guarded)?;
    let admitted = admit(&app, &request, &headers).await?;
    match (admitted, request.code()) {
        (Some(admitted), None) => Ok(admitted),
        _ if !request.is_page_load() => Err(Problem::no_guard_cookie()),
        (None, None) => sign_in_first(&app, &request, &headers),
        // Also if there is a cookie: somebody else may have signed in since.
        (admitted, Some(code)) => {
            let secret = guard_cookie::asked(&headers);
            let asked_by = secret.map(|secret| name_of(secret, request.site)).unwrap_or_default();
            match app.accounts.open_guard(&code.into(), request.site, &asked_by, client).await {
                Ok(token) => {
                    let cookies = [guard_cookie::set(&token)?, guard_cookie::clear_asked()?];
                    see_other(&request.page(), cookies)
                }
                Err(AccountError::ChallengeOver | AccountError::SessionEnded) => {
                    match (admitted, secret) {
                        (Some(_), _) => see_other(&request.page(), []),
                        (None, Some(_)) => sign_in_first(&app, &request, &headers),
                        // Somebody without cookies would go round in a circle.
                        (None, None) => Err(Problem::no_asked_cookie()),
                    }
                }
                Err(error) => Err(error.into()),
            }
        }
    }
}

/// `GET /api/guard-code`: the sign-in page goes on to it, and it goes on to the guarded site, with
/// a one-time code. The refresh cookie says who it is.
pub(crate) async fn guard_code(
    client: Client,
    headers: HeaderMap,
    app: App,
    query: String,
) -> Result<Response<Bytes>, Problem> {
    let guarded = &app.site.guarded;
    if guarded.is_empty() {
        return Err(Problem::no_site_guarded());
    }
    let value = |wanted: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
    };
    let (Some(to), Some(asked_by)) = (value(path::TO), value(path::ASKED_BY)) else {
        return Err(Problem::malformed_guard_code());
    };
    let to = to.split('#').next().unwrap_or_default();
    let site = site_of(guarded, to).ok_or_else(Problem::site_not_guarded)?;
    let token = app.site.refresh_cookie.token(&headers);
    let code = match token.filter(|_| !is_of_another_site(&headers)) {
        Some(token) => app.accounts.guard_code(token, site, &asked_by, client).await,
        None => Err(AccountError::SessionEnded),
    };
    match code {
        Ok(code) => {
            let start = if to.contains('?') { '&' } else { '?' };
            see_other(&format!("{to}{start}{}={}", path::CODE, code.expose()), [])
        }
        Err(AccountError::SessionEnded) => {
            let next = format!("{}?{query}", guard_code_path(&app));
            see_other(&sign_in_page(&app, &next), [])
        }
        Err(error) => Err(error.into()),
    }
}

/// What is asked for. None if it is on a site that is not guarded.
///
/// # Errors
///
/// 404 if no site is guarded.
fn read<'r>(
    app: &'r App,
    prefix: &str,
    (method, target): (&'r Method, &'r str),
    headers: &'r HeaderMap,
) -> Result<Option<GuardRequest<'r>>, Problem> {
    let guarded = &app.site.guarded;
    if guarded.is_empty() {
        return Err(Problem::no_site_guarded());
    }
    Ok(GuardRequest::read(guarded, prefix, method, target, headers))
}

/// The answer that lets the request in, if its guard cookie is good. It brings another cookie if
/// half of the cookie's life is over.
async fn admit(
    app: &App,
    request: &GuardRequest<'_>,
    headers: &HeaderMap,
) -> Result<Option<Response<Bytes>>, Problem> {
    if request.may_be_forged() {
        return Ok(None);
    }
    let bearer = app.authenticator().guard_bearer(headers, request.site).await;
    let Some(bearer) = bearer.map_err(Problem::cannot_tell)? else { return Ok(None) };
    let response = verified(&bearer, app.site.strict_transport);
    let mut response = response.map_err(Problem::cannot_tell)?;
    if is_half_over(&bearer, app) {
        let (user, session) = (bearer.user.id, bearer.session);
        match app.accounts.guard_token(user, session, request.site).await {
            Ok(token) => {
                response.headers_mut().insert(SET_COOKIE, guard_cookie::set(&token)?);
            }
            Err(AccountError::SessionEnded) => return Ok(None),
            // The cookie that came is good for a while.
            Err(error) => tracing::warn!("can't renew a guard cookie: {error:#}"),
        }
    }
    Ok(Some(response))
}

fn is_half_over(bearer: &Bearer, app: &App) -> bool {
    let (claims, now) = (bearer.claims(), app.accounts.clock.now().as_second());
    claims.exp.saturating_sub(now) < claims.exp.saturating_sub(claims.iat) / 2
}

/// On to the sign-in page, which comes back to the page that was asked for.
fn sign_in_first(
    app: &App,
    request: &GuardRequest<'_>,
    headers: &HeaderMap,
) -> Result<Response<Bytes>, Problem> {
    // Several tabs may be on their way at once.
    let secret = match guard_cookie::asked(headers) {
        Some(secret) => secret.to_owned(),
        None => new_secret()?,
    };
    let asked_by = name_of(&secret, request.site);
    let next = |page: &str| {
        let page = utf8_percent_encode(page, QUERY_VALUE);
        let (to, by) = (path::TO, path::ASKED_BY);
        format!("{}?{to}={page}&{by}={asked_by}", guard_code_path(app))
    };
    let wanted = next(&request.page());
    let next = if wanted.len() > MAX_NEXT { next(&format!("{}/", request.site)) } else { wanted };
    see_other(&sign_in_page(app, &next), [guard_cookie::set_asked(&secret)?])
}

/// The address of the sign-in page that goes on to a path of its host.
fn sign_in_page(app: &App, next: &str) -> String {
    let address = app.site.public_url.as_ref().map(PublicUrl::to_string).unwrap_or_default();
    format!("{address}{}?next={}", page::LOGIN, utf8_percent_encode(next, QUERY_VALUE))
}

fn guard_code_path(app: &App) -> String {
    [app.site.base(), path::GUARD_CODE].concat()
}

/// 43 characters that nobody can guess.
fn new_secret() -> anyhow::Result<String> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;
    Ok(BASE64URL_NOPAD.encode(&secret))
}

/// What names a browser that asks for pages of a site. Its secret can't be told from it.
fn name_of(secret: &str, site: &str) -> String {
    BASE64URL_NOPAD.encode(&Sha256::digest([site, " ", secret].concat()))
}

/// Whether the browser says that something else than our own page sent this. Old browsers say
/// nothing of a page load. They still keep the refresh cookie back, which is `SameSite=Strict`.
fn is_of_another_site(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin")
}

/// 303, so that whatever was sent is not sent again.
fn see_other(
    location: &str,
    cookies: impl IntoIterator<Item = HeaderValue>,
) -> Result<Response<Bytes>, Problem> {
    let location = HeaderValue::try_from(location).map_err(|_| Problem::malformed_guard_code())?;
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(LOCATION, location);
    for cookie in cookies {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}
