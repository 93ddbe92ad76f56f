//! Which encodings of an answer a client takes (RFC 9110 section 12.5.3).

use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

/// Whether an encoding is listed, by name or as `*`, and not with a weight of zero.
pub(crate) fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
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
