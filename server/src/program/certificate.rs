//! The certificate of a running server: read at the start and again when it changes, or ordered.

use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use rustls::server::ResolvesServerCert;

use crate::acme::Acme;
use crate::clock::Clock;
use crate::config::{CertificateSource, Config};
use crate::signals::Hangup;
use crate::tls::Certificate;

/// How often the certificate's files are looked at. A change counts once it is this old.
const LOOK_PERIOD: Duration = Duration::from_secs(2);

/// Where the server's certificate comes from.
pub(super) enum Source {
    /// Files that somebody else writes.
    Files(Arc<Certificate>),
    /// An ACME authority.
    Acme(Acme),
    /// There is none: the server speaks plain http.
    Nowhere,
}

impl Source {
    /// What the settings name.
    pub(super) fn of(config: &Config, clock: Clock) -> anyhow::Result<Self> {
        Ok(match config.tls.source()? {
            Some(CertificateSource::Files(files)) => {
                Self::Files(Arc::new(Certificate::read(files)?))
            }
            Some(CertificateSource::Acme(settings)) => {
                ensure!(
                    config.database.database_url.is_none(),
                    "--acme-domain is for one server alone; of several, the authority would reach \
                     another one. Have the balancer in front speak https"
                );
                Self::Acme(Acme::new(settings, config.data_dir.join("acme"), clock)?)
            }
            None => Self::Nowhere,
        })
    }

    /// What to show to whom connects.
    pub(super) fn resolver(&self) -> Option<Arc<dyn ResolvesServerCert>> {
        match self {
            Self::Files(certificate) => Some(Arc::clone(certificate) as Arc<_>),
            Self::Acme(acme) => Some(acme.issued()),
            Self::Nowhere => None,
        }
    }

    /// Keeps the certificate up to date for ever.
    pub(super) async fn keep(self, hangup: Hangup) {
        match self {
            Self::Files(certificate) => read_again(hangup, certificate).await,
            Self::Acme(acme) => {
                tokio::join!(acme.keep_valid(), nothing_to_read(hangup));
            }
            Self::Nowhere => nothing_to_read(hangup).await,
        }
    }
}

async fn nothing_to_read(mut hangup: Hangup) {
    loop {
        hangup.next().await;
        tracing::info!("SIGHUP: nothing is read again; settings change with a restart");
    }
}

/// Reads the certificate again at SIGHUP, and when its files have changed.
async fn read_again(mut hangup: Hangup, certificate: Arc<Certificate>) {
    let mut looks = tokio::time::interval(LOOK_PERIOD);
    loop {
        let is_asked = tokio::select! {
            () = hangup.next() => true,
            _ = looks.tick() => false,
        };
        let certificate = Arc::clone(&certificate);
        // The disk may be slow.
        let read =
            move || (is_asked || certificate.has_changed()).then(|| certificate.read_again());
        match tokio::task::spawn_blocking(read).await {
            Ok(Some(Ok(()))) => tracing::info!("the TLS certificate was read again and is in use"),
            Ok(Some(Err(error))) => {
                tracing::error!("the TLS certificate in use stays in use: {error:#}");
            }
            Ok(None) | Err(_) => {}
        }
    }
}
