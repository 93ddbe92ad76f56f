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

use jiff::{SignedDuration, Timestamp};

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

/// Gets certificates and keeps them.
#[derive(Debug)]
pub(crate) struct Acme {
    settings: AcmeSettings,
    /// Where the account and the certificate are kept.
    dir: PathBuf,
    /// What the server shows.
    issued: Arc<Issued>,
    clock: Clock,
}

impl Acme {
    /// What keeps a certificate for these settings in a directory.
    pub(crate) fn new(settings: AcmeSettings, dir: PathBuf, clock: Clock) -> Self {
        Self { settings, dir, issued: Arc::default(), clock }
    }

    /// The certificate in use.
    pub(crate) fn issued(&self) -> Arc<Issued> {
        Arc::clone(&self.issued)
    }

    /// Uses the certificate that is kept, and keeps one in use for ever.
    pub(crate) async fn keep_valid(self) {
        let mut renewal = match kept::read(&self.dir, &self.settings.domains) {
            Ok(Some(kept)) => self.use_it(&kept),
            Ok(None) => None,
            Err(error) => {
                tracing::error!("can't use the certificate that is kept: {error:#}");
                None
            }
        };
        let mut retry = FIRST_RETRY;
        loop {
            self.wait_until(renewal.unwrap_or(Timestamp::MIN)).await;
            match order::certificate(&self.settings, &self.dir, &self.issued).await {
                Ok(kept) => {
                    renewal = self.use_it(&kept);
                    retry = FIRST_RETRY;
                }
                Err(error) => {
                    let names = self.settings.domains.join(", ");
                    tracing::error!(
                        "no certificate for {names}: {error:#}; trying again in {} minutes",
                        retry.as_secs() / 60
                    );
                    tokio::time::sleep(retry).await;
                    retry = (2 * retry).min(LAST_RETRY);
                }
            }
        }
    }

    /// Shows a certificate from now on. Says when to renew it.
    fn use_it(&self, kept: &Kept) -> Option<Timestamp> {
        self.issued.replace(Arc::clone(&kept.certificate));
        let names = self.settings.domains.join(", ");
        tracing::info!("the certificate for {names} is in use, until {:.0}", kept.until);
        Some(kept.renewal())
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
