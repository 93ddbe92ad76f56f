use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use url::{Host, Url};

use super::list::{List, list};

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

    /// The server gets a certificate for this name from an ACME authority, renews it, and speaks
    /// https. The authority must reach the server under this name on port 443. You agree to the
    /// authority's terms of service. Can be repeated
    #[arg(long, value_name = "NAME", value_parser = domains)]
    pub acme_domain: Vec<List<String>>,

    /// Mail address that the ACME authority may write to
    #[arg(long, value_name = "ADDRESS", value_parser = mail_address)]
    pub acme_contact: Option<String>,

    /// Address of the ACME authority's directory
    #[arg(long, value_name = "URL", default_value = LETS_ENCRYPT, value_parser = directory)]
    pub acme_directory: String,

    /// File with a root certificate, in PEM form, for the connection to the ACME authority; without
    /// it, the roots of this machine count
    #[arg(long, value_name = "FILE")]
    pub acme_ca: Option<PathBuf>,
}

/// <https://letsencrypt.org/getting-started/>
const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

/// Where the server has its certificate from.
#[derive(Clone, Debug)]
pub enum CertificateSource {
    /// Somebody puts it there.
    Files(CertificateFiles),
    /// The server orders it.
    Acme(AcmeSettings),
}

/// Which certificate to order, and from whom.
#[derive(Clone, Debug)]
pub struct AcmeSettings {
    /// The names that it is for, in lower case.
    pub domains: Vec<String>,
    /// Whom the authority may write to.
    pub contact: Option<String>,
    /// The address of the authority's directory.
    pub directory: String,
    /// Who signs the authority's own certificate.
    pub ca: Option<PathBuf>,
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
    /// Whether the server speaks https.
    pub fn is_on(&self) -> bool {
        self.tls_cert.is_some() || List::flat(&self.acme_domain).next().is_some()
    }

    /// Where the certificate comes from. None if the server speaks plain http.
    ///
    /// # Errors
    ///
    /// If the settings contradict each other.
    pub fn source(&self) -> anyhow::Result<Option<CertificateSource>> {
        let domains: Vec<_> = List::flat(&self.acme_domain).cloned().collect();
        match self.files()? {
            Some(_) if !domains.is_empty() => {
                bail!("--acme-domain orders a certificate, so --tls-cert has to be left out")
            }
            Some(files) => Ok(Some(CertificateSource::Files(files))),
            None if domains.is_empty() => Ok(None),
            None => Ok(Some(CertificateSource::Acme(AcmeSettings {
                domains,
                contact: self.acme_contact.clone(),
                directory: self.acme_directory.clone(),
                ca: self.acme_ca.clone(),
            }))),
        }
    }

    fn files(&self) -> anyhow::Result<Option<CertificateFiles>> {
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

fn domains(text: &str) -> Result<List<String>, String> {
    list(text, domain)
}

fn domain(text: &str) -> Result<String, String> {
    let wanted = || "give a name such as login.example.com, without wildcards".to_owned();
    match Host::parse(text) {
        Ok(Host::Domain(name)) if !name.contains('*') => Ok(name),
        _ => Err(wanted()),
    }
}

fn mail_address(text: &str) -> Result<String, String> {
    let is_address = |(local, domain): (&str, &str)| !local.is_empty() && !domain.is_empty();
    let is_one = text.split_once('@').is_some_and(is_address)
        && !text.contains(|it: char| it.is_whitespace() || it.is_control() || ",?".contains(it));
    is_one.then(|| text.to_owned()).ok_or_else(|| "give one address such as a@example.com".into())
}

fn directory(text: &str) -> Result<String, String> {
    let url = Url::parse(text).ok().filter(|url| url.scheme() == "https");
    url.map(|_| text.to_owned()).ok_or_else(|| "give an address that begins with https://".into())
}
