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

    /// When to renew it: once two thirds of its time are over.
    pub(super) fn renewal(&self) -> Timestamp {
        let lifetime = self.until.duration_since(self.since).max(SignedDuration::ZERO);
        self.until.checked_sub(lifetime / 3).unwrap_or(self.until)
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

/// The certificate that is kept, if it is there and is for all of these names.
pub(super) fn read(dir: &Path, domains: &[String]) -> anyhow::Result<Option<Kept>> {
    let path = path(dir);
    let pem = match fs::read(&path) {
        Ok(pem) => pem,
        Err(missing) if missing.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(anyhow!(error).context(format!("can't read {}", path.display()))),
    };
    let broken = || format!("{} is broken; another one will be ordered", path.display());
    let (kept, names) = Kept::parse(&pem).with_context(broken)?;
    Ok(domains.iter().all(|domain| names.contains(domain)).then_some(kept))
}

/// Keeps a chain and its key, which come in PEM form.
pub(super) fn write(dir: &Path, chain: &str, key: &str) -> anyhow::Result<Kept> {
    let pem = [chain.trim_end(), "\n", key.trim_end(), "\n"].concat();
    let (kept, _) = Kept::parse(pem.as_bytes()).context("the authority's certificate is broken")?;
    data_dir::replace_whole(&path(dir), |mut file| Ok(file.write_all(pem.as_bytes())?))?;
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn written(dir: &Path, names: &[&str]) -> Kept {
        let key = KeyPair::generate().unwrap();
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2026, 4, 1);
        let chain = params.self_signed(&key).unwrap().pem();
        write(dir, &chain, &key.serialize_pem()).unwrap()
    }

    #[test]
    fn a_certificate_is_renewed_after_two_thirds_of_its_time() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(written(dir.path(), &["a.test"]).renewal().to_string(), "2026-03-02T00:00:00Z");
    }

    #[test]
    fn what_is_kept_is_used_if_it_has_all_the_names() {
        let dir = tempfile::tempdir().unwrap();
        let read = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
            read(dir.path(), &names).map(|kept| kept.is_some())
        };
        assert!(!read(&["a.test"]).unwrap());
        written(dir.path(), &["a.test", "b.test"]);
        assert!(read(&["b.test", "a.test"]).unwrap() && read(&["a.test"]).unwrap());
        assert!(!read(&["a.test", "c.test"]).unwrap());
        fs::write(path(dir.path()), "no certificate").unwrap();
        assert!(read(&["a.test"]).is_err());
    }
}
