//! https servers, for both loops: whose certificate is trusted, and whose is not.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::fake::{Fake, Fault};
use crate::{Run, finished, program};

/// A fake server behind TLS, with a certificate that it has signed itself.
struct Secured {
    url: String,
    certificate: String,
    _fake: Fake,
}

impl Secured {
    fn start() -> Self {
        let fake = Fake::start(Fault::None);
        let plain: SocketAddr = fake.url.trim_start_matches("http://").parse().unwrap();
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(pass_on(
                listener,
                TlsAcceptor::from(Arc::new(config)),
                plain,
            ));
        });
        Self { url, certificate: made.cert.pem(), _fake: fake }
    }

    /// Runs the load tester on it, where the system trusts nobody but whom `trusted` names.
    fn load(&self, command: &str, trusted: &str, args: &[&str]) -> Run {
        let dir = TempDir::new().unwrap();
        let roots = dir.path().join("roots.pem");
        fs::write(&roots, trusted).unwrap();
        let output = program(dir.path())
            .env("SSL_CERT_FILE", &roots)
            .env_remove("SSL_CERT_DIR")
            .args([command, "--host", &self.url, "-t", "1s"])
            .args(args)
            .output()
            .unwrap();
        finished(output, dir)
    }
}

/// Ends TLS and passes what was in it on.
async fn pass_on(listener: TcpListener, acceptor: TlsAcceptor, plain: SocketAddr) {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            // A client that does not trust the certificate ends the handshake.
            let Ok(mut secured) = acceptor.accept(stream).await else { return };
            let mut behind = TcpStream::connect(plain).await.unwrap();
            let _ = copy_bidirectional(&mut secured, &mut behind).await;
        });
    }
}

fn other_certificate() -> String {
    rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap().cert.pem()
}

#[test]
fn a_server_whose_certificate_the_system_trusts_is_tested() {
    let server = Secured::start();
    for command in ["open", "goose"] {
        let run = server.load(command, &server.certificate, &[]);
        // Whatever the generator's lag beside other tests: all answers are right.
        assert!(!run.verdict().starts_with("FAIL"), "{command}: {run:?}");
        assert_ne!(run.status, Some(1), "{command}: {run:?}");
    }
}

#[test]
fn a_server_whose_certificate_nobody_vouches_for_is_refused_unless_told_otherwise() {
    let server = Secured::start();
    let other = other_certificate();
    for command in ["open", "goose"] {
        let run = server.load(command, &other, &[]);
        assert_eq!(run.status, Some(1), "{command}: {run:?}");
        assert!(run.verdict().contains("certificate"), "{command}: {run:?}");
        let run = server.load(command, &other, &["--accept-invalid-certs"]);
        assert_ne!(run.status, Some(1), "{command}: {run:?}");
    }
}
