use serde::{Deserialize, Serialize};

use crate::store::OauthGrant;

/// What operators do with OAuth clients: a part of the commands.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "oauth", rename_all = "snake_case")]
pub(crate) enum OauthCommand {
    /// Make a client.
    AddClient {
        /// Its `client_id`.
        name: String,
        /// What it may do.
        may: Vec<OauthGrant>,
    },
    /// Show the clients.
    Clients,
    /// Remove a client.
    DeleteClient {
        /// Which.
        name: String,
    },
}

/// An OAuth client as operators see it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct ShownOauthClient {
    /// Its `client_id`.
    pub(crate) name: String,
    /// What it may do.
    pub(crate) may: Vec<OauthGrant>,
    /// When it was made.
    pub(crate) created_at: String,
}
