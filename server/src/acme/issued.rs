//! What the server shows to whom connects.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::tls::ALPN_ACME;

/// The certificate in use, and the answers to an authority's challenges.
#[derive(Debug, Default)]
pub(crate) struct Issued {
    current: ArcSwapOption<CertifiedKey>,
    /// By the name that is challenged.
    answers: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl Issued {
    pub(super) fn replace(&self, certificate: Arc<CertifiedKey>) {
        self.current.store(Some(certificate));
    }

    pub(super) fn answer(&self, name: String, certificate: CertifiedKey) {
        self.answers().insert(name, Arc::new(certificate));
    }

    pub(super) fn forget_answers(&self) {
        self.answers().clear();
    }

    fn answers(&self) -> MutexGuard<'_, HashMap<String, Arc<CertifiedKey>>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResolvesServerCert for Issued {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let is_challenge = hello.alpn().is_some_and(|protocols| protocols.eq([ALPN_ACME]));
        if is_challenge {
            return self.answers().get(&hello.server_name()?.to_ascii_lowercase()).cloned();
        }
        self.current.load_full()
    }
}
