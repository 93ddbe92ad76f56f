//! The server as people see it: under which address, with which pages.

use std::net::SocketAddr;
use std::sync::OnceLock;

use hallpass_contract::{page, path};
use http::{HeaderMap, HeaderValue};

use crate::assets::Assets;
use crate::config::Config;
use crate::content_policy;
use crate::oauth::metadata_path;
use crate::openapi::Documents;
use crate::public_url::PublicUrl;
use crate::refresh_cookie::RefreshCookie;
use crate::same_origin::{self, Reached};

/// What is at the top of the host, wherever the rest of the server is: what an orchestrator asks,
/// and what password managers look for (RFC 8615).
const AT_THE_TOP: [&str; 3] = [path::HEALTHZ, path::READYZ, path::CHANGE_PASSWORD];

/// What pages, links and documents need.
#[derive(Debug)]
pub struct Site {
    /// The address under which people see the server; without it, the one they called it by.
    pub public_url: Option<PublicUrl>,
    /// Whether people reach the server by https.
    pub over_https: bool,
    /// Whether browsers are told to never use plain http. A server on loopback shares its name with
    /// other programs of the machine, so there they are not.
    pub strict_transport: bool,
    /// The `iss` claim of tokens.
    pub issuer: String,
    /// Where programs find the server's metadata that know the issuer, if it has a path.
    pub metadata_path: Option<String>,
    /// What links that are sent to people begin with; none if no such address is known.
    pub link_address: Option<String>,
    /// The cookie that carries the refresh token.
    pub refresh_cookie: RefreshCookie,
    /// The origins of the sites whose pages are guarded.
    pub guarded: Vec<String>,
    /// The origins beside our own to which the frontend may send the access token.
    pub token_origins: Vec<String>,
    /// The paths to which it never does.
    pub no_token_paths: Vec<String>,
    /// What the frontend's pages may load, and where they may connect.
    pub frontend_policy: HeaderValue,
    /// The frontend's files.
    pub assets: Assets,
    /// What describes the API; made with the routes.
    pub documents: OnceLock<Documents>,
}

impl Site {
    /// The site that `config` describes.
    ///
    /// # Errors
    ///
    /// If an origin is not ASCII.
    pub fn new(config: &Config, assets: Assets) -> anyhow::Result<Self> {
        let token_origins = config.interceptor.origins();
        let frontend_policy = content_policy::connecting_to(&token_origins)?;
        let base = config.public_url.as_ref().map_or("", PublicUrl::base);
        let assets = assets.below(base);
        Ok(Self {
            public_url: config.public_url.clone(),
            over_https: config.over_https(),
            strict_transport: config.over_https(),
            metadata_path: metadata_path(&config.issuer()),
            issuer: config.issuer(),
            link_address: config.public_url.as_ref().map(PublicUrl::to_string),
            refresh_cookie: RefreshCookie::below(base),
            guarded: config.guard.origins(),
            no_token_paths: config.interceptor.excluded(),
            assets: if token_origins.is_empty() { assets } else { assets.under(&frontend_policy) },
            token_origins,
            frontend_policy,
            documents: OnceLock::new(),
        })
    }

    /// How browsers reach the server.
    pub fn reached(&self) -> Reached<'_> {
        let public_origin = self.public_url.as_ref().map(PublicUrl::origin);
        Reached { public_origin, over_https: self.over_https }
    }

    /// The path below which the server is, such as `/auth`. Empty if it has the whole host.
    pub fn base(&self) -> &str {
        self.public_url.as_ref().map_or("", PublicUrl::base)
    }

    /// The address by which this client reaches the server, without a slash at its end.
    pub fn address(&self, headers: &HeaderMap) -> Option<String> {
        Some(same_origin::own_origin(headers, self.reached())? + self.base())
    }

    /// The part of a request's path that the routes know: what is below the server's own path. A
    /// proxy passes that path on, so that each endpoint has one address alone. What has its place
    /// at the top of a host is found there, too. None for every other path.
    pub fn within<'p>(&self, path: &'p str) -> Option<&'p str> {
        let base = self.base();
        if base.is_empty() || AT_THE_TOP.contains(&path) || path == self.metadata_at_the_top() {
            return Some(path);
        }
        match path.strip_prefix(base)? {
            "" => Some(page::HOME),
            below => below.starts_with('/').then_some(below),
        }
    }

    /// Where programs look for the metadata that know the issuer (RFC 8414 section 3).
    fn metadata_at_the_top(&self) -> &str {
        self.metadata_path.as_deref().unwrap_or(path::METADATA)
    }

    /// Takes note of the addresses that the server listens on; none stands for a socket, behind
    /// which there is a proxy. Links can lead to the first one if all are loopback and no public
    /// URL is set.
    pub fn listening_on(&mut self, addresses: &[Option<SocketAddr>]) {
        if self.link_address.is_none() {
            let own = |address: &Option<_>| same_origin::of_loopback((*address)?, self.over_https);
            let own: Option<Vec<_>> = addresses.iter().map(own).collect();
            self.link_address = own.and_then(|own| own.into_iter().next());
            self.strict_transport &= self.link_address.is_none();
        }
    }
}
