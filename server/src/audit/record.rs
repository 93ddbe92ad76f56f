use std::fmt;

use ipnet::IpNet;

use super::log::AuditLog;
use super::{Event, TARGET};
use crate::client::Client;
use crate::origin::{Caller, Origin};
use crate::store::{AuditRecord, SessionId, UserId};

/// An audit record in the making.
#[derive(Clone, Debug)]
#[must_use = "it is not written until it is `ok`, `routine`, `refused` or `throttled`"]
pub struct Record<'a> {
    event: Event,
    /// Who sent the request; none if an operator did it.
    client: Option<&'a Client>,
    user: Option<UserId>,
    by: Option<UserId>,
    session: Option<SessionId>,
    detail: Option<String>,
}

impl<'a> Record<'a> {
    fn new(event: Event, client: Option<&'a Client>) -> Self {
        Self { event, client, user: None, by: None, session: None, detail: None }
    }

    /// What somebody did who is not signed in.
    pub fn of_client(event: Event, client: &'a Client) -> Self {
        Self::new(event, Some(client))
    }

    /// What somebody who is signed in did with their own account.
    pub fn of_caller(event: Event, caller: &'a Caller) -> Self {
        Self::new(event, Some(&caller.client)).user(caller.user.id).session(caller.session)
    }

    /// What an operator did.
    pub fn of_operator(event: Event) -> Self {
        Self::new(event, None)
    }

    /// What an admin or an operator did.
    pub fn of(event: Event, origin: &'a Origin<Caller>) -> Self {
        match origin {
            Origin::Http(caller) => Self {
                by: Some(caller.user.id),
                session: Some(caller.session),
                ..Self::new(event, Some(&caller.client))
            },
            Origin::Operator => Self::of_operator(event),
        }
    }

    /// Whom it concerns, as far as it is known.
    pub fn user(self, user: impl Into<Option<UserId>>) -> Self {
        Self { user: user.into(), ..self }
    }

    /// Which session it concerns.
    pub fn session(self, session: SessionId) -> Self {
        Self { session: Some(session), ..self }
    }

    /// What else there is to say; never a secret.
    pub fn detail(self, detail: impl fmt::Display) -> Self {
        Self { detail: Some(detail.to_string()), ..self }
    }

    /// As [`detail`](Self::detail), if there is something to say.
    pub fn detail_if_any(self, detail: Option<&str>) -> Self {
        match detail {
            Some(detail) => self.detail(detail),
            None => self,
        }
    }

    /// It was done.
    pub fn ok(self, log: &AuditLog) {
        self.write("ok", None);
        log.add(self.kept(None));
    }

    /// It was not done, and why.
    pub fn refused(self, log: &AuditLog, reason: &str) {
        self.write("refused", Some(reason));
        log.add(self.kept(Some(reason)));
    }

    /// It was done, as it is done all the time. What is kept is how often within a minute, so that
    /// nobody fills the audit log with it.
    pub fn routine(self, log: &AuditLog) {
        self.write("ok", None);
        log.count(AuditRecord { address: self.network(), user_agent: None, ..self.kept(None) });
    }

    /// It was not even looked at. There may be a flood of these: what is kept is how many.
    pub fn throttled(self, log: &AuditLog) {
        const REASON: &str = "too many attempts";
        self.write("refused", Some(REASON));
        log.count(AuditRecord {
            event: self.event.name().to_owned(),
            reason: Some(REASON.to_owned()),
            user: self.user,
            address: self.network(),
            ..AuditRecord::default()
        });
    }

    fn network(&self) -> Option<String> {
        self.client.map(|client| shown(client.network()))
    }

    fn kept(&self, reason: Option<&str>) -> AuditRecord {
        let (address, user_agent) = self.origin();
        AuditRecord {
            event: self.event.name().to_owned(),
            reason: reason.map(str::to_owned),
            user: self.user,
            by: self.by,
            session: self.session,
            address: Some(address),
            user_agent: user_agent.filter(|agent| !agent.is_empty()).map(str::to_owned),
            detail: self.detail.clone(),
            times: None,
        }
    }

    /// The address and the browser.
    fn origin(&self) -> (String, Option<&'a str>) {
        match self.client {
            Some(client) => (client.address.to_string(), Some(&client.user_agent)),
            None => ("command line".to_owned(), None),
        }
    }

    fn write(&self, result: &str, reason: Option<&str>) {
        let (address, user_agent) = self.origin();
        tracing::info!(
            target: TARGET,
            event = self.event.name(),
            result,
            reason,
            user = self.user.map(tracing::field::display),
            by = self.by.map(tracing::field::display),
            session = self.session.map(tracing::field::display),
            address,
            user_agent,
            detail = self.detail.as_deref(),
        );
    }
}

/// A network, or the one address in it.
fn shown(network: IpNet) -> String {
    match network.prefix_len() == network.max_prefix_len() {
        true => network.addr().to_string(),
        false => network.to_string(),
    }
}
