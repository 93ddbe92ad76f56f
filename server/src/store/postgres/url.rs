use std::path::PathBuf;

use anyhow::Context as _;
use hallpass_contract::Secret;
use tokio_postgres::Config;

/// Where a database is, and as whom to use it. It may hold a password, so it is never shown.
#[derive(Clone, Debug)]
pub struct DatabaseUrl(Secret);

impl From<&str> for DatabaseUrl {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

/// What a URL says.
pub(super) struct Parsed {
    pub(super) config: Config,
    /// A file of certificates to trust instead of the system's.
    pub(super) root_certificates: Option<PathBuf>,
}

impl DatabaseUrl {
    pub(super) fn parse(&self) -> anyhow::Result<Parsed> {
        let text = self.0.expose();
        let (before, query) = text.split_once('?').unwrap_or((text, ""));
        let (mut kept, mut root_certificates) = (Vec::new(), None);
        for setting in query.split('&').filter(|setting| !setting.is_empty()) {
            match setting.split_once('=') {
                Some(("sslrootcert", path)) => root_certificates = Some(decoded(path)?.into()),
                // Certificates are always verified, so these say no more than `require`.
                Some(("sslmode", "verify-full" | "verify-ca")) => kept.push("sslmode=require"),
                _ => kept.push(setting),
            }
        }
        let text = format!("{before}?{}", kept.join("&"));
        let config = text.parse().context("the database URL makes no sense")?;
        Ok(Parsed { config, root_certificates })
    }
}

fn decoded(text: &str) -> anyhow::Result<String> {
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
    Ok(decoded.context("sslrootcert of the database URL is not UTF-8 text")?.into_owned())
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::SslMode;

    use super::*;

    #[test]
    fn a_url_names_hosts_certificates_and_how_to_use_tls() {
        let url = "postgres://ada:secret@a:5432,b:5433/hallpass?sslmode=verify-full\
                   &sslrootcert=/etc/my%20ca.pem&application_name=x";
        let parsed = DatabaseUrl::from(url).parse().unwrap();
        assert_eq!(parsed.config.get_hosts().len(), 2);
        assert_eq!(parsed.config.get_ports(), [5432, 5433]);
        assert_eq!(parsed.config.get_ssl_mode(), SslMode::Require);
        assert_eq!(parsed.config.get_application_name(), Some("x"));
        assert_eq!(parsed.root_certificates, Some("/etc/my ca.pem".into()));
    }

    #[test]
    fn no_password_is_shown_whatever_is_wrong() {
        for url in ["postgres://ada:secret@a:port/x", "postgres://ada:secret@a/x?what=secret"] {
            let url = DatabaseUrl::from(url);
            let error = url.parse().map(|_| ()).unwrap_err();
            assert!(!format!("{url:?} {error:#} {error:?}").contains("secret"), "{error:#}");
        }
    }
}
