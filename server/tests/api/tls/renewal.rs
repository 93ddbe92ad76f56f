//! The certificate of the real process, at the start and when it is replaced.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio_rustls::rustls::pki_types::CertificateDer;

use crate::binary::{Process, serve_command};
use crate::certificates::{Authority, Issued, shown};

const PATIENCE: Duration = Duration::from_secs(60);

const STAYS: &str = "the TLS certificate in use stays in use: ";

fn start(dir: &Path, issued: &Issued) -> Process {
    Process::start(dir, &issued.args())
}

async fn served(process: &Process, authority: &Authority) -> CertificateDer<'static> {
    let address = process.url.strip_prefix("https://").expect("the first line says https");
    shown(&authority.connect(address.parse().unwrap(), &["h2"]).await)
}

async fn until_served(process: &Process, authority: &Authority, expected: &Issued) {
    let deadline = Instant::now() + PATIENCE;
    while served(process, authority).await != expected.der {
        assert!(Instant::now() < deadline, "the new certificate is not served");
    }
}

#[tokio::test]
async fn at_sighup_a_new_certificate_is_served_and_a_bad_one_is_not() {
    let (dir, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let data = dir.path().join("data");
    let first = authority.issue(dir.path());
    let process = start(&data, &first);
    assert_eq!(served(&process, &authority).await, first.der);
    let second = authority.issue(dir.path());
    process.signal(Signal::HUP);
    until_served(&process, &authority, &second).await;

    let key = fs::read(&second.key).unwrap();
    authority.issue(dir.path());
    fs::write(&second.key, key).unwrap();
    process.signal(Signal::HUP);
    let error = process.logged(STAYS, PATIENCE);
    assert!(error.contains("does not belong to the certificate"), "{error}");
    assert_eq!(served(&process, &authority).await, second.der);
}

#[tokio::test]
async fn a_certificate_that_is_replaced_on_the_disk_is_served_before_long() {
    let (dir, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let data = dir.path().join("data");
    let process = start(&data, &authority.issue(dir.path()));
    let second = authority.issue(dir.path());
    until_served(&process, &authority, &second).await;
    fs::remove_file(&second.cert).unwrap();
    assert!(process.logged(STAYS, PATIENCE).contains("can't read --tls-cert"));
    assert_eq!(served(&process, &authority).await, second.der);
}

fn refused(dir: &Path, args: &[&str]) -> String {
    let output = serve_command(&dir.join("data"), args).output().unwrap();
    assert!(!output.status.success(), "{args:?}");
    assert!(!dir.join("data").exists(), "{args:?}: nothing is made before the certificate is good");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_pair_that_is_none_is_refused_with_what_to_do() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let authority = Authority::new();
    let (issued, stranger) = (authority.issue(dir.path()), authority.issue(other.path()));
    let [_, cert, _, key] = issued.args();
    let [.., strange_key] = stranger.args();
    let encrypted = other.path().join("encrypted.pem");
    fs::write(
        &encrypted,
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----\n",
    )
    .unwrap();
    for (args, told) in [
        (["--tls-cert", cert, "--tls-key", strange_key], "does not belong to the certificate"),
        (["--tls-cert", key, "--tls-key", key], "holds no certificate in PEM form"),
        (["--tls-cert", cert, "--tls-key", cert], "holds no private key in PEM form"),
        (
            ["--tls-cert", cert, "--tls-key", encrypted.to_str().unwrap()],
            "is encrypted; decrypt it",
        ),
        (["--tls-cert", "/no/such/file", "--tls-key", key], "can't read --tls-cert /no/such/file"),
    ] {
        let error = refused(dir.path(), &args);
        assert!(error.contains(told), "{args:?}: {error}");
    }
    for (alone, told) in [(["--tls-cert", cert], "--tls-key"), (["--tls-key", key], "--tls-cert")] {
        let error = refused(dir.path(), &alone);
        assert!(error.contains(&format!("give it with {told}")), "{error}");
    }
}
