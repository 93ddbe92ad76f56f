use anyhow::{bail, ensure};
use clap::Args;
use url::{Host, Url};

use super::list::{List, list};
use super::values::origin;

/// The sites whose pages the server guards, for proxies that ask it.
#[derive(Args, Clone, Debug, Default)]
pub struct GuardArgs {
    /// The origin of a site whose pages a proxy guards by asking /api/guard or /api/guard-redirect,
    /// such as `https://wiki.example`. Whoever is signed in here may see them. Needs --public-url.
    /// Repeat the option, or separate origins by commas, spaces or line ends
    #[arg(long, value_name = "URL", value_parser = |text: &str| list(text, origin))]
    pub guard_origin: Vec<List<String>>,
}

impl GuardArgs {
    /// The origins of the guarded sites.
    pub fn origins(&self) -> Vec<String> {
        List::flat(&self.guard_origin).cloned().collect()
    }

    /// Checks that browsers can be sent to the sign-in page, and that they keep the cookie.
    ///
    /// # Errors
    ///
    /// If one of both is not so, or a service could take the cookie for an access token.
    pub fn check(&self, public_origin: Option<&str>, audience: &str) -> anyhow::Result<()> {
        let origins = self.origins();
        ensure!(
            !origins.iter().any(|origin| origin == audience),
            "--guard-origin {audience} is the --audience, too: services would take the guard's \
             cookie for an access token"
        );
        ensure!(
            origins.is_empty() || public_origin.is_some(),
            "--guard-origin needs --public-url, since browsers are sent there to sign in"
        );
        for origin in origins {
            if !is_secure(&origin) {
                bail!("--guard-origin {origin}: browsers keep the guard's cookie only under https");
            }
        }
        Ok(())
    }
}

/// Whether browsers keep cookies of this origin that are marked `Secure`.
fn is_secure(origin: &str) -> bool {
    let Ok(url) = Url::parse(origin) else { return false };
    url.scheme() == "https"
        || match url.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn check(args: &[&str]) -> Result<(), String> {
        let config = Config::without_environment(args).unwrap();
        config
            .guard
            .check(config.public_origin(), &config.tokens.audience)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn guarded_sites_need_a_sign_in_page_and_cookies() {
        let login = ["--public-url", "https://login.example"];
        let same = ["--guard-origin", "https://a.example", "--audience", "https://a.example"];
        assert!(check(&[&login[..], &same].concat()).unwrap_err().contains("--audience"));
        assert_eq!(check(&[]), Ok(()));
        assert!(
            check(&["--guard-origin", "https://a.example"]).unwrap_err().contains("--public-url")
        );
        for (origin, keeps_cookies) in [
            ("https://wiki.example", true),
            ("http://localhost:9000", true),
            ("http://wiki.localhost", true),
            ("http://127.0.0.1:9000,https://wiki.example:8443", true),
            ("http://[::1]:9000", true),
            ("http://wiki.example", false),
            ("https://wiki.example http://10.0.0.1", false),
        ] {
            let found = check(&[&login[..], &["--guard-origin", origin]].concat());
            assert_eq!(found.is_ok(), keeps_cookies, "{origin}: {found:?}");
        }
    }
}
