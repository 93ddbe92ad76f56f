//! The server over HTTP: each test runs it on a port of its own.

#![expect(clippy::unwrap_used, reason = "a test that can't go on should fail")]

mod app;
mod bodies;
mod connections;
mod faults;
mod frontend;
mod guarded;
mod login;
mod methods;
mod process;
mod register;
mod users;
