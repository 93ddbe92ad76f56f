//! The browser suite: what people do with the frontend, in real browsers on a real server.

use std::process::ExitCode;

mod accounts;
mod evidence;
mod first;
mod guard;
mod harness;
mod interceptor;
mod network;
mod resource;
mod safety;
mod session;
mod tabs;

fn main() -> ExitCode {
    let groups = [
        accounts::tests(),
        evidence::tests(),
        first::tests(),
        guard::tests(),
        harness::tests(),
        interceptor::tests(),
        network::tests(),
        safety::tests(),
        session::tests(),
        tabs::tests(),
    ];
    hallpass_e2e::run(groups.into_iter().flatten().collect())
}
