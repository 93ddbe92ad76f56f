//! The certificate as it is kept on the disk.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use jiff::{SignedDuration, Timestamp};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::config::AcmeSettings;
use crate::data_dir;

/// A certificate with its key.
pub(super) struct Kept {
    pub certificate: Arc<CertifiedKey>,
    since: Timestamp,
    pub until: Timestamp,
}

impl Kept {
    /// Reads a chain and its key, in PEM form.
    fn parse(pem: &[u8]) -> anyhow::Result<(Self, Vec<String>)> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>()?;
        let key = PrivateKeyDer::from_pem_slice(pem)?;
        let first = chain.first().context("there is no certificate")?;
        let (_, parsed) = X509Certificate::from_der(first)?;
        let time = |time: x509_parser::time::ASN1Time| Timestamp::from_second(time.timestamp());
        let (since, until) =
            (time(parsed.validity().not_before)?, time(parsed.validity().not_after)?);
        let names = names(&parsed);
        let certificate = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())?;
        Ok((Self { certificate: Arc::new(certificate), since, until }, names))
    }

    /// For how long it is good.
    pub(super) fn lifetime(&self) -> SignedDuration {
        self.until.duration_since(self.since).max(SignedDuration::ZERO)
    }

    /// When to renew it: once two thirds of its time are over.
    pub(super) fn renewal(&self) -> Timestamp {
        self.until.checked_sub(self.lifetime() / 3).unwrap_or(self.until)
    }
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(names)) = certificate.subject_alternative_name() else { return Vec::new() };
    let of_host = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
        _ => None,
    };
    names.value.general_names.iter().filter_map(of_host).collect()
}

fn path(dir: &Path) -> PathBuf {
    dir.join("certificate.pem")
}

/// What stands before the certificate: who issued it. Text outside of the PEM blocks is ignored
/// (RFC 7468 section 2).
fn heading(settings: &AcmeSettings) -> String {
    format!("Issued by way of {}\n", settings.directory)
}

/// The certificate that is kept, if it is there, comes from this authority, and is for all of these
/// names.
pub(super) fn read(dir: &Path, settings: &AcmeSettings) -> anyhow::Result<Option<Kept>> {
    let path = path(dir);
    let pem = match fs::read(&path) {
        Ok(pem) => pem,
        Err(missing) if missing.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(anyhow!(error).context(format!("can't read {}", path.display()))),
    };
    let broken = || format!("{} is broken; another one will be ordered", path.display());
    let (kept, names) = Kept::parse(&pem).with_context(broken)?;
    let is_theirs = pem.starts_with(heading(settings).as_bytes());
    let has_all = settings.domains.iter().all(|domain| names.contains(domain));
    Ok((is_theirs && has_all).then_some(kept))
}

/// Keeps a chain and its key, which come in PEM form. If the disk fails, it is good all the same
/// until the server ends: another one would count with the authority.
pub(super) fn write(
    dir: &Path,
    settings: &AcmeSettings,
    chain: &str,
    key: &str,
) -> anyhow::Result<Kept> {
    let pem = [&heading(settings), chain.trim_end(), "\n", key.trim_end(), "\n"].concat();
    let (kept, _) = Kept::parse(pem.as_bytes()).context("the authority's certificate is broken")?;
    let written =
        data_dir::replace_whole(&path(dir), |mut file| Ok(file.write_all(pem.as_bytes())?));
    if let Err(error) = written {
        tracing::error!(
            "the new certificate is used, but the next start will not find it: {error:#}"
        );
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn settings(directory: &str, names: &[&str]) -> AcmeSettings {
        let domains = names.iter().map(|&name| name.to_owned()).collect();
        AcmeSettings { domains, contact: None, directory: directory.to_owned(), ca: None }
    }

    fn written(dir: &Path, names: &[&str]) -> Kept {
        let key = KeyPair::generate().unwrap();
        let settings = settings("https://ca.test/", names);
        let mut params = CertificateParams::new(settings.domains.clone()).unwrap();
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2026, 4, 1);
        let chain = params.self_signed(&key).unwrap().pem();
        write(dir, &settings, &chain, &key.serialize_pem()).unwrap()
    }

    #[test]
    fn a_certificate_is_renewed_after_two_thirds_of_its_time() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(written(dir.path(), &["a.test"]).renewal().to_string(), "2026-03-02T00:00:00Z");
    }

    #[test]
    fn what_is_kept_is_used_if_it_has_all_the_names_and_comes_from_this_authority() {
        let dir = tempfile::tempdir().unwrap();
        let of = |directory: &str, names: &[&str]| {
            read(dir.path(), &settings(directory, names)).map(|kept| kept.is_some())
        };
        let read = |names: &[&str]| of("https://ca.test/", names);
        assert!(!read(&["a.test"]).unwrap());
        written(dir.path(), &["a.test", "b.test"]);
        assert!(read(&["b.test", "a.test"]).unwrap() && read(&["a.test"]).unwrap());
        assert!(!read(&["a.test", "c.test"]).unwrap());
        assert!(!of("https://staging.ca.test/", &["a.test"]).unwrap());
        fs::write(path(dir.path()), "no certificate").unwrap();
        assert!(read(&["a.test"]).is_err());
    }
}
