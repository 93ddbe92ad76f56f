//! Certificates of an ACME authority: Pebble, which is made for tests.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::Certificate;
use rustix::process::Signal;
use serde_json::json;
use tempfile::TempDir;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

use crate::binary::{Process, serve_command};
use crate::certificates::{Authority, connect, shown};

const PATIENCE: Duration = Duration::from_secs(60);

/// The name that is certified. It leads here everywhere.
const NAME: &str = "localhost";

/// A running Pebble. It ends with the test.
struct Pebble {
    process: Child,
    directory: String,
    management: String,
    /// The port where it expects the server.
    port: u16,
    dir: TempDir,
    client: reqwest::Client,
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Pebble {
    /// None, with a word about it, where Pebble is not installed.
    async fn start(seconds: u64) -> Option<Self> {
        let (dir, authority) = (TempDir::new().unwrap(), Authority::new());
        let own = authority.issue(dir.path());
        fs::write(dir.path().join("ca.pem"), authority.pem()).unwrap();
        let [listen, management, http, port] = [(); 4].map(|()| free_port());
        let config = json!({ "pebble": {
            "listenAddress": format!("127.0.0.1:{listen}"),
            "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": own.cert,
            "privateKey": own.key,
            "httpPort": http,
            "tlsPort": port,
            "certificateValidityPeriod": seconds,
        } });
        let path = dir.path().join("pebble.json");
        fs::write(&path, config.to_string()).unwrap();
        let log = File::create(dir.path().join("pebble.log")).unwrap();
        let mut command = Command::new("pebble");
        command.arg("-config").arg(&path).env("PEBBLE_VA_NOSLEEP", "1");
        command.stdout(log).stderr(Stdio::null()).stdin(Stdio::null());
        let Ok(process) = command.spawn() else {
            eprintln!("skipped: pebble is not installed; scripts/setup pebble installs it");
            return None;
        };
        let root = Certificate::from_pem(authority.pem().as_bytes()).unwrap();
        let client = reqwest::Client::builder().tls_certs_only([root]).build().unwrap();
        let directory = format!("https://127.0.0.1:{listen}/dir");
        let management = format!("https://127.0.0.1:{management}");
        let pebble = Self { process, directory, management, port, dir, client };
        let deadline = Instant::now() + PATIENCE;
        while pebble.client.get(&pebble.directory).send().await.is_err() {
            assert!(Instant::now() < deadline, "Pebble does not answer");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Some(pebble)
    }

    /// Whose certificates Pebble issues.
    async fn root(&self) -> CertificateDer<'static> {
        let root = self.client.get(format!("{}/roots/0", self.management)).send().await.unwrap();
        CertificateDer::from_pem_slice(&root.bytes().await.unwrap()).unwrap()
    }

    fn server(&self, data: &Path, port: u16) -> Process {
        let ca = self.dir.path().join("ca.pem");
        Process::start(
            data,
            &[
                "--listen",
                &format!("127.0.0.1:{port}"),
                "--acme-domain",
                NAME,
                "--acme-contact",
                "admin@example.org",
                "--acme-directory",
                &self.directory,
                "--acme-ca",
                ca.to_str().unwrap(),
            ],
        )
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The certificate that the server shows to somebody who trusts Pebble, as soon as it shows one that
/// is `wanted`.
async fn served(
    root: &CertificateDer<'static>,
    port: u16,
    wanted: impl Fn(&CertificateDer<'static>) -> bool,
) -> CertificateDer<'static> {
    let (deadline, address) =
        (Instant::now() + PATIENCE, SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    loop {
        if let Ok(stream) = connect(root, address, &["h2"]).await {
            let certificate = shown(&stream);
            if wanted(&certificate) {
                return certificate;
            }
        }
        assert!(Instant::now() < deadline, "no such certificate is served");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_certificate_is_ordered_once_and_kept_for_the_next_start() {
    let Some(mut pebble) = Pebble::start(90 * 24 * 60 * 60).await else { return };
    let (data, root, port) = (TempDir::new().unwrap(), pebble.root().await, pebble.port);
    let mut process = pebble.server(data.path(), port);
    assert!(process.url.starts_with("https://"), "{}", process.url);
    let first = served(&root, port, |_| true).await;
    let (_, log) = process.end(Signal::TERM);
    assert!(!log.contains("ERROR"), "{log}");

    pebble.process.kill().unwrap();
    let mut process = pebble.server(data.path(), port);
    assert_eq!(served(&root, port, |_| true).await, first);
    let (_, log) = process.end(Signal::TERM);
    assert!(!log.contains("ERROR"), "{log}");
    let kept = fs::metadata(data.path().join("acme/certificate.pem")).unwrap();
    assert_eq!(kept.permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_certificate_is_renewed_while_the_old_one_is_good() {
    // Its time begins when it is issued, and Pebble counts in seconds.
    let Some(pebble) = Pebble::start(15).await else { return };
    let (data, root, port) = (TempDir::new().unwrap(), pebble.root().await, pebble.port);
    let _process = pebble.server(data.path(), port);
    let first = served(&root, port, |_| true).await;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    // At no time is there none.
    let deadline = Instant::now() + PATIENCE;
    while shown(&connect(&root, address, &["h2"]).await.unwrap()) == first {
        assert!(Instant::now() < deadline, "it is not renewed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_log_says_why_a_certificate_can_not_be_had_and_the_server_runs() {
    let Some(pebble) = Pebble::start(90).await else { return };
    let data = TempDir::new().unwrap();
    let mut process = pebble.server(data.path(), free_port());
    let error = process.logged("no certificate for localhost: ", PATIENCE);
    assert!(error.contains("could not make sure of the name: "), "{error}");
    assert!(error.contains("Failed to connect to"), "{error}");
    assert!(error.contains("trying again in 5 minutes"), "{error}");
    let (status, _) = process.end(Signal::TERM);
    assert!(status.success());
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let dir = TempDir::new().unwrap();
    let domain = ["--acme-domain", "login.example.org"];
    for (more, told) in [
        (&["--tls-cert", "a.pem", "--tls-key", "b.pem"][..], "--tls-cert has to be left out"),
        (&["--database-url", "postgres://x@127.0.0.1/x"], "for one server alone"),
        (&["--acme-domain", "*.example.org"], "without wildcards"),
        (&["--acme-domain", "192.0.2.1"], "give a name"),
        (&["--acme-contact", "somebody"], "give one address"),
        (&["--acme-directory", "http://127.0.0.1/"], "https://"),
    ] {
        let output = serve_command(dir.path(), &[&domain, more].concat()).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && stderr.contains(told), "{more:?}: {stderr}");
    }
}
