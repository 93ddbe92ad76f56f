//! What OAuth clients ask (RFC 7009, 7662), and what programs learn by the issuer (RFC 8414).

use bytes::Bytes;
use hallpass_contract::page;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use crate::answer::{Answer, readable_by_all};
use crate::client::Client;
use crate::oauth::{Asked, OauthError, metadata};
use crate::problem::Problem;
use crate::sessions::RefreshToken;
use crate::site::Site;
use crate::state::App;
use crate::store::{OauthClient, OauthGrant};

/// `POST /oauth/introspect`
pub(crate) async fn introspect(asked: Asked, app: App) -> Result<Answer<Value>, Problem> {
    demand(&asked.client, OauthGrant::Introspect)?;
    let token = asked.form.token().map_err(Problem::oauth)?;
    if let Some(token) = RefreshToken::parse(token) {
        let active = app.accounts.may_refresh(&token).await?;
        return Ok(Answer::ok(json!({ "active": active })));
    }
    let bearer = app.authenticator().bearer_of(token).await?;
    Ok(Answer::ok(match bearer {
        Some(bearer) => bearer.introspected().map_err(Problem::internal)?,
        None => json!({ "active": false }),
    }))
}

/// `POST /oauth/revoke`
pub(crate) async fn revoke(asked: Asked, app: App) -> Result<Response<Bytes>, Problem> {
    let Asked { client, form, from } = asked;
    demand(&client, OauthGrant::Revoke)?;
    let token = form.token().map_err(Problem::oauth)?;
    app.accounts.revoke_token(token, &client, from).await?;
    Ok(Response::new(Bytes::new()))
}

fn demand(client: &OauthClient, grant: OauthGrant) -> Result<(), Problem> {
    if client.may(grant) {
        return Ok(());
    }
    let text = match grant {
        OauthGrant::Introspect => {
            "this client may not introspect: it was made without --may introspect"
        }
        OauthGrant::Revoke => "this client may not revoke: it was made without --may revoke",
    };
    Err(Problem::oauth(OauthError::UnauthorizedClient(text)))
}

/// `GET /.well-known/oauth-authorization-server`
pub(crate) async fn server_metadata(
    _: Client,
    headers: HeaderMap,
    app: App,
) -> Result<Response<Bytes>, Problem> {
    described(&app.site, &headers)
}

/// What the server says of itself. Where the setting does not say how it is reached, the name
/// counts by which this client has reached it; then nobody else may be given the answer.
pub(crate) fn described(site: &Site, headers: &HeaderMap) -> Result<Response<Bytes>, Problem> {
    let address = site.address(headers).ok_or_else(Problem::no_host_name)?;
    let body = serde_json::to_vec(&metadata(&site.issuer, &address)).map_err(Problem::internal)?;
    let mut response = Response::new(Bytes::from(body));
    let out = response.headers_mut();
    out.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if site.public_url.is_some() {
        out.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
    }
    readable_by_all(out);
    Ok(response)
}

/// `GET /.well-known/change-password`
pub(crate) async fn change_password(app: App) -> Result<Response<Bytes>, Problem> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let page = [app.site.base(), page::ACCOUNT].concat();
    let page = HeaderValue::try_from(page).map_err(Problem::internal)?;
    response.headers_mut().insert(LOCATION, page);
    Ok(response)
}
