//! The options that name the server under test and how to speak to it, the same for every command.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;

use crate::parse::parse_duration;

/// Which server, and how long a request may take.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct TargetArgs {
    /// The server to test, such as http://127.0.0.1:8080; repeatable [default: one is started for
    /// the run]
    ///
    /// Several are nodes of one service: requests go round them. Accounts register at the first.
    /// Only open-loop experiments take more than one.
    #[arg(long, value_name = "URL", value_delimiter = ',', value_parser = parse_host)]
    pub(crate) host: Vec<Url>,

    /// How to talk to the server: `hallpass`, `flask-tutorial`, or a TOML file
    ///
    /// `--print-target hallpass` writes one to begin with.
    #[arg(long, value_name = "NAME|FILE", default_value = "hallpass")]
    pub(crate) target: String,

    /// The hallpass binary to start [default: `hallpass` beside this program, then
    /// target/release/hallpass]
    #[arg(long, value_name = "PATH", conflicts_with = "host")]
    pub(crate) server: Option<PathBuf>,

    /// More arguments for the started `hallpass serve`, split at spaces; repeatable
    #[arg(
        long = "server-arg",
        value_name = "ARGS",
        value_delimiter = ' ',
        allow_hyphen_values = true,
        conflicts_with = "host"
    )]
    pub(crate) server_args: Vec<String>,

    /// How long a request may take before it counts as failed
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse_duration)]
    pub(crate) timeout: Duration,

    /// Accept any TLS certificate of an https host
    #[arg(long)]
    pub(crate) accept_invalid_certs: bool,
}

/// Only what the API's paths can be appended to: Goose would drop a path, and credentials or a
/// query would be sent with every request.
pub(crate) fn parse_host(text: &str) -> Result<Url, String> {
    let url = Url::parse(text)
        .map_err(|e| format!("{e}; write it with its scheme, like http://127.0.0.1:8080"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("only http:// and https:// servers can be tested".to_owned());
    }
    let bare = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if !bare {
        return Err("give scheme, host and port alone, without a path or credentials".to_owned());
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct CommandLine {
        #[command(flatten)]
        args: TargetArgs,
    }

    fn parse(args: &[&str]) -> Result<TargetArgs, clap::Error> {
        let line = std::iter::once("any").chain(args.iter().copied());
        CommandLine::try_parse_from(line).map(|line| line.args)
    }

    #[test]
    fn a_host_is_scheme_host_and_port_and_nothing_else() {
        assert_eq!(parse_host("http://127.0.0.1:8080").unwrap().as_str(), "http://127.0.0.1:8080/");
        assert!(parse_host("https://auth.example.test").is_ok());
        for refused in [
            "127.0.0.1:8080",
            "localhost",
            "ftp://localhost",
            "http://localhost/login",
            "http://localhost/?a=b",
            "http://user:secret@localhost",
        ] {
            assert!(parse_host(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn server_arguments_are_split_at_spaces_and_may_begin_with_a_hyphen() {
        let args = parse(&["--server-arg", "--pbkdf2-iterations 1000", "--server-arg=--alg=ES256"]);
        assert_eq!(args.unwrap().server_args, ["--pbkdf2-iterations", "1000", "--alg=ES256"]);
    }

    #[test]
    fn a_server_to_start_and_a_host_exclude_each_other() {
        assert!(parse(&["--host", "http://127.0.0.1:1", "--server", "hallpass"]).is_err());
        assert!(parse(&["--host", "http://127.0.0.1:1", "--server-arg", "-v"]).is_err());
    }
}
