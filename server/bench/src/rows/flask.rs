//! The tutorial's Flask app, as `scripts/flask-tutorial` serves it.

use std::net::SocketAddr;
use std::process::Command;

use anyhow::Context as _;
use serde::Deserialize;

use crate::bench::Bench;
use crate::cores::Core;
use crate::hallpass::each;
use crate::server::Server;
use crate::users::{credentials, names};
use crate::wire;

/// Few users, since their hashes cost as much as in real use.
const USERS: usize = 8;

/// The app's own paths, which differ from Hallpass's.
const REGISTER: &str = "/register";
const LOGIN: &str = "/login";
const PROTECTED: &str = "/protected";

#[derive(Deserialize)]
struct Login {
    access_token: String,
}

pub(super) fn start(
    bench: &Bench,
    name: &'static str,
    core: Option<Core>,
) -> anyhow::Result<Server> {
    let mut command = Command::new(bench.root.join("scripts/flask-tutorial"));
    command.args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(bench.directory(name)?);
    Server::start(name, command, core, bench.work())
}

/// Registers the app's users, and returns the requests that sign them in.
pub(super) fn logins(address: SocketAddr) -> anyhow::Result<Vec<Vec<u8>>> {
    let requests = |path| -> Vec<Vec<u8>> {
        names(USERS).iter().map(|name| wire::post(path, &credentials(name))).collect()
    };
    each(address, &requests(REGISTER), |answer| answer.expect(201)).context("registering")?;
    Ok(requests(LOGIN))
}

/// Registers the app's users and signs them in. Returns their requests for the protected content.
pub(super) fn protected(address: SocketAddr) -> anyhow::Result<Vec<Vec<u8>>> {
    let tokens = each(address, &logins(address)?, |answer| {
        answer.expect(200)?;
        Ok(serde_json::from_slice::<Login>(answer.body)?.access_token)
    });
    Ok(tokens.context("signing in")?.iter().map(|token| wire::get(PROTECTED, token)).collect())
}
