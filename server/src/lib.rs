//! Hallpass: a login service that you can measure.
//!
//! Dependencies run one way: `main` → [`serve`], [`routes`] → [`filters`], [`handlers`] →
//! [`token`], [`keys`], [`password`] → [`store`]. Only [`filters`], [`routes`], [`middleware`] and
//! [`serve`] know warp.

pub mod answer;
pub mod assets;
pub mod auth;
pub mod body;
pub mod clock;
pub mod config;
pub mod data_dir;
pub mod filters;
pub mod handlers;
pub mod keys;
pub mod middleware;
pub mod password;
pub mod problem;
pub mod routes;
pub mod serve;
pub mod state;
pub mod store;
pub mod token;
pub mod username;
