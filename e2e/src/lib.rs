//! Browser tests of a Hallpass server over WebDriver: what a suite needs beside its steps.
//!
//! A test is an async function that is handed a [`Context`]: a [`Site`] and a [`Browser`] on it. It
//! is registered with what it needs, and [`run`] does the rest:
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use hallpass_e2e::pages::LoginPage;
//! use hallpass_e2e::{Context, Result, tests};
//!
//! async fn a_stranger_is_not_let_in(t: &Context) -> Result {
//!     let login = LoginPage::open(&t.browser).await?;
//!     login.submit("nobody", "no such password").await?;
//!     login.expect_alert("wrong").await
//! }
//!
//! fn main() -> ExitCode {
//!     hallpass_e2e::run(tests![a_stranger_is_not_let_in])
//! }
//! ```
//!
//! [`Context`] makes users and further browsers, [`Site`] has the server in hand (restart it, take
//! it offline, hold a request back), [`Browser`] has the steps, and [`pages`] knows the screens.

mod accessibility;
mod api;
mod attempt;
mod authenticator_app;
mod browser;
mod cluster;
mod context;
mod driver;
mod evidence;
mod options;
pub mod pages;
mod plan;
mod preflight;
mod process;
mod proxy;
mod report;
mod requirements;
mod run;
mod runner;
mod server;
mod settings;
mod site;
mod skip;
mod steps;
mod target;
mod test;
mod user;
mod wait;

pub use accessibility::Violation;
pub use api::ApiSession;
pub use attempt::Failure;
pub use authenticator_app::AuthenticatorApp;
pub use browser::{Authenticator, Browser, Key, Window};
pub use cluster::Cluster;
pub use context::Context;
pub use driver::{Kind, Media, PLAIN_HOST};
pub use proxy::{Answer, Held, Request};
pub use runner::run;
pub use site::Site;
pub use skip::Skip;
pub use test::{Needs, Test};
pub use user::User;
pub use wait::eventually;

/// What a step or a test comes to.
pub type Result<T = (), E = anyhow::Error> = std::result::Result<T, E>;

/// A password that the server takes, for users whose password does not matter.
pub const PASSWORD: &str = "correct horse battery staple";
