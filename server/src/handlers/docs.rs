//! The description of the API, for programs and for people.

use bytes::Bytes;
use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue, Response};

use super::frontend::response;
use crate::client::Client;
use crate::content_policy::OWN_ORIGIN_ONLY;
use crate::openapi::Documents;
use crate::problem::Problem;
use crate::state::App;

fn documents(app: &App) -> Result<&Documents, Problem> {
    let missing = || Problem::internal(anyhow::anyhow!("the documents have not been made"));
    app.site.documents.get().ok_or_else(missing)
}

/// `GET /api/openapi.json`
pub(crate) async fn openapi(
    _: Client,
    headers: HeaderMap,
    app: App,
) -> Result<Response<Bytes>, Problem> {
    let mut response = response(&documents(&app)?.openapi, &headers, &OWN_ORIGIN_ONLY);
    // As for all of /api. A client that keeps the document can still ask with its tag.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// `GET /docs`
pub(crate) async fn page(
    _: Client,
    headers: HeaderMap,
    app: App,
) -> Result<Response<Bytes>, Problem> {
    Ok(response(&documents(&app)?.page, &headers, &OWN_ORIGIN_ONLY))
}

/// `GET /docs/style.css`
pub(crate) async fn style(
    _: Client,
    headers: HeaderMap,
    app: App,
) -> Result<Response<Bytes>, Problem> {
    Ok(response(&documents(&app)?.style, &headers, &OWN_ORIGIN_ONLY))
}
