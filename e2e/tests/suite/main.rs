//! The browser suite: what people do with the frontend, in real browsers on a real server.

use std::process::ExitCode;

mod accessibility;
mod account;
mod accounts;
mod admin;
mod bad_day;
mod below;
mod cluster;
mod evidence;
mod first;
mod guard;
mod guarded_site;
mod harness;
mod interceptor;
mod leaving;
mod life;
mod live;
mod network;
mod passkeys;
mod passwords;
mod reader;
mod required_factor;
mod resets;
mod resource;
mod safety;
mod second_factor;
mod session;
mod tabs;

fn main() -> ExitCode {
    let groups = [
        accessibility::tests(),
        account::tests(),
        accounts::tests(),
        admin::tests(),
        bad_day::tests(),
        below::tests(),
        cluster::tests(),
        evidence::tests(),
        first::tests(),
        guard::tests(),
        guarded_site::tests(),
        harness::tests(),
        interceptor::tests(),
        leaving::tests(),
        life::tests(),
        live::tests(),
        network::tests(),
        passkeys::tests(),
        passwords::tests(),
        reader::tests(),
        required_factor::tests(),
        resets::tests(),
        safety::tests(),
        second_factor::tests(),
        session::tests(),
        tabs::tests(),
    ];
    hallpass_e2e::run(groups.into_iter().flatten().collect())
}
