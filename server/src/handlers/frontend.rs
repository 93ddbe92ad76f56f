//! The frontend's files.

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, VARY,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use crate::assets::{Asset, Encoded};
use crate::problem::Problem;
use crate::state::App;

/// A file, or the frontend's page for every path that could be a route of it.
///
/// # Errors
///
/// 404 for what can't be a page and is no file, 405 for other methods.
pub fn serve(
    app: &App,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
) -> Result<Response<Bytes>, Problem> {
    let asset = match app.assets.get(path) {
        Some(asset) => asset,
        None if !can_be_page(path) => return Err(Problem::not_found()),
        None => app.assets.index().ok_or_else(not_built)?,
    };
    if method != Method::GET && method != Method::HEAD {
        return Err(Problem::method_not_allowed("GET, HEAD"));
    }
    Ok(response(asset, headers, &app.frontend_policy))
}

/// Whether a path may be one of the frontend's routes: not if it looks like a file, and not below
/// a path where whoever asks looks at the status alone.
fn can_be_page(path: &str) -> bool {
    let for_machines = |of: &&str| {
        path.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let file = path.rsplit('/').next().unwrap_or(path);
    !file.contains('.')
        && !["/api", "/.well-known", "/healthz", "/readyz", "/metrics"].iter().any(for_machines)
}

/// A file as this client takes it, or 304 if it has it already.
pub fn response(asset: &Asset, headers: &HeaderMap, policy: &HeaderValue) -> Response<Bytes> {
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

/// Whether an encoding is listed, by name or as `*`, and not with a weight of zero.
fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let weights: Vec<(&str, f32)> = values.flat_map(|value| value.split(',')).map(weight).collect();
    let of = |name: &str| weights.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
    of(encoding).or_else(|| of("*")).is_some_and(|(_, weight)| *weight > 0.0)
}

fn weight(item: &str) -> (&str, f32) {
    let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
    let q = parameters.trim().strip_prefix("q=").map_or(1.0, |q| q.trim().parse().unwrap_or(0.0));
    (name.trim(), q)
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
