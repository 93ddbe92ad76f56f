//! Measures what Hallpass can do on this machine, each figure beside that of something else in the
//! same run: `scripts/bench`.
//!
//! Dependencies run one way: `main` → [`options`], [`rows`], [`report`] → [`hallpass`],
//! [`closed_loop`], [`clients`] → [`wire`], [`statistics`]. The programs that Hallpass
//! is measured against are in `reference/`.

pub mod bench;
pub mod clients;
pub mod closed_loop;
pub mod compare;
pub mod cores;
pub mod disk;
pub mod hallpass;
pub mod machine;
pub mod options;
pub mod postgres;
pub mod published;
pub mod report;
pub mod row;
pub mod rows;
pub mod server;
pub mod statistics;
pub mod tls;
pub mod users;
pub mod wire;
