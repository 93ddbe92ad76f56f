//! What others have published of their products. They measured it on machines of their own, with
//! hashes and requests of their own. So it stands beside a row, and no ratio is made of it.

use serde::Serialize;

/// A figure that somebody else has published, in the unit of the row that it stands beside.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Published {
    /// The product, with its version where the source names one.
    pub product: &'static str,
    /// The figure.
    pub figure: f64,
    /// The machine that it is of, as far as the source says.
    pub machine: &'static str,
    /// What makes it another figure than ours.
    pub note: &'static str,
    /// Where it was published.
    pub source: &'static str,
}

/// Keycloak's guide "Concepts for sizing CPU and memory resources".
const KEYCLOAK_SIZING: &str =
    "https://www.keycloak.org/high-availability/single-cluster/concepts-memory-and-cpu-sizing";

/// Password logins per second.
pub const LOGINS: [Published; 3] = [
    Published {
        product: "Keycloak",
        figure: 15.0,
        machine: "one vCPU",
        note: "a recommendation for sizing; hashes with argon2id by default (7 MiB, 5 passes), and \
               the guide does not say which hash was measured",
        source: KEYCLOAK_SIZING,
    },
    Published {
        product: "Zitadel v4.0",
        figure: 39.0,
        machine: "up to 42 vCPUs",
        note: "half an hour from a cold start, up to seven containers of six vCPUs; eight requests for \
               each login; hashes with bcrypt, and \
               the page does not say at which cost",
        source: "https://zitadel.com/docs/apis/benchmarks/v4/human_password_login",
    },
    Published {
        product: "Zitadel v4.19",
        figure: 78.0,
        machine: "up to 42 vCPUs",
        note: "half an hour, up to seven containers of six vCPUs; eight requests for each login; \
               bcrypt at cost 12 takes most of the time",
        source: "https://zitadel.com/docs/apis/benchmarks/v4.19.2/human_password_login",
    },
];

/// The name of the rows that refreshes of others stand beside.
pub const REFRESHES_OF_A_CORE: &str = "refreshes for each core of Hallpass";

/// Refreshes per second.
pub const REFRESHES: [Published; 1] = [Published {
    product: "Keycloak",
    figure: 120.0,
    machine: "one vCPU",
    note: "a recommendation for sizing, with the database on another machine",
    source: KEYCLOAK_SIZING,
}];
