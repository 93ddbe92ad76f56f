use super::super::Config;
use super::*;

fn args(args: &[&str]) -> Result<InterceptorArgs, String> {
    let config = Config::without_environment(args).map_err(|error| error.to_string())?;
    Ok(config.interceptor)
}

fn origins_of(text: &str) -> Vec<String> {
    args(&["--token-origin", text]).unwrap().origins()
}

fn excluded_by(text: &str) -> Vec<String> {
    args(&["--no-token-path", text]).unwrap().excluded()
}

#[test]
fn by_default_the_token_goes_to_nobody_else() {
    let args = args(&[]).unwrap();
    assert!(args.origins().is_empty() && args.excluded().is_empty());
    assert!(args.check(None).is_ok());
}

#[test]
fn an_origin_is_written_as_browsers_write_it() {
    for (given, origin) in [
        ("https://api.example.com", "https://api.example.com"),
        ("HTTPS://API.Example.COM/", "https://api.example.com"),
        ("https://api.example.com:443", "https://api.example.com"),
        ("http://localhost:80", "http://localhost"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("https://api.example.com:80", "https://api.example.com:80"),
        ("https://b\u{fc}cher.example", "https://xn--bcher-kva.example"),
        ("https://192.0.2.7:8443", "https://192.0.2.7:8443"),
        ("https://0x7f.1", "https://127.0.0.1"),
    ] {
        assert_eq!(origins_of(given), [origin], "{given}");
    }
}

#[test]
fn what_is_no_origin_is_refused() {
    for given in [
        "null",
        "*",
        "'self'",
        "api.example.com",
        "//api.example.com",
        "https:",
        "https:api.example.com",
        "https://",
        "https:///api.example.com",
        "https://api.example.com/v1",
        "https://api.example.com//",
        "https://api.example.com\\v1",
        "https://api.example.com?",
        "https://api.example.com/?a=b",
        "https://api.example.com#top",
        "https://ada@api.example.com",
        "https://@api.example.com",
        "https://ada:secret@api.example.com",
        "https://*.example.com",
        "https://*",
        "https://api.example.com:*",
        "https://api.example.com:0x50",
        "https://api.example.com:65536",
        "wss://api.example.com",
        "file:///etc",
        "data://api.example.com",
        "blob:https://api.example.com",
        "https://[::1]:3000",
        "https://api_1.example.com",
        "https://api..example.com",
        "https://api.example.com.",
    ] {
        assert!(args(&["--token-origin", given]).is_err(), "{given}");
    }
}

#[test]
fn nothing_gets_another_directive_into_the_policy() {
    for given in [
        "https://a.example;script-src",
        "https://a.example;",
        "https://a.example%3Bscript-src",
        "https://a.example%20b",
        "https://a.example%2C",
        "https://a.example\u{a0}b",
        "https://a.example\u{3000}b",
        "https://a.example\u{37e}script-src", // a Greek question mark becomes a semicolon
        "https://a.example\u{ff1b}script-src", // a full-width semicolon, too
        "https://'unsafe-inline'",
        "https://a.example https:",
        "https://a.example,*",
        "https://a.example\r\nset-cookie:a=b",
    ] {
        assert!(args(&["--token-origin", given]).is_err(), "{given}");
    }
}

#[test]
fn several_are_given_one_by_one_or_with_spaces_or_commas() {
    let expected = ["https://a.example", "https://b.example"];
    for given in [
        "https://a.example https://b.example",
        "https://a.example,https://b.example",
        " https://a.example,\n https://b.example, https://a.example/ ",
    ] {
        assert_eq!(origins_of(given), expected, "{given}");
    }
    let args = args(&["--token-origin", expected[0], "--token-origin", expected[1]]).unwrap();
    assert_eq!(args.origins(), expected);
    assert!(origins_of("").is_empty(), "a variable that is set to nothing");
    assert_eq!(excluded_by("/a/* /b,/c /a/*"), ["/a/*", "/b", "/c"]);
}

#[test]
fn the_error_names_the_value_and_what_to_give() {
    let error = args(&["--token-origin", "https://a.example,https://b.example/v1"]).unwrap_err();
    assert!(error.contains("https://b.example/v1: give scheme, host and port"), "{error}");
    let error = args(&["--token-origin", "https://*.example"]).unwrap_err();
    assert!(error.contains("without a wildcard"), "{error}");
}

#[test]
fn a_pattern_is_written_as_browsers_write_paths() {
    for (given, pattern) in [
        ("/public/status", "/public/status"),
        ("/public/*", "/public/*"),
        ("/*", "/*"),
        ("/Public/", "/Public/"),
        ("/\u{fc}ber/\"x\"/%7e", "/%C3%BCber/%22x%22/%7e"),
        ("/.well-known/*", "/.well-known/*"),
        ("HTTPS://API.example:443/public/*", "https://api.example/public/*"),
        ("http://localhost:3000/", "http://localhost:3000/"),
    ] {
        assert_eq!(excluded_by(given), [pattern], "{given}");
    }
}

#[test]
fn what_would_match_nothing_is_refused() {
    for given in [
        "public",
        "*",
        "//api.example/public",
        "https://api.example",
        "api.example/public",
        "https://*.example/public",
        "https://ada@api.example/public",
        "ftp://api.example/public",
        "null/public",
        "/public?a",
        "/public#a",
        "/public\\a",
        "/public*",
        "/*/status",
        "/public/**",
        "/a/../b",
        "/a/.",
        "/a/%2E%2e/b",
        "/a/.%2e",
        "/a\u{1}b",
    ] {
        assert!(args(&["--no-token-path", given]).is_err(), "{given}");
    }
}

#[test]
fn a_pattern_is_about_an_origin_that_gets_the_token() {
    let origin = ["--token-origin", "https://api.example"];
    let with = |pattern: &str| args(&[&origin[..], &["--no-token-path", pattern]].concat());
    assert!(with("https://api.example/public/*").unwrap().check(None).is_ok());
    assert!(with("/public/*").unwrap().check(None).is_ok());
    let other = with("https://login.example/public/*").unwrap();
    assert!(other.check(Some("https://login.example")).is_ok());
    for own in [None, Some("https://hallpass.example")] {
        let error = other.check(own).unwrap_err().to_string();
        assert!(error.contains("https://login.example/public/*"), "{error}");
    }
}

#[test]
fn plain_http_is_for_this_machine() {
    let given = "http://localhost:3000 http://api.localhost http://127.0.0.2 https://api.example \
                 http://api.example http://localhost.example http://10.0.0.1:3000";
    let args = args(&["--token-origin", given]).unwrap();
    let unencrypted: Vec<String> = args.unencrypted().collect();
    let expected = ["http://api.example", "http://localhost.example", "http://10.0.0.1:3000"];
    assert_eq!(unencrypted, expected);
}
