use super::*;

fn parse(args: &[&str]) -> Result<Config, String> {
    Config::without_environment(args).map_err(|error| error.to_string())
}

#[test]
fn the_defaults_are_as_documented() {
    let config = parse(&[]).unwrap();
    assert_eq!(config.access_ttl, Duration::from_secs(900));
    assert_eq!(config.passwords.pbkdf2_iterations.get(), 600_000);
    // Together they are less than the 10 s that Docker gives a container.
    assert_eq!(config.connections.shutdown_delay, Duration::ZERO);
    assert_eq!(config.connections.drain_timeout, Duration::from_secs(8));
}

#[test]
fn settings_out_of_range_are_refused() {
    for args in [
        ["--access-ttl", "0s"],
        ["--access-ttl", "25h"],
        ["--access-ttl", "1500ms"],
        ["--access-ttl", "24h 1s"],
        ["--access-ttl", "soon"],
        ["--leeway", "61s"],
        ["--pbkdf2-iterations", "0"],
        ["--pbkdf2-iterations", "10000001"],
        ["--password-min", "7"],
        ["--registration", "maybe"],
        ["--login-throttle", "maybe"],
        ["--trusted-proxy", "10.0.0.0/33"],
        ["--trusted-proxy", "proxy.example"],
        ["--issuer", ""],
        ["--alg", "none"],
        ["--alg", "eddsa"],
        ["--refresh-ttl", "59s"],
        ["--session-max", "11y"],
        ["--fresh-for", "0s"],
        ["--public-url", "login.example"],
        ["--public-url", "ftp://login.example"],
        ["--public-url", "https://login.example/path?query"],
        ["--public-url", "https://login.example/a/../b"],
        ["--public-url", "https://ada@login.example"],
        ["--audit-log", "maybe"],
        ["--max-connections", "0"],
        ["--max-connections-per-address", "0"],
        ["--shutdown-delay", "11m"],
        ["--shutdown-delay", "-1s"],
    ] {
        assert!(parse(&args).is_err(), "{args:?}");
    }
}

#[test]
fn proxies_are_given_one_by_one_or_as_a_list() {
    let proxies = |args: &[&str]| {
        let networks = parse(args).unwrap().trusted_proxies();
        networks.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let expected = ["10.0.0.0/8", "::1/128"];
    assert_eq!(proxies(&["--trusted-proxy", "10.0.0.0/8", "--trusted-proxy", "::1"]), expected);
    for list in ["10.0.0.0/8,::1", "10.0.0.0/8, ::1", "10.0.0.0/8 ::1", "10.0.0.0/8\n::1\n"] {
        assert_eq!(proxies(&["--trusted-proxy", list]), expected, "{list:?}");
    }
    assert!(proxies(&[]).is_empty());
}

#[test]
fn logins_are_throttled_unless_that_is_switched_off() {
    assert!(parse(&[]).unwrap().throttle.login_throttle.is_on());
    assert!(!parse(&["--login-throttle", "off"]).unwrap().throttle.login_throttle.is_on());
}

#[test]
fn an_address_to_listen_on_has_a_host_and_a_port() {
    for good in ["127.0.0.1:8080", "0.0.0.0:0", "[::1]:80", "localhost:65535", "login.example:80"] {
        let listen = parse(&["--listen", good]).unwrap();
        assert_eq!(listen.listen_on().collect::<Vec<_>>(), [&ListenOn::Tcp(good.to_owned())]);
        assert_eq!(parse(&["--metrics-listen", good]).unwrap().metrics_listen.unwrap(), good);
    }
    for (bad, told) in [
        ("8080", "an address is missing; give 127.0.0.1:8080, or 0.0.0.0:8080 for all"),
        (":8080", "an address is missing; give 127.0.0.1:8080, or 0.0.0.0:8080 for all"),
        ("127.0.0.1", "a port is missing; give one, such as 127.0.0.1:8080"),
        ("localhost", "a port is missing; give one, such as localhost:8080"),
        ("localhost:", "a port is missing; give one, such as localhost:8080"),
        ("[::1]", "a port is missing; give one, such as [::1]:8080"),
        ("::1", "give an IPv6 address in brackets and a port, such as [::1]:8080"),
        ("::1:8080", "give an IPv6 address in brackets and a port"),
        ("127.0.0.1:65536", "the port is too large"),
        ("127.0.0.1:http", "give an address and a port, such as 127.0.0.1:8080"),
        ("http://127.0.0.1:8080", "give an address and a port, such as 127.0.0.1:8080"),
        ("99999", "give an address and a port, such as 127.0.0.1:8080"),
        ("", "give an address and a port, such as 127.0.0.1:8080"),
    ] {
        for flag in ["--listen", "--metrics-listen"] {
            let error = parse(&[flag, bad]).unwrap_err();
            assert!(error.contains(told), "{flag} {bad}: {error}");
        }
    }
}

#[test]
fn one_can_listen_on_several_addresses_and_sockets() {
    let shown = |args: &[&str]| {
        let config = parse(args).unwrap();
        config.listen_on().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(shown(&[]), ["127.0.0.1:8080"]);
    let expected = ["127.0.0.1:0", "unix:/run/x.sock?mode=0660", "[::1]:443"];
    let (address, socket, other) = (expected[0], "unix:/run/x.sock", expected[2]);
    assert_eq!(shown(&["--listen", address, "--listen", socket, "--listen", other]), expected);
    assert_eq!(shown(&["--listen", &format!("{address}, {socket} {other}")]), expected);
    assert_eq!(shown(&["--listen", "unix:x.sock?mode=777"]), ["unix:x.sock?mode=0777"]);
    for bad in ["unix:", "unix:/run/", "unix:x?mode=", "unix:x?mode=1777", "unix:x?mod=0660"] {
        let error = parse(&["--listen", bad]).unwrap_err();
        assert!(error.contains("give "), "{bad}: {error}");
    }
}

#[test]
fn the_issuer_follows_the_public_url_unless_it_is_set() {
    let issuer = |args: &[&str]| parse(args).unwrap().issuer();
    assert_eq!(issuer(&[]), "http://127.0.0.1:8080");
    let public = ["--public-url", "https://login.example/"];
    assert_eq!(issuer(&public), "https://login.example");
    assert_eq!(issuer(&["--public-url", "https://example.org/auth/"]), "https://example.org/auth");
    let both = ["--public-url", "https://login.example", "--issuer", "shop"];
    assert_eq!(issuer(&both), "shop");
    assert_eq!(issuer(&["--issuer", "shop"]), "shop");
}

#[test]
fn an_issuer_of_another_origin_than_the_public_url_is_not_found() {
    let undiscoverable =
        |args: &[&str]| parse(args).unwrap().undiscoverable_issuer().map(str::to_owned);
    let public = ["--public-url", "https://login.example"];
    for issuer in ["https://login.example", "https://login.example:443/tenant"] {
        assert_eq!(undiscoverable(&[&public[..], &["--issuer", issuer]].concat()), None);
    }
    for issuer in ["http://login.example", "https://auth.example", "urn:example", "a name"] {
        let found = undiscoverable(&[&public[..], &["--issuer", issuer]].concat());
        assert_eq!(found.as_deref(), Some(issuer));
    }
    assert_eq!(undiscoverable(&public), None);
    assert_eq!(undiscoverable(&["--issuer", "https://auth.example"]), None);
}
