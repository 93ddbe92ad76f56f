//! The Hallpass frontend: registration, login, a page behind a guard, the account, the users.
//!
//! [`app`] decides everything and touches nothing, so it is tested natively; [`shell`] touches the
//! browser and decides nothing.

pub mod api;
pub mod app;
pub mod interceptor;
pub mod link;
pub mod return_path;
pub mod route;
pub mod screen;
pub mod session;
pub mod shell;
pub mod text;
pub mod time;

/// Starts the application in the page that loaded it.
pub fn run() {
    shell::start();
}
