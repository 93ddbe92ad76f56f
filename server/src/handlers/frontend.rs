//! The frontend's files.

use bytes::Bytes;
use hallpass_contract::page;
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
    VARY,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use super::oauth::described;
use crate::accept_encoding::accepts;
use crate::assets::{Asset, Encoded};
use crate::problem::Problem;
use crate::site::Site;

/// The frontend's pages and files, with 200. Every other path is a 404: a proxy that asks at a
/// misspelt address looks at the status alone, and must not let anybody in.
///
/// # Errors
///
/// 404 for unknown paths that no person visits, 405 for other methods, 503 without a frontend.
pub(crate) fn serve(
    site: &Site,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
) -> Result<Response<Bytes>, Problem> {
    if site.metadata_path.as_deref() == Some(path) {
        return match *method {
            Method::GET | Method::HEAD => described(site, headers),
            _ => Err(Problem::method_not_allowed("GET, HEAD")),
        };
    }
    let asset = if page::ALL.contains(&path) {
        site.assets.index().ok_or_else(not_built)?
    } else if let Some(file) = site.assets.file(path) {
        file
    } else {
        return nothing_there(site, method, path, headers);
    };
    if method != Method::GET && method != Method::HEAD {
        return Err(Problem::method_not_allowed("GET, HEAD"));
    }
    Ok(response(asset, headers, &site.frontend_policy))
}

/// 404. A person who mistyped an address gets the frontend's page, which says so.
fn nothing_there(
    site: &Site,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
) -> Result<Response<Bytes>, Problem> {
    let is_visit = method == Method::GET || method == Method::HEAD;
    let page = site.assets.index().filter(|_| is_visit && may_be_visited(path));
    let page = page.ok_or_else(Problem::not_found)?;
    let (encoding, file) = negotiate(page, headers);
    let mut response = Response::new(file.bytes.clone());
    *response.status_mut() = StatusCode::NOT_FOUND;
    let out = response.headers_mut();
    out.insert(CONTENT_SECURITY_POLICY, site.frontend_policy.clone());
    out.insert(VARY, HeaderValue::from_static("accept-encoding"));
    out.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    out.insert(CONTENT_TYPE, page.content_type.clone());
    if let Some(encoding) = encoding {
        out.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    Ok(response)
}

/// Whether people may come to this path in a browser: not if it looks like a file, and not below a
/// path of programs.
fn may_be_visited(path: &str) -> bool {
    let of_programs = |prefix: &&str| {
        path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let file = path.rsplit('/').next().unwrap_or(path);
    !file.contains('.')
        && !["/api", "/oauth", "/.well-known", "/healthz", "/readyz", "/metrics"]
            .iter()
            .any(of_programs)
}

/// A file as this client takes it, or 304 if it has it already.
pub(crate) fn response(
    asset: &Asset,
    headers: &HeaderMap,
    policy: &HeaderValue,
) -> Response<Bytes> {
    let (encoding, file) = negotiate(asset, headers);
    let mut response = Response::new(Bytes::new());
    let out = response.headers_mut();
    out.insert(CONTENT_SECURITY_POLICY, policy.clone());
    out.insert(VARY, HeaderValue::from_static("accept-encoding"));
    out.insert(ETAG, file.etag.clone());
    let caching = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    out.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    if has_already(headers, &file.etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    out.insert(CONTENT_TYPE, asset.content_type.clone());
    if let Some(encoding) = encoding {
        out.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    *response.body_mut() = file.bytes.clone();
    response
}

/// The smallest encoding that the client takes (RFC 9110 section 12.5.3).
fn negotiate<'a>(asset: &'a Asset, headers: &HeaderMap) -> (Option<&'static str>, &'a Encoded) {
    for (name, file) in [("br", &asset.brotli), ("gzip", &asset.gzip)] {
        if let Some(file) = file.as_ref().filter(|_| accepts(headers, name)) {
            return (Some(name), file);
        }
    }
    (None, &asset.identity)
}

/// RFC 9110 section 13.1.2: weak comparison, so a proxy that made the tag weak is fine.
fn has_already(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let values = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = values.flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.trim_start_matches("W/").as_bytes() == etag.as_bytes())
}

fn not_built() -> Problem {
    let detail = "The frontend is not built into this binary; `scripts/serve` builds both.";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
}
