use std::fs;

use super::*;

fn certificate(dir: &std::path::Path) -> Certificate {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files = CertificateFiles { cert: dir.join("cert.pem"), key: dir.join("key.pem") };
    fs::write(&files.cert, made.cert.pem()).unwrap();
    fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    Certificate::read(files).unwrap()
}

#[test]
fn a_change_counts_at_the_second_look_and_once() {
    let dir = tempfile::tempdir().unwrap();
    let certificate = certificate(dir.path());
    assert!(!certificate.has_changed() && !certificate.has_changed());
    fs::write(dir.path().join("cert.pem"), "the first of two files").unwrap();
    assert!(!certificate.has_changed());
    fs::write(dir.path().join("key.pem"), "the second one, and longer").unwrap();
    assert!(!certificate.has_changed());
    assert!(certificate.has_changed());
    assert!(certificate.read_again().is_err());
    assert!(!certificate.has_changed(), "the log has the error once");
}
