//! What an operator does with OAuth clients.

use anyhow::anyhow;

use super::Operator;
use crate::accounts::{AccountError, NewOauthClient};
use crate::control::oauth::{OauthCommand, ShownOauthClient};
use crate::control::protocol::Reply;
use crate::store::OauthClient;

impl Operator {
    pub(super) async fn oauth(&self, command: OauthCommand) -> anyhow::Result<Reply> {
        Ok(match command {
            OauthCommand::AddClient { name, may } => {
                let new = self.accounts.add_oauth_client(name, may).await?;
                let NewOauthClient { client, secret } = new;
                Reply::OauthClientMade { client: shown(client), secret }
            }
            OauthCommand::Clients => {
                let clients = self.accounts.oauth_clients().await?;
                Reply::OauthClients { clients: clients.into_iter().map(shown).collect() }
            }
            OauthCommand::DeleteClient { name } => {
                Reply::OauthClients { clients: vec![shown(self.delete_client(name).await?)] }
            }
        })
    }

    async fn delete_client(&self, name: String) -> anyhow::Result<OauthClient> {
        match self.accounts.delete_oauth_client(name.clone()).await {
            Err(AccountError::NotFound) => Err(anyhow!("there is no client {name}")),
            deleted => Ok(deleted?),
        }
    }
}

fn shown(client: OauthClient) -> ShownOauthClient {
    let OauthClient { name, may, created_at, .. } = client;
    ShownOauthClient { name, may, created_at: created_at.to_string() }
}
