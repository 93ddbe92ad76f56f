//! Which OAuth client sent a request, and its form.

use bytes::Buf;
use futures_util::Stream;
use http::HeaderMap;
use warp::Filter;
use warp::filters::BoxedFilter;

use super::{head, read_body, reject, with};
use crate::body;
use crate::client::Client;
use crate::oauth::{Asked, OauthError, OauthForm, of_form, of_headers};
use crate::problem::Problem;
use crate::state::App;

/// The client, its form, and the state. A client that authenticates by the header does so before
/// the body is read. Without a header, only a form can hold credentials.
pub(crate) fn oauth_client(app: &App) -> BoxedFilter<(Asked, App)> {
    let asked = async |from: Client, headers: HeaderMap, app: App, chunks| {
        asked(from, &headers, &app, chunks).await.map_err(reject)
    };
    head(app).and(warp::body::stream()).and_then(asked).and(with(app)).boxed()
}

async fn asked(
    from: Client,
    headers: &HeaderMap,
    app: &App,
    chunks: impl Stream<Item = Result<impl Buf, warp::Error>>,
) -> Result<Asked, Problem> {
    let in_header = of_headers(headers).map_err(Problem::oauth)?;
    let known = match &in_header {
        Some(credentials) => {
            Some(app.accounts.oauth_client(credentials, &from).await.map_err(Problem::of_client)?)
        }
        None => None,
    };
    if !OauthForm::is_declared(headers) {
        let no_client = Problem::oauth(OauthError::InvalidClient);
        return Err(if known.is_some() { body::no_form() } else { no_client });
    }
    let most = body::check_length(headers, OauthForm::MAX_BYTES)?;
    let body = read_body(app, from.network(), most, chunks).await?;
    let form = OauthForm::parse(&body).map_err(Problem::oauth)?;
    let in_form = of_form(&form, in_header.as_ref()).map_err(Problem::oauth)?;
    let client = match (known, in_form) {
        (Some(client), _) => client,
        (None, Some(credentials)) => {
            app.accounts.oauth_client(&credentials, &from).await.map_err(Problem::of_client)?
        }
        (None, None) => return Err(Problem::oauth(OauthError::InvalidClient)),
    };
    Ok(Asked { client, form, from })
}
