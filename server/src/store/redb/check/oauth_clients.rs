//! Whether the records of OAuth clients can be read.

use super::finding::{Finding, Remedy, UNREADABLE};
use super::tables::{Tables, each};
use crate::store::redb::oauth_clients;

impl Tables {
    pub(super) fn check_oauth_clients(&self, findings: &mut Vec<Finding>) {
        each(&self.oauth_clients, "oauth_clients", findings, |name, json, found| {
            let client = oauth_clients::read(name, json);
            if !client.is_ok_and(|client| client.name == name) {
                let remedy = Remedy::RemoveOauthClient(name.to_owned());
                found.push(Finding::new("oauth_clients", name, UNREADABLE, remedy));
            }
            Ok(())
        });
    }
}
