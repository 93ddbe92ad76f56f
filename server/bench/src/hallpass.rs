//! Hallpass servers for the benchmark, and their users.

use std::path::Path;

use anyhow::Context as _;
use hallpass_contract::{Login, path};

use crate::bench::Bench;
use crate::clients::{Once, refresh_cookie};
use crate::closed_loop::{self, Endpoint, Plan};
use crate::cores::Core;
use crate::server::Server;
use crate::users::credentials;
use crate::wire::{self, Answer};

/// Arguments for measurements that are not about logins.
pub const CHEAP_HASHES: &[&str] = &["--pbkdf2-iterations", "1000"];

/// The HS256 secret. It protects nothing.
pub const SECRET: &str = "the secret of a benchmark that guards nothing";

/// How many clients register and sign in users while nothing is measured.
const CLIENTS: usize = 32;

/// A user who has signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The access token.
    pub token: String,
    /// The refresh cookie, in the form that a request needs.
    pub cookie: String,
}

/// Starts `hallpass serve` with its defaults and these arguments. There is no throttle, access
/// tokens outlive the run, and this machine may open as many connections as the server accepts.
///
/// # Errors
///
/// Why it did not start.
pub fn start(
    bench: &Bench,
    name: &'static str,
    data_dir: &Path,
    core: Option<Core>,
    args: &[&str],
) -> anyhow::Result<Server> {
    start_program(bench, &bench.binary("hallpass")?, name, data_dir, core, args)
}

/// As [`start`], with another program than the one built with the benchmark.
///
/// # Errors
///
/// Why it did not start.
pub fn start_program(
    bench: &Bench,
    program: &Path,
    name: &str,
    data_dir: &Path,
    core: Option<Core>,
    args: &[&str],
) -> anyhow::Result<Server> {
    let mut command = hallpass_process::command::hallpass(program);
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data_dir);
    command.args(["--login-throttle", "off", "--access-ttl", "24h"]).args(args);
    command.env("HALLPASS_HS256_SECRET", SECRET);
    command.env("HALLPASS_MAX_CONNECTIONS_PER_ADDRESS", "1000000");
    Server::start(name, command, core, bench.work())
}

/// Registers these users.
///
/// # Errors
///
/// The first answer that was no 201.
pub fn register(address: impl Into<Endpoint>, names: &[String]) -> anyhow::Result<()> {
    let requests = names.iter().map(|name| wire::post(path::REGISTER, &credentials(name)));
    each(address, &requests.collect::<Vec<_>>(), |answer| answer.expect(201))
        .context("registering")?;
    Ok(())
}

/// Signs in these users. Returns them in the same order.
///
/// # Errors
///
/// The first answer that was not a successful login.
pub fn sign_in(address: impl Into<Endpoint>, names: &[String]) -> anyhow::Result<Vec<SignedIn>> {
    let requests: Vec<_> = names.iter().map(|name| login(name)).collect();
    each(address, &requests, |answer| {
        answer.expect(200)?;
        let login: Login = serde_json::from_slice(answer.body)?;
        let token = login.access_token.expose().to_owned();
        Ok(SignedIn { token, cookie: refresh_cookie(answer)? })
    })
    .context("signing in")
}

/// The request that signs in.
pub fn login(name: &str) -> Vec<u8> {
    wire::post(path::LOGIN, &credentials(name))
}

/// For each user, a request for `path` with their access token.
pub fn gets(path: &str, users: &[SignedIn]) -> Vec<Vec<u8>> {
    users.iter().map(|user| wire::get(path, &user.token)).collect()
}

/// Sends each request once, several at a time. Returns what `read` makes of the answers, in the
/// order of the requests.
///
/// # Errors
///
/// The first error of `read`, or of a connection.
pub fn each<T>(
    address: impl Into<Endpoint>,
    requests: &[Vec<u8>],
    read: impl Fn(&Answer<'_>) -> anyhow::Result<T> + Copy,
) -> anyhow::Result<Vec<T>> {
    let share = requests.len().div_ceil(CLIENTS).max(1);
    let shares = requests.chunks(share);
    let mut clients: Vec<_> = shares.map(|share| Once::new(share.to_vec(), read)).collect();
    closed_loop::run(address, &mut clients, Plan::TO_THE_END)?;
    Ok(clients.into_iter().flat_map(|client| client.answers).collect())
}
