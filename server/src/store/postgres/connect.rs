//! How the database is reached.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use futures_util::{StreamExt as _, stream};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::{Host, TargetSessionAttrs};
use tokio_postgres::{AsyncMessage, Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_util::task::AbortOnDropHandle;

use super::url::{DatabaseUrl, Parsed};

/// How long to wait for one host, unless the URL says.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How long all hosts together may take to let us in.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// A silent connection is asked whether it is alive after this time.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// Connects to the database.
#[derive(Clone)]
pub(super) struct Connector {
    pub(super) config: Config,
    pub(super) tls: MakeRustlsConnect,
}

/// A connection outside the pool. Dropped, it is closed.
#[derive(Debug)]
pub(super) struct Direct {
    pub(super) client: Client,
    pub(super) task: AbortOnDropHandle<()>,
}

impl Connector {
    pub(super) fn new(url: &DatabaseUrl) -> anyhow::Result<Self> {
        let Parsed { mut config, root_certificates } = url.parse()?;
        if config.get_hosts().is_empty() {
            bail!("the database URL names no host");
        }
        // Of several hosts, the primary.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_application_name().is_none() {
            config.application_name("hallpass");
        }
        config.keepalives_idle(KEEPALIVE).keepalives_interval(KEEPALIVE).keepalives_retries(3);
        Ok(Self { config, tls: MakeRustlsConnect::new(tls(root_certificates.as_deref())?) })
    }

    /// Opens a connection of its own.
    pub(super) async fn connect(&self) -> anyhow::Result<Direct> {
        self.connect_and_listen(|| ()).await
    }

    /// As [`connect`](Self::connect), and calls `notified` at each notification.
    pub(super) async fn connect_and_listen(
        &self,
        notified: impl Fn() + Send + 'static,
    ) -> anyhow::Result<Direct> {
        let failed = || format!("can't connect to the database at {}", self.hosts());
        let connecting = timeout(ANSWER_TIMEOUT, self.config.connect(self.tls.clone()));
        let (client, mut connection) =
            connecting.await.with_context(failed)?.with_context(failed)?;
        let task: JoinHandle<()> = tokio::spawn(async move {
            let mut messages = stream::poll_fn(move |cx| connection.poll_message(cx));
            while let Some(message) = messages.next().await {
                match message {
                    Ok(AsyncMessage::Notification(_)) => notified(),
                    Ok(_) => {}
                    Err(error) => {
                        tracing::debug!("a connection to the database has ended: {error}");
                        return;
                    }
                }
            }
        });
        Ok(Direct { client, task: AbortOnDropHandle::new(task) })
    }

    /// The hosts, to be shown.
    fn hosts(&self) -> String {
        let hosts = self.config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        });
        hosts.collect::<Vec<_>>().join(", ")
    }
}

/// TLS with verified certificates: against those in the file, or else the system's.
fn tls(root_certificates: Option<&Path>) -> anyhow::Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder: ConfigBuilder<ClientConfig, WantsVerifier> = builder?;
    let builder = match root_certificates {
        Some(path) => builder.with_root_certificates(certificates(path)?),
        None => builder.with_platform_verifier().context("can't read the system's certificates")?,
    };
    Ok(builder.with_no_client_auth())
}

fn certificates(path: &Path) -> anyhow::Result<RootCertStore> {
    let failed = || format!("can't read the certificates of {}", path.display());
    let pem = fs::read(path).with_context(failed)?;
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        store.add(certificate.with_context(failed)?).with_context(failed)?;
    }
    ensure!(!store.is_empty(), "there are no certificates in {}", path.display());
    Ok(store)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(&file, "no certificate").unwrap();
        let refused = format!("{:#}", tls(Some(file.path())).unwrap_err());
        assert!(refused.contains("no certificates in"), "{refused}");
    }
}
