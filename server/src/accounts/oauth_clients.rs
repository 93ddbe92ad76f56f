//! OAuth clients: services that may ask about tokens or revoke them.

use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use data_encoding::BASE64URL_NOPAD;
use hallpass_contract::Secret;
use sha2::{Digest as _, Sha256};

use super::Accounts;
use super::error::AccountError;
use crate::audit::{Event, Record};
use crate::client::Client;
use crate::keys::RandomKey;
use crate::store::{MAX_OAUTH_CLIENTS, OauthClient, OauthClientAdded, OauthClientId, OauthGrant};

/// The most characters of a client's name.
const MAX_NAME_CHARS: usize = 64;

/// A client that was made.
#[derive(Debug)]
pub struct NewOauthClient {
    /// The client.
    pub client: OauthClient,
    /// Its secret, which is kept nowhere.
    pub secret: Secret,
}

/// With what a client says who it is (RFC 6749 section 2.3.1).
#[derive(Debug)]
pub struct ClientCredentials {
    /// The `client_id`.
    pub name: String,
    /// The `client_secret`.
    pub secret: Secret,
}

impl Accounts {
    /// Makes a client with a new secret of 256 random bits.
    ///
    /// # Errors
    ///
    /// Which rule is broken, or that there is one of this name.
    pub async fn add_oauth_client(
        self: &Arc<Self>,
        name: String,
        mut may: Vec<OauthGrant>,
    ) -> Result<NewOauthClient, AccountError> {
        check_name(&name)?;
        may.sort_unstable();
        may.dedup();
        let created_at = self.clock.now();
        let secret = Secret::from(BASE64URL_NOPAD.encode(RandomKey::generate()?.expose()));
        let (id, secret_hash) = (OauthClientId::new(created_at), hash_of(&secret));
        let client = OauthClient { id, name, secret_hash, may, created_at };
        self.to_the_end(|accounts| async move {
            let added = accounts.store.add_oauth_client(client.clone()).await?;
            let record = Record::of_operator(Event::OauthClientAdded).detail(described(&client));
            match refusal_of(added, &client.name) {
                None => record.ok(&accounts.audit),
                Some(error) => {
                    record.refused(&accounts.audit, &error.to_string());
                    return Err(error);
                }
            }
            Ok(NewOauthClient { client, secret })
        })
        .await
    }

    /// All clients, in the order of their names.
    pub async fn oauth_clients(&self) -> Result<Vec<OauthClient>, AccountError> {
        Ok(self.store.oauth_clients().await?)
    }

    /// Removes a client: from then on no server answers it.
    ///
    /// # Errors
    ///
    /// [`AccountError::NotFound`] if there is none of this name.
    pub async fn delete_oauth_client(
        self: &Arc<Self>,
        name: String,
    ) -> Result<OauthClient, AccountError> {
        self.to_the_end(|accounts| async move {
            let removed = accounts.store.remove_oauth_client(&name).await?;
            let client = removed.ok_or(AccountError::NotFound)?;
            let record = Record::of_operator(Event::OauthClientDeleted).detail(&client.name);
            record.ok(&accounts.audit);
            Ok(client)
        })
        .await
    }

    /// The client with these credentials. A right secret is never refused, however many wrong ones
    /// came from the same address: it can't be guessed, so nobody gains time by guessing.
    ///
    /// # Errors
    ///
    /// [`AccountError::NotProven`] if there is none; [`AccountError::TooMany`] instead, if too many
    /// failures came from the address.
    pub async fn oauth_client(
        &self,
        credentials: &ClientCredentials,
        from: &Client,
    ) -> Result<OauthClient, AccountError> {
        // Other names are nobody's, and PostgreSQL takes no NUL.
        let found = match check_name(&credentials.name) {
            Ok(()) => self.store.oauth_client(&credentials.name).await?,
            Err(_) => None,
        };
        // Without a client, there is a hash that no secret is known to have.
        let expected = found.as_ref().map_or([0; 32], |client| client.secret_hash);
        let shown = hash_of(&credentials.secret);
        let is_right = verify_slices_are_equal(&shown, &expected).is_ok();
        match found {
            Some(client) if is_right => Ok(client),
            found => Err(self.client_failed(found.as_ref(), from)),
        }
    }

    /// Counts a failure of a client, whose name is known if there is such a client.
    fn client_failed(&self, client: Option<&OauthClient>, from: &Client) -> AccountError {
        let record = Record::of_client(Event::OauthClientRefused, from);
        let record = record.detail_if_any(client.map(|client| client.name.as_str()));
        if let Err(wait) = self.throttle.client_failure(from.address) {
            record.throttled(&self.audit);
            return wait.into();
        }
        let reason = if client.is_some() { "the secret is wrong" } else { "there is none" };
        record.refused(&self.audit, reason);
        AccountError::NotProven
    }
}

fn hash_of(secret: &Secret) -> [u8; 32] {
    Sha256::digest(secret.expose()).into()
}

/// The name and what the client may do.
fn described(client: &OauthClient) -> String {
    let may: Vec<&str> = client.may.iter().map(|grant| grant.name()).collect();
    format!("{} may {}", client.name, may.join(","))
}

fn refusal_of(added: OauthClientAdded, name: &str) -> Option<AccountError> {
    let message = match added {
        OauthClientAdded::Added => return None,
        OauthClientAdded::NameTaken => format!("There is a client {name} already."),
        OauthClientAdded::TooMany => {
            format!("There are {MAX_OAUTH_CLIENTS} clients; delete those that nobody uses.")
        }
    };
    Some(AccountError::broken_rule("name", message))
}

/// Only characters that are themselves in HTTP's Basic scheme and in a form, whoever encodes them.
fn check_name(name: &str) -> Result<(), AccountError> {
    let is_fine = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    if (1..=MAX_NAME_CHARS).contains(&name.len()) && name.chars().all(is_fine) {
        return Ok(());
    }
    let message = format!(
        "Name it with 1 to {MAX_NAME_CHARS} ASCII letters, digits, hyphens, dots and underscores."
    );
    Err(AccountError::broken_rule("name", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_of_few_characters() {
        for name in ["a", "billing-2.test_X", &"a".repeat(64)] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in ["", "a b", "a:b", "a%20", "ä", "a+b", "a\n", &"a".repeat(65)] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
