use http::HeaderValue;

use super::*;
use crate::client::is_everybody;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn remote(text: &str) -> Peer {
    Peer::Remote((ip(text), 1).into())
}

fn proxies(networks: &[&str]) -> TrustedProxies {
    let networks: Vec<_> = networks.iter().map(|text| parse_network(text).unwrap()).collect();
    TrustedProxies::new(&networks)
}

fn headers(name: &'static str, lines: &[&[u8]]) -> HeaderMap {
    let lines = lines.iter().map(|line| HeaderValue::from_bytes(line).unwrap());
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(name, line);
    }
    headers
}

/// The client's address by these lines of `X-Forwarded-For`.
fn forwarded(peer: &str, lines: &[&[u8]]) -> IpAddr {
    let proxies = proxies(&["10.0.0.0/8", "192.0.2.1", "2001:db8:1::/48", "::ffff:172.16.0.0/108"]);
    proxies.client(remote(peer), &headers("x-forwarded-for", lines)).address
}

#[test]
fn the_nearest_untrusted_address_is_the_clients() {
    let cases: &[(&str, &[&[u8]], &str)] = &[
        // Nothing was forwarded.
        ("203.0.113.5", &[], "203.0.113.5"),
        ("10.0.0.1", &[], "10.0.0.1"),
        // Spoofed by somebody whom nobody trusts.
        ("203.0.113.5", &[b"198.51.100.1"], "203.0.113.5"),
        ("192.0.2.2", &[b"198.51.100.1"], "192.0.2.2"),
        ("2001:db8:2::1", &[b"198.51.100.1"], "2001:db8:2::1"),
        // One proxy, and several.
        ("10.0.0.1", &[b"198.51.100.1"], "198.51.100.1"),
        ("192.0.2.1", &[b"198.51.100.1"], "198.51.100.1"),
        ("2001:db8:1::1", &[b"2001:db8:2::1"], "2001:db8:2::1"),
        ("10.0.0.1", &[b"198.51.100.1, 192.0.2.1, 10.9.9.9"], "198.51.100.1"),
        // Spoofed in front of what the proxy wrote.
        ("10.0.0.1", &[b"1.1.1.1, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", &[b"10.0.0.7, 1.1.1.1, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", &[b"\"<script>, 198.51.100.1"], "198.51.100.1"),
        // Everybody is trusted: whoever is furthest away asked.
        ("10.0.0.1", &[b"10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        // What can't be read ends the walk at the last address that could.
        ("10.0.0.1", &[b"unknown"], "10.0.0.1"),
        ("10.0.0.1", &[b"198.51.100.1, _hidden, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", &[b"198.51.100.1, \xff\xfe"], "10.0.0.1"),
        ("10.0.0.1", &[b"198.51.100.1 198.51.100.2"], "10.0.0.1"),
        ("10.0.0.1", &[b"198.51.100.256"], "10.0.0.1"),
        // Several lines are one list.
        ("10.0.0.1", &[b"1.1.1.1", b"198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", &[b"1.1.1.1, 198.51.100.1", b"10.0.0.2, 10.0.0.3"], "198.51.100.1"),
        // Ports and brackets.
        ("10.0.0.1", &[b"198.51.100.1:567"], "198.51.100.1"),
        ("10.0.0.1", &[b"[2001:db8::1]:80"], "2001:db8::1"),
        ("10.0.0.1", &[b"[2001:db8::1]"], "2001:db8::1"),
        ("10.0.0.1", &[b"198.51.100.1, 10.0.0.2:443"], "198.51.100.1"),
        // Empty elements.
        ("10.0.0.1", &[b""], "10.0.0.1"),
        ("10.0.0.1", &[b", ,198.51.100.1,\t, "], "198.51.100.1"),
        // IPv4-mapped: as the peer, in the list and as a trusted network.
        ("::ffff:203.0.113.5", &[b"198.51.100.1"], "203.0.113.5"),
        ("::ffff:10.0.0.1", &[b"::ffff:198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", &[b"198.51.100.1, ::ffff:10.0.0.2"], "198.51.100.1"),
        ("172.16.0.1", &[b"198.51.100.1, [::ffff:172.31.255.255]:1"], "198.51.100.1"),
        ("172.32.0.1", &[b"198.51.100.1"], "172.32.0.1"),
    ];
    for (peer, lines, expected) in cases {
        let shown: Vec<_> = lines.iter().map(|line| line.escape_ascii().to_string()).collect();
        assert_eq!(forwarded(peer, lines), ip(expected), "{peer} {shown:?}");
    }
}

#[test]
fn without_trusted_proxies_nothing_that_is_forwarded_counts() {
    let headers = headers("x-forwarded-for", &[b"198.51.100.1"]);
    let client = TrustedProxies::default().client(remote("127.0.0.1"), &headers);
    assert_eq!(client.address, ip("127.0.0.1"));
}

#[test]
fn who_comes_by_a_socket_of_the_file_system_is_a_trusted_proxy() {
    let client = |lines: &[&[u8]]| {
        let headers = headers("x-forwarded-for", lines);
        TrustedProxies::default().client(Peer::Local, &headers).address
    };
    assert_eq!(client(&[]), ip("127.0.0.1"));
    assert_eq!(client(&[b"198.51.100.1"]), ip("198.51.100.1"));
    assert_eq!(client(&[b"1.1.1.1, 127.0.0.1"]), ip("127.0.0.1"), "it trusts no other loopback");
}

#[test]
fn a_list_without_end_is_walked_for_32_hops() {
    let long = [b"1.1.1.1, ".to_vec(), b"10.0.0.2,".repeat(10_000), b"10.0.0.3".to_vec()].concat();
    assert_eq!(forwarded("10.0.0.1", &[&long]), ip("10.0.0.2"));
    let empty = [b"1.1.1.1".to_vec(), b",".repeat(10_000)].concat();
    assert_eq!(forwarded("10.0.0.1", &[&empty]), ip("10.0.0.1"));
    let lines = [&b"1.1.1.1"[..]].into_iter().chain([&b"10.0.0.2"[..]; 10_000]);
    assert_eq!(forwarded("10.0.0.1", &lines.collect::<Vec<_>>()), ip("10.0.0.2"));
}

#[test]
fn a_network_that_holds_strangers_is_everybody() {
    let is_everybody = |text| is_everybody(parse_network(text).unwrap());
    for text in ["0.0.0.0/0", "0.0.0.0/1", "64.0.0.0/7", "::/0", "2000::/3", "::ffff:0.0.0.0/96"] {
        assert!(is_everybody(text), "{text}");
    }
    let some = ["10.0.0.0/8", "172.16.0.0/12", "::1", "fc00::/7", "fd00::/8", "2001:db8::/32"];
    for text in some {
        assert!(!is_everybody(text), "{text}");
    }
}

#[test]
fn a_network_is_cidr_or_one_address() {
    for (text, network) in [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("192.0.2.1", "192.0.2.1/32"),
        ("::1", "::1/128"),
        ("fd00::/8", "fd00::/8"),
    ] {
        assert_eq!(parse_network(text).unwrap().to_string(), network);
    }
    for bad in ["", "10.0.0.0/33", "::/129", "10.0.0", "proxy.example", "10.0.0.0/8,::1", " ::1"] {
        assert!(parse_network(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_user_agent_is_safe_to_log_and_short() {
    let user_agent = |line: &[u8]| {
        let headers = headers("user-agent", &[line]);
        TrustedProxies::default().client(remote("::1"), &headers).user_agent
    };
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0";
    assert_eq!(user_agent(firefox.as_bytes()), firefox);
    assert_eq!(user_agent("Грузинъ/1 ☃".as_bytes()), "Грузинъ/1 ☃");
    assert_eq!(user_agent(b"caf\xe9"), "caf\u{fffd}");
    // A tab is the only ASCII control character that a header may hold.
    assert_eq!(user_agent(b"a\tb"), "ab");
    let disturbing = "a\u{9b}31m\u{85}\u{202e}\u{2066}\u{200b}\u{feff}\u{2028}\u{2029}\u{e000}b";
    assert_eq!(user_agent(disturbing.as_bytes()), "a31mb");
    assert_eq!(user_agent("ж".repeat(10_000).as_bytes()), "ж".repeat(256));
}

#[test]
fn a_client_may_keep_quiet_about_its_user_agent() {
    let client = TrustedProxies::default().client(remote("::1"), &HeaderMap::new());
    assert_eq!(client.user_agent, "");
}
