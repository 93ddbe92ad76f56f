use clap::Args as _;

use super::*;
use crate::config::{Config, with_variables};

fn read(text: &str) -> Result<ConfigFile, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hallpass.toml");
    fs::write(&path, text).unwrap();
    let command = with_variables(Config::augment_args(Command::new("hallpass")));
    let read = ConfigFile::read(&path, &command);
    read.map_err(|error| error.replace(&path.display().to_string(), "FILE"))
}

fn matches(text: &str, args: &[&str]) -> clap::ArgMatches {
    let command = Config::augment_args(Command::new("hallpass").no_binary_name(true));
    let command = with_variables(command);
    let command = read(text).unwrap().apply(command);
    command.mut_args(|arg| arg.env(None::<&str>)).try_get_matches_from(args).unwrap()
}

fn raw(matches: &clap::ArgMatches, id: &str) -> Vec<String> {
    let values = matches.get_raw(id).unwrap_or_default();
    values.map(|value| value.to_string_lossy().into_owned()).collect()
}

#[test]
fn a_setting_has_the_name_of_its_flag_and_flags_count_before_it() {
    let text = "access-ttl = \"10m\"\nmax-connections = 100\npassword-min = 12\n\
                listen = [\"127.0.0.1:1\", \"127.0.0.1:2\"]\ntrusted-proxy = \"::1, 10.0.0.0/8\"\n";
    let matches = matches(text, &["--access-ttl", "5m", "--password-min", "20"]);
    assert_eq!(raw(&matches, "access_ttl"), ["5m"]);
    assert_eq!(raw(&matches, "password_min"), ["20"]);
    assert_eq!(raw(&matches, "max_connections"), ["100"]);
    assert_eq!(raw(&matches, "listen"), ["127.0.0.1:1", "127.0.0.1:2"]);
    assert_eq!(raw(&matches, "trusted_proxy"), ["::1, 10.0.0.0/8"]);
}

#[test]
fn each_value_is_found_at_its_line() {
    let file = read("# a comment\n\naudience = \"shop\"\nleeway = \"1s\"\n").unwrap();
    assert!(file.place_of("leeway").unwrap().ends_with(", line 4"));
    assert_eq!(file.place_of("issuer"), None);
}

#[test]
fn what_makes_no_sense_is_told_with_line_and_key() {
    for (text, told) in [
        (
            "audience = \"x\"\nlistn = \"x\"",
            "FILE, line 2: listn is no setting; the nearest name is listen",
        ),
        ("new = true", "FILE, line 1: new is no setting"),
        ("config = \"x\"", "FILE, line 1: config is no setting"),
        ("[server]\nlisten = \"x\"", "FILE, line 1: server is no setting"),
        (
            "access_ttl = \"15m\"",
            "FILE, line 1: access_ttl is no setting; the nearest name is access-ttl",
        ),
        ("access-ttl = 900", "line 1: access-ttl: give a duration in quotes, such as \"15m\""),
        ("login-throttle = true", "FILE, line 1: login-throttle: give \"on\" or \"off\""),
        ("backup-plain = false", "FILE, line 1: backup-plain: give \"on\" or \"off\""),
        ("alg = 1", "alg: give \"ES256\", \"EdDSA\", \"RS256\" or \"HS256\""),
        ("tls-key = true", "FILE, line 1: tls-key: give the path of a file in quotes"),
        ("data-dir = 1", "the path of a directory in quotes, such as \"./hallpass-data\""),
        ("audit-max-size = 1", "give a size in quotes, such as \"256MiB\""),
        ("public-url = 1", "FILE, line 1: public-url: give a URL in quotes"),
        (
            "listen = 1",
            "listen: give an address in quotes, such as \"127.0.0.1:8080\", or an array",
        ),
        ("audience = 1", "FILE, line 1: audience: give a text in quotes, such as \"hallpass\""),
        ("password-min = \"15\"", "FILE, line 1: password-min: give a number without quotes"),
        ("password-min = 1.5", "FILE, line 1: password-min: give a number without quotes"),
        ("issuer = [\"a\"]", "FILE, line 1: issuer: give a URL in quotes"),
        ("listen = []", "FILE, line 1: listen: leave it out to set nothing"),
        ("listen = \" , \"", "FILE, line 1: listen: invalid value ' , '"),
        ("listen = [1]", "FILE, line 1: listen: give an array of texts in quotes"),
        ("\naccess-ttl = \"soon\"", "FILE, line 2: access-ttl: invalid value 'soon'"),
        ("access-ttl = \"soon\"", "give 1s to 24h in whole seconds, such as 15m"),
        ("registration = \"maybe\"", "[possible values: open, closed]"),
        ("password-min = 7", "FILE, line 1: password-min: invalid value '7'"),
        ("leeway = \"1s\"\nleeway = \"2s\"", "FILE, line 2: duplicate key"),
        ("leeway = ", "FILE, line 1: "),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.contains(told) && !error.contains('\n'), "{text}: {error}");
    }
}
