//! What anyone may know.

use std::sync::Arc;

use bytes::Bytes;
use hallpass_contract::PublicConfig;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use crate::accounts::Accounts;
use crate::answer::{Answer, readable_by_all};
use crate::client::Client;
use crate::problem::Problem;
use crate::shown;
use crate::site::Site;
use crate::state::App;

/// How long others may use the keys before they fetch them again. The next key is among them, so
/// who has fetched them since the last rotation is ready for the next one.
const JWKS_CACHE: HeaderValue = HeaderValue::from_static("public, max-age=60");

/// `GET /api/config`
pub(crate) async fn config(
    accounts: Arc<Accounts>,
    site: Arc<Site>,
) -> Result<Answer<PublicConfig>, Problem> {
    Ok(Answer::ok(PublicConfig {
        password_min: accounts.prover.policy.min_chars,
        registration: shown::registration(accounts.registration_is_open()).to_owned(),
        token_origins: site.token_origins.clone(),
        no_token_paths: site.no_token_paths.clone(),
    }))
}

/// `GET /.well-known/jwks.json`
pub(crate) async fn jwks(
    _: Client,
    headers: HeaderMap,
    app: App,
) -> Result<Response<Bytes>, Problem> {
    let jwks = app.accounts.jwks()?;
    let etag = HeaderValue::try_from(&jwks.etag).map_err(Problem::internal)?;
    let mut response = Response::new(Bytes::new());
    if headers.get(IF_NONE_MATCH) == Some(&etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        *response.body_mut() = jwks.body;
        let media_type = HeaderValue::from_static("application/jwk-set+json");
        response.headers_mut().insert(CONTENT_TYPE, media_type);
    }
    response.headers_mut().insert(CACHE_CONTROL, JWKS_CACHE);
    response.headers_mut().insert(ETAG, etag);
    readable_by_all(response.headers_mut());
    Ok(response)
}
