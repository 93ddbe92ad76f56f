//! The files of a certificate and its key.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::{Context as _, anyhow, bail, ensure};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{Error as PemError, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};

use crate::config::CertificateFiles;

/// What tells two versions of the files apart: device, inode, size and time of change of each.
pub(super) type Print = Vec<Option<(u64, u64, u64, i64, i64)>>;

impl CertificateFiles {
    /// How the files are now. Symbolic links are followed, since many tools replace them.
    pub(super) fn print(&self) -> Print {
        let print = |path| {
            let it = fs::metadata(path).ok()?;
            Some((it.dev(), it.ino(), it.size(), it.mtime(), it.mtime_nsec()))
        };
        [&self.cert, &self.key].into_iter().map(print).collect()
    }

    pub(super) fn warn_if_everybody_can_read(&self) {
        let mode = fs::metadata(&self.key).map_or(0, |metadata| metadata.mode());
        if mode & 0o007 != 0 {
            let path = self.key.display();
            tracing::warn!(%path, "everybody on this machine can read the TLS key; chmod 640 it");
        }
    }

    /// Reads both, and checks that they belong together.
    pub(super) fn read(&self) -> anyhow::Result<CertifiedKey> {
        let (chain, key) = (certificates(&self.cert)?, private_key(&self.key)?);
        let (cert_path, key_path) = (self.cert.display(), self.key.display());
        CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()).map_err(|error| {
            match error {
                Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => anyhow!(
                    "the key in --tls-key {key_path} does not belong to the certificate in \
                     --tls-cert {cert_path}; the server's own certificate has to stand first there"
                ),
                Error::InvalidCertificate(_) => {
                    anyhow!("can't use the certificate in --tls-cert {cert_path}: {error}")
                }
                error => anyhow!("can't use the key in --tls-key {key_path}: {error}"),
            }
        })
    }
}

fn certificates(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let text = read("--tls-cert", path)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let chain = chain.map_err(|error| broken("--tls-cert", path, &error))?;
    ensure!(
        !chain.is_empty(),
        "--tls-cert {} holds no certificate in PEM form; give a file with -----BEGIN CERTIFICATE-----",
        path.display()
    );
    Ok(chain)
}

fn private_key(path: &Path) -> anyhow::Result<PrivateKeyDer<'static>> {
    let text = read("--tls-key", path)?;
    match PrivateKeyDer::from_pem_slice(&text) {
        Ok(key) => Ok(key),
        Err(PemError::NoItemsFound) if is_encrypted(&text) => bail!(
            "the key in --tls-key {} is encrypted; decrypt it with `openssl pkey -in FILE -out FILE`",
            path.display()
        ),
        Err(PemError::NoItemsFound) => bail!(
            "--tls-key {} holds no private key in PEM form; give a file with -----BEGIN PRIVATE KEY-----",
            path.display()
        ),
        Err(error) => Err(broken("--tls-key", path, &error)),
    }
}

fn read(flag: &str, path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("can't read {flag} {}", path.display()))
}

fn broken(flag: &str, path: &Path, error: &PemError) -> anyhow::Error {
    // The library's messages quote no key.
    anyhow!("{flag} {} is broken: {error}", path.display())
}

fn is_encrypted(text: &[u8]) -> bool {
    String::from_utf8_lossy(text).contains("ENCRYPTED")
}
