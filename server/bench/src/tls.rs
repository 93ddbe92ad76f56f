//! TLS: a certificate for the servers, and how the load's clients speak it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use rcgen::CertifiedKey;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::version::TLS13;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

/// The name in the certificate.
pub const NAME: &str = "localhost";

/// How many sessions a client may keep to resume them.
const SESSIONS: usize = 256;

/// A certificate that signs itself, with a P-256 key, in two PEM files.
#[derive(Debug)]
pub struct Certificate {
    /// The certificate's file.
    pub cert: PathBuf,
    /// The key's file.
    pub key: PathBuf,
    der: CertificateDer<'static>,
}

impl Certificate {
    /// Makes one in this directory.
    ///
    /// # Errors
    ///
    /// If it can't be made or written.
    pub fn make(dir: &Path) -> anyhow::Result<Self> {
        let CertifiedKey { cert: made, signing_key } =
            rcgen::generate_simple_self_signed([NAME.to_owned()])?;
        let (cert, key) = (dir.join("cert.pem"), dir.join("key.pem"));
        fs::write(&cert, made.pem()).context("can't write the certificate")?;
        fs::write(&key, signing_key.serialize_pem()).context("can't write its key")?;
        Ok(Self { cert, key, der: made.der().clone() })
    }

    /// A client that checks the certificate and its signature, as every client should.
    ///
    /// # Errors
    ///
    /// If the library of ciphers can't be used.
    pub fn careful_client(&self) -> anyhow::Result<Arc<ClientConfig>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone())?;
        let config = builder()?.with_root_certificates(roots).with_no_client_auth();
        Ok(http1(config, Resumption::disabled()))
    }

    /// A client that makes load. It knows the certificate by its bytes and does not check the
    /// signature: that takes longer than to sign, and the load must not be the bottleneck. Each of
    /// these has its own sessions to resume.
    ///
    /// # Errors
    ///
    /// If the library of ciphers can't be used.
    pub fn load_client(&self, resumes: bool) -> anyhow::Result<Arc<ClientConfig>> {
        let known = Arc::new(Known(self.der.clone()));
        let config = builder()?.dangerous().with_custom_certificate_verifier(known);
        let resumption =
            if resumes { Resumption::in_memory_sessions(SESSIONS) } else { Resumption::disabled() };
        Ok(http1(config.with_no_client_auth(), resumption))
    }
}

type Builder = rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>;

fn builder() -> anyhow::Result<Builder> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    Ok(ClientConfig::builder_with_provider(provider).with_protocol_versions(&[&TLS13])?)
}

fn http1(mut config: ClientConfig, resumption: Resumption) -> Arc<ClientConfig> {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = resumption;
    Arc::new(config)
}

/// Accepts this certificate, and no other.
#[derive(Debug)]
struct Known(CertificateDer<'static>);

impl ServerCertVerifier for Known {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if *certificate == self.0 {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::UnknownIssuer.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}
