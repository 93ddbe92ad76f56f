//! Hallpass: a login service that you can measure.
//!
//! Dependencies run one way: `program` → `routes` → `handlers`, and `cli` → `control`; from both to
//! `accounts` → `proof`, `token`, `keys`, `sessions` → `store`.
//!
//! - Only `filters`, `routes`, `middleware` and `serve` know warp.
//! - `handlers` turn requests into calls of use cases, and `control` does so with the commands of
//!   an operator.
//! - `accounts` has the use cases. It knows neither HTTP nor the command line.
//! - All of them count in `metrics`, which `scrape` hands out.

mod accept_encoding;
mod accounts;
mod acme;
mod answer;
mod assembly;
pub mod assets;
pub mod audit;
mod auth;
mod backup;
pub mod body;
pub mod cli;
mod client;
pub mod clock;
pub mod config;
mod content_policy;
mod control;
mod core_dumps;
pub mod data_dir;
pub mod endpoint;
mod filters;
#[cfg(fuzzing)]
pub mod fuzzing;
mod guard_cookie;
mod guard_request;
mod handlers;
pub mod keys;
mod logging;
pub mod metrics;
pub mod middleware;
mod oauth;
mod openapi;
mod opening;
mod origin;
mod paging;
mod pattern;
mod priority;
mod problem;
pub mod program;
pub mod proof;
mod proxies;
pub mod public_url;
mod refresh_cookie;
mod roles;
pub mod routes;
mod same_origin;
pub mod scrape;
pub mod serve;
mod sessions;
mod shown;
pub mod shutdown;
mod signals;
mod site;
pub mod state;
pub mod store;
mod throttle;
pub mod tls;
pub mod token;
mod traces;
mod username;
