#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "a method of one lifetime is not a function of any"
)]

use http::HeaderValue;

use super::*;

const WIKI: &str = "https://wiki.example";

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let pairs = pairs
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    pairs.collect()
}

/// What `look` sees of a request to `target`, if its site is guarded.
fn seen<T>(
    target: &str,
    pairs: &[(&'static str, &'static str)],
    look: impl Fn(&GuardRequest<'_>) -> T,
) -> Option<T> {
    let guarded = [WIKI.to_owned(), "http://localhost:9000".to_owned()];
    let headers = headers(pairs);
    let method = Method::GET;
    let request = GuardRequest::read(&guarded, path::GUARD, &method, target, &headers)?;
    Some(look(&request))
}

/// What a proxy writes.
const FORWARDED: [(&str, &str); 4] = [
    ("x-forwarded-proto", "https"),
    ("x-forwarded-host", "wiki.example"),
    ("x-forwarded-uri", "/a%20b?c=d&e"),
    ("x-forwarded-method", "GET"),
];

fn page(target: &str, pairs: &[(&'static str, &'static str)]) -> Option<String> {
    seen(target, pairs, |request| request.page())
}

#[test]
fn the_page_is_the_one_that_the_proxy_names_or_the_rest_of_the_path() {
    let expected = Some("https://wiki.example/a%20b?c=d&e".to_owned());
    assert_eq!(page("/api/guard", &FORWARDED), expected);
    let wiki = [("host", "wiki.example")];
    assert_eq!(page("/api/guard/a%20b?c=d&e", &wiki), expected);
    assert_eq!(page("/api/guard/", &wiki).unwrap(), "https://wiki.example/");
    assert_eq!(page("/api/guard//x", &wiki).unwrap(), "https://wiki.example//x");
    assert_eq!(page("/api/guard?c", &FORWARDED), expected);
    assert_eq!(page("/api/guard", &wiki), None);
}

#[test]
fn what_the_client_may_have_written_does_not_count() {
    // Below the path, the request itself says what is asked for.
    let other = [("host", "localhost:9000"), FORWARDED[1], FORWARDED[2], FORWARDED[3]];
    assert_eq!(page("/api/guard/x", &other).unwrap(), "http://localhost:9000/x");
    // At the path, each header must be there once.
    for (index, (name, value)) in FORWARDED.into_iter().enumerate() {
        let mut without = FORWARDED.to_vec();
        without.remove(index);
        let is_needed = name != "x-forwarded-proto";
        assert_eq!(page("/api/guard", &without).is_none(), is_needed, "{name}");
        let forged = if name == "x-forwarded-host" { "localhost:9000" } else { value };
        for twice in [[(name, forged), (name, value)], [(name, value), (name, forged)]] {
            let mut map = headers(&without);
            for (name, value) in twice {
                map.append(name, HeaderValue::from_static(value));
            }
            let guarded = [WIKI.to_owned()];
            let method = Method::GET;
            let read = GuardRequest::read(&guarded, path::GUARD, &method, "/api/guard", &map);
            assert!(read.is_none(), "{twice:?}");
        }
    }
    let list =
        [FORWARDED[0], ("x-forwarded-host", "wiki.example, evil"), FORWARDED[2], FORWARDED[3]];
    assert_eq!(page("/api/guard", &list), None);
}

#[test]
fn a_site_is_known_by_its_host_and_scheme() {
    for (host, is_known) in [
        ("wiki.example", true),
        ("WIKI.example", true),
        ("wiki.example:443", true),
        ("wiki.example:80", false),
        ("wiki.example:8443", false),
        ("localhost:9000", true),
        ("localhost", false),
        ("wiki.example.evil", false),
        ("evil.wiki.example", false),
        ("wiki.example@evil", false),
        ("", false),
    ] {
        assert_eq!(page("/api/guard/", &[("host", host)]).is_some(), is_known, "{host}");
    }
    let over = |scheme| [("host", "wiki.example"), ("x-forwarded-proto", scheme)];
    for (scheme, is_known) in [("https", true), ("wss", true), ("http", false), ("ws", false)] {
        assert_eq!(page("/api/guard/", &over(scheme)).is_some(), is_known, "{scheme}");
    }
    assert!(page("/api/guard/", &[]).is_none());
}

#[test]
fn the_code_is_taken_out_of_the_address_and_nothing_else() {
    for (query, code, left) in [
        ("", None, ""),
        ("?a=b", None, "?a=b"),
        ("?hallpass_code=xyz", Some("xyz"), ""),
        ("?a=%20&hallpass_code=xyz", Some("xyz"), "?a=%20"),
        ("?hallpass_code=xyz&b", Some("xyz"), "?b"),
        ("?a&hallpass_code=1&b&hallpass_code=2", Some("1"), "?a&b"),
        ("?hallpass_codes=xyz", None, "?hallpass_codes=xyz"),
        ("?a=?b", None, "?a=?b"),
    ] {
        let target = format!("/api/guard/p{query}");
        let found = seen(&target, &[("host", "wiki.example")], |request| {
            (request.code().map(str::to_owned), request.page())
        });
        let expected = (code.map(str::to_owned), format!("{WIKI}/p{left}"));
        assert_eq!(found, Some(expected), "{query}");
    }
}

#[test]
fn a_change_must_come_from_the_site_itself() {
    for (pairs, may_be_forged) in [
        (&[("sec-fetch-site", "cross-site")][..], false),
        (&[("x-forwarded-method", "HEAD")], false),
        (&[("x-forwarded-method", "POST")], true),
        (&[("x-forwarded-method", "post")], true),
        (&[("x-forwarded-method", "PROPFIND")], true),
        (&[("x-forwarded-method", "POST"), ("sec-fetch-site", "same-site")], true),
        (&[("x-forwarded-method", "POST"), ("sec-fetch-site", "none")], true),
        (&[("x-forwarded-method", "POST"), ("origin", "https://evil.example")], true),
        (&[("x-forwarded-method", "POST"), ("origin", "null")], true),
        (&[("x-forwarded-method", "POST"), ("sec-fetch-site", "same-origin")], false),
        (&[("x-forwarded-method", "DELETE"), ("origin", "https://wiki.example")], false),
        (&[("x-forwarded-method", "PUT"), ("origin", "http://localhost:9000")], false),
        (&[("sec-fetch-mode", "websocket")], true),
        (&[("upgrade", "websocket"), ("origin", "https://evil.example")], true),
        (&[("sec-websocket-version", "13"), ("origin", "https://evil.example")], true),
        (&[("sec-websocket-version", "13"), ("origin", "https://wiki.example")], false),
        (&[("upgrade", "websocket"), ("origin", "https://wiki.example")], false),
    ] {
        let own = pairs.iter().any(|(name, _)| *name == "x-forwarded-method");
        let pairs = [&FORWARDED[..if own { 3 } else { 4 }], pairs].concat();
        let found = seen("/api/guard", &pairs, |request| request.may_be_forged());
        assert_eq!(found, Some(may_be_forged), "{pairs:?}");
    }
}

#[test]
fn a_page_is_on_a_site_only_behind_its_whole_origin() {
    let guarded = [WIKI.to_owned()];
    assert_eq!(site_of(&guarded, "https://wiki.example/a?b"), Some(WIKI));
    for page in [
        "https://wiki.example",
        "https://wiki.example.evil/",
        "https://wiki.example@evil/",
        "https://wiki.example:8443/",
        "http://wiki.example/",
        "//wiki.example/",
        "/",
        "",
    ] {
        assert_eq!(site_of(&guarded, page), None, "{page}");
    }
}
