//! The server as people see it: under which address, with which pages.

use std::net::SocketAddr;
use std::sync::OnceLock;

use http::HeaderValue;

use crate::assets::Assets;
use crate::config::Config;
use crate::content_policy;
use crate::oauth::metadata_path;
use crate::openapi::Documents;
use crate::same_origin::{self, Reached};

/// What pages, links and documents need.
#[derive(Debug)]
pub struct Site {
    /// The origin under which people see the server; without it, the one they called it by.
    pub public_url: Option<String>,
    /// Whether people reach the server by https.
    pub over_https: bool,
    /// Whether browsers are told to never use plain http. A server on loopback shares its name with
    /// other programs of the machine, so there they are not.
    pub strict_transport: bool,
    /// The `iss` claim of tokens.
    pub issuer: String,
    /// Where programs find the server's metadata that know the issuer, if it has a path.
    pub metadata_path: Option<String>,
    /// What links that are sent to people begin with; none if no such origin is known.
    pub link_origin: Option<String>,
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
        Ok(Self {
            public_url: config.public_url.clone(),
            over_https: config.over_https(),
            strict_transport: config.over_https(),
            metadata_path: metadata_path(&config.issuer()),
            issuer: config.issuer(),
            link_origin: config.public_url.clone(),
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
        Reached { public_url: self.public_url.as_deref(), over_https: self.over_https }
    }

    /// Takes note of the addresses that the server listens on; none stands for a socket, behind
    /// which there is a proxy. Links can lead to the first one if all are loopback and no public
    /// URL is set.
    pub fn listening_on(&mut self, addresses: &[Option<SocketAddr>]) {
        if self.link_origin.is_none() {
            let own = |address: &Option<_>| same_origin::of_loopback((*address)?, self.over_https);
            let own: Option<Vec<_>> = addresses.iter().map(own).collect();
            self.link_origin = own.and_then(|own| own.into_iter().next());
            self.strict_transport &= self.link_origin.is_none();
        }
    }
}
