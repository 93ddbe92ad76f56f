//! TLS: the server's certificate, and how it is replaced while the server runs.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

use self::files::Print;
use crate::config::CertificateFiles;

mod files;

/// The name of HTTP/2 in ALPN (RFC 9113 section 3.1).
pub(crate) const ALPN_HTTP2: &[u8] = b"h2";

/// The protocol by which an ACME authority asks for the answer to its challenge (RFC 8737
/// section 4). Nothing is said over it.
pub(crate) const ALPN_ACME: &[u8] = b"acme-tls/1";

/// The certificate with its key. It is read again when its files change.
#[derive(Debug)]
pub struct Certificate {
    files: CertificateFiles,
    current: ArcSwap<CertifiedKey>,
    seen: Mutex<Seen>,
}

/// How the files were.
#[derive(Debug)]
struct Seen {
    /// When they were last read.
    read: Print,
    /// At the last look.
    last: Print,
}

impl Certificate {
    /// Reads the certificate and its key.
    ///
    /// # Errors
    ///
    /// If a file can't be read, or the key does not belong to the certificate.
    pub fn read(files: CertificateFiles) -> anyhow::Result<Self> {
        let print = files.print();
        files.warn_if_everybody_can_read();
        let current = ArcSwap::from_pointee(files.read()?);
        let seen = Mutex::new(Seen { read: print.clone(), last: print });
        Ok(Self { files, current, seen })
    }

    /// Reads the files again. New connections get the new certificate.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read). The certificate in use stays in use.
    pub fn read_again(&self) -> anyhow::Result<()> {
        let print = self.files.print();
        *self.seen() = Seen { read: print.clone(), last: print };
        self.current.store(Arc::new(self.files.read()?));
        Ok(())
    }

    /// Whether the files have changed since they were read, and did not change since the last look.
    /// Somebody who replaces one file and then the other is not interrupted.
    pub fn has_changed(&self) -> bool {
        let now = self.files.print();
        let mut seen = self.seen();
        let is_settled = seen.last == now;
        let has_changed = seen.read != now;
        seen.last = now;
        has_changed && is_settled
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

/// Accepts TLS 1.2 and 1.3 with this certificate, for HTTP/2, HTTP/1.1 and an ACME authority.
///
/// # Errors
///
/// If the library of ciphers can't be used.
pub fn acceptor(certificate: Arc<dyn ResolvesServerCert>) -> anyhow::Result<TlsAcceptor> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth();
    let mut config = config.with_cert_resolver(certificate);
    config.alpn_protocols = [ALPN_HTTP2, b"http/1.1", ALPN_ACME].map(<[u8]>::to_vec).to_vec();
    // Sessions resume without a table of them that somebody could fill.
    config.ticketer = aws_lc_rs::Ticketer::new()?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[cfg(test)]
mod tests;
