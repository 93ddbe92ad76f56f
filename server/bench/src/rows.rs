//! The groups of measurements.

use std::fmt;

use crate::bench::Bench;
use crate::row::Findings;

pub mod against;
mod backup;
mod cluster;
mod contest;
mod flask;
mod isolation;
mod kdf;
mod logins;
mod memory;
mod metrics;
mod scale;
mod tls;
mod verify;
mod writes;

/// Measurements that belong together.
#[derive(Clone, Copy)]
pub struct Group {
    /// Its name for `--only`.
    pub name: &'static str,
    /// What it measures.
    pub about: &'static str,
    /// Measures it. Results from before an error are kept.
    pub run: fn(&Bench, &mut Findings) -> anyhow::Result<()>,
}

/// All groups, in the order of the table.
pub const GROUPS: [Group; 10] = [
    Group {
        name: "kdf",
        about: "PBKDF2-HMAC-SHA256, 600,000 iterations: one lane, two and the best, the pbkdf2 crate, OpenSSL",
        run: kdf::run,
    },
    Group {
        name: "verify",
        about: "GET /api/verify on one core: ES256, HS256, bare hyper, axum + jsonwebtoken, Flask",
        run: verify::run,
    },
    Group {
        name: "tls",
        about: "TLS 1.3 on one core: full and resumed handshakes, GET /api/verify; bare hyper + rustls",
        run: tls::run,
    },
    Group {
        name: "logins",
        about: "POST /api/login on one core: Hallpass, Flask",
        run: logins::run,
    },
    Group {
        name: "isolation",
        about: "GET /api/verify at 2,000 requests/s beside logins at 150 % of capacity",
        run: isolation::run,
    },
    Group {
        name: "writes",
        about: "durable rotations of refresh tokens, 256 clients; the disk's own syncs",
        run: writes::run,
    },
    Group {
        name: "scale",
        about: "one million users beside ten thousand: import, start-up, memory, GET /api/me, lookups",
        run: scale::run,
    },
    Group {
        name: "backup",
        about: "logins while 100,000 users are backed up, again and again",
        run: backup::run,
    },
    Group {
        name: "cluster",
        about: "three servers on one PostgreSQL: verification, logins, refreshes, sign-outs, idle polling",
        run: cluster::run,
    },
    Group {
        name: "metrics",
        about: "what counting a request costs, and being asked for the counts",
        run: metrics::run,
    },
];

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
