//! The certificate that an ACME authority such as Let's Encrypt issues (RFC 8555). The server
//! orders it at the start unless a good one is kept, and renews it in time. The authority makes
//! sure of the names by TLS-ALPN-01 (RFC 8737): it connects to port 443, and expects the answer to
//! its challenge.

mod account;
mod issued;
mod kept;
mod order;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use tokio::time::timeout;

pub(crate) use self::issued::Issued;

use self::kept::Kept;
use crate::clock::Clock;
use crate::config::AcmeSettings;

/// How long after a failure the next try comes at first. Each failure doubles it. Authorities count
/// failures: Let's Encrypt allows five an hour.
const FIRST_RETRY: Duration = Duration::from_secs(5 * 60);

/// The longest time between two tries.
const LAST_RETRY: Duration = Duration::from_secs(6 * 60 * 60);

/// How often is looked whether it is time. A machine that sleeps loses no more.
const LOOK: SignedDuration = SignedDuration::from_hours(1);

/// The longest time that an order may take. The client of the library waits for ever.
const ORDER: Duration = Duration::from_secs(10 * 60);

/// Gets certificates and keeps them.
#[derive(Debug)]
pub(crate) struct Acme {
    settings: AcmeSettings,
    /// Where the account and the certificate are kept.
    dir: PathBuf,
    /// What the server shows.
    issued: Arc<Issued>,
    clock: Clock,
    /// When to order the next one. None if there is none yet.
    renewal: Option<Timestamp>,
}

impl Acme {
    /// What keeps a certificate for these settings in a directory. The one that is kept there is in
    /// use from now on.
    ///
    /// # Errors
    ///
    /// If the authority's root certificate can't be read.
    pub(crate) fn new(settings: AcmeSettings, dir: PathBuf, clock: Clock) -> anyhow::Result<Self> {
        account::check(&settings)?;
        let mut acme = Self { settings, dir, issued: Arc::default(), clock, renewal: None };
        match kept::read(&acme.dir, &acme.settings) {
            Ok(Some(kept)) => acme.use_it(&kept),
            Ok(None) => {}
            Err(error) => tracing::error!("can't use the certificate that is kept: {error:#}"),
        }
        Ok(acme)
    }

    /// The certificate in use.
    pub(crate) fn issued(&self) -> Arc<Issued> {
        Arc::clone(&self.issued)
    }

    /// Keeps a certificate in use for ever.
    pub(crate) async fn keep_valid(mut self) {
        let mut retry = FIRST_RETRY;
        loop {
            self.wait_until(self.renewal.unwrap_or(Timestamp::MIN)).await;
            match self.order().await {
                Ok(kept) => {
                    self.use_it(&kept);
                    self.pause_after(&kept);
                    retry = FIRST_RETRY;
                }
                Err(error) => {
                    tracing::error!(
                        "no certificate for {}: {error:#}; trying again in {} minutes",
                        self.names(),
                        retry.as_secs() / 60
                    );
                    tokio::time::sleep(retry).await;
                    retry = (2 * retry).min(LAST_RETRY);
                }
            }
        }
    }

    async fn order(&self) -> anyhow::Result<Kept> {
        let order = order::certificate(&self.settings, &self.dir, &self.issued);
        let ordered = timeout(ORDER, order).await;
        self.issued.forget_answers();
        ordered.context("the authority does not answer")?
    }

    /// Shows a certificate from now on.
    fn use_it(&mut self, kept: &Kept) {
        self.issued.replace(Arc::clone(&kept.certificate));
        self.renewal = Some(kept.renewal());
        tracing::info!("the certificate for {} is in use, until {:.0}", self.names(), kept.until);
    }

    /// Where the clock is wrong, a new certificate may seem to be due for renewal. It is not
    /// renewed over and over: authorities count that, too.
    fn pause_after(&mut self, kept: &Kept) {
        let earliest = self.clock.now().checked_add(kept.lifetime() / 6).unwrap_or(Timestamp::MAX);
        if self.renewal.is_some_and(|renewal| renewal < earliest) {
            tracing::warn!(
                "the new certificate is good until {:.0}, which is soon by the clock of this \
                 machine; is the clock right?",
                kept.until
            );
            self.renewal = Some(earliest);
        }
    }

    fn names(&self) -> String {
        self.settings.domains.join(", ")
    }

    async fn wait_until(&self, time: Timestamp) {
        loop {
            let left = time.duration_since(self.clock.now());
            if left <= SignedDuration::ZERO {
                return;
            }
            tokio::time::sleep(left.min(LOOK).unsigned_abs()).await;
        }
    }
}
