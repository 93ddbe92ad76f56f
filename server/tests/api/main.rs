//! The server over HTTP: each test runs it on a port of its own.

mod app;
mod bodies;
mod connections;
mod frontend;
mod guarded;
mod login;
mod methods;
mod process;
mod register;
