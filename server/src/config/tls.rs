use std::path::PathBuf;

use anyhow::bail;
use clap::Args;

/// The certificate with which the server itself speaks https.
#[derive(Args, Clone, Debug, Default)]
pub struct TlsArgs {
    /// File with the server's certificate and its intermediates, in PEM form. With it, the server
    /// speaks https (HTTP/1.1 and HTTP/2). It is read again when it changes, and at SIGHUP
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,

    /// File with the private key of --tls-cert, in PEM form and not encrypted
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
}

/// Where the certificate and its key are.
#[derive(Clone, Debug)]
pub struct CertificateFiles {
    /// The certificate and its intermediates.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl TlsArgs {
    /// Where the certificate and its key are. None if the server speaks plain http.
    ///
    /// # Errors
    ///
    /// If one of the two is given without the other.
    pub fn files(&self) -> anyhow::Result<Option<CertificateFiles>> {
        match (&self.tls_cert, &self.tls_key) {
            (Some(cert), Some(key)) => {
                Ok(Some(CertificateFiles { cert: cert.clone(), key: key.clone() }))
            }
            (Some(_), None) => bail!("--tls-cert needs its private key; give it with --tls-key"),
            (None, Some(_)) => bail!("--tls-key needs its certificate; give it with --tls-cert"),
            (None, None) => Ok(None),
        }
    }
}
