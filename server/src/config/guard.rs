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
    /// If one of both is not so.
    pub fn check(&self, public_url: Option<&str>) -> anyhow::Result<()> {
        let origins = self.origins();
        ensure!(
            origins.is_empty() || public_url.is_some(),
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
