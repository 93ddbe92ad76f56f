//! The server over HTTP: each test runs it on a port of its own.

#![expect(clippy::unwrap_used, reason = "a test that can't go on should fail")]

mod activation;
mod admin;
mod announced;
mod app;
mod audit;
mod audit_kept;
mod below;
mod binary;
mod blocks;
mod bodies;
mod certificates;
mod cli;
mod config_check;
mod config_file;
mod connections;
mod device;
mod disk;
mod exposition;
mod factors;
mod faults;
mod freshness;
mod frontend;
mod guard;
mod guarded;
mod hashes;
mod hashing;
mod headers;
mod incidents;
mod login;
mod lost;
mod methods;
mod metrics;
mod moving;
mod oauth;
mod openapi;
mod package;
mod passkeys;
mod postgres;
mod process;
mod register;
mod required_factor;
mod resets;
mod route_table;
mod sessions;
mod settings;
mod shutdown;
mod signals;
mod sockets;
mod throttling;
mod tls;
#[cfg(feature = "otlp")]
mod traces;
mod upgrade;
mod users;
