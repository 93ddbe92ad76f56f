//! Hallpass: a login service that you can measure.
//!
//! Dependencies run one way: `main` → [`serve`], [`routes`] → [`filters`], [`handlers`] →
//! [`token`], [`keys`], [`proof`] → [`store`]. Only [`filters`], [`routes`], [`middleware`] and
//! [`serve`] know warp. All of them count in [`metrics`], and [`scrape`] tells. Beside them, [`cli`] → [`control`] is how the command line does its work,
//! whether or not a server runs.

pub mod accounts;
pub mod answer;
pub mod assembly;
pub mod assets;
pub mod audit;
pub mod auth;
pub mod body;
pub mod cli;
pub mod client;
pub mod clock;
pub mod config;
pub mod content_policy;
pub mod control;
pub mod core_dumps;
pub mod data_dir;
pub mod endpoint;
pub mod filters;
pub mod handlers;
pub mod keys;
pub mod logging;
pub mod metrics;
pub mod middleware;
pub mod openapi;
pub mod opening;
pub mod origin;
pub mod paging;
pub mod pattern;
pub mod problem;
pub mod proof;
pub mod proxies;
pub mod refresh_cookie;
pub mod reload;
pub mod roles;
pub mod routes;
pub mod same_origin;
pub mod scrape;
pub mod serve;
pub mod sessions;
pub mod shown;
pub mod shutdown;
pub mod signals;
pub mod site;
pub mod state;
pub mod store;
pub mod throttle;
pub mod token;
pub mod username;
