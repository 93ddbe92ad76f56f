//! `hallpass store copy`: a server moves to PostgreSQL and back.

use std::path::Path;

use hallpass_contract::path;
use rustix::process::Signal;
use url::Url;

use crate::app::PASSWORD;
use crate::binary::{Process, command};
use crate::postgres::{SignedIn, fresh_schema, serve, with_master_key};

/// What `hallpass store copy` writes to standard output, and whether it succeeded.
fn copy(dir: &Path, args: &[&str], url: (&str, &Url)) -> (bool, String, String) {
    let mut command = command(dir, &["store", "copy"]);
    let output = with_master_key(command.args(args)).env(url.0, url.1.as_str()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    assert!(!stderr.contains(url.1.password().unwrap()), "{stderr}");
    (output.status.success(), stdout, stderr)
}

#[tokio::test]
async fn nobody_is_signed_out_when_a_server_moves_to_a_database_and_back() {
    let Some(url) = fresh_schema().await else { return };
    let [dir, back] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let mut process = Process::start(dir.path(), &["--login-throttle", "off"]);
    assert_eq!(process.post(path::REGISTER, "ada", PASSWORD).await.status(), 201);
    let kept = SignedIn::at(&process).await;
    let kept = SignedIn::read(kept.refresh(&process).await).await;
    let ended = SignedIn::at(&process).await;
    assert_eq!(ended.sign_out(&process).await.status(), 204);
    let (done, _, stderr) = copy(dir.path(), &[], ("HALLPASS_TO", &url));
    assert!(!done && stderr.contains("stop it"), "{stderr}");
    process.end(Signal::TERM);

    let (done, stdout, stderr) = copy(dir.path(), &[], ("HALLPASS_TO", &url));
    assert!(done, "{stderr}");
    assert!(stdout.starts_with("copied 1 users, 1 users' addresses, 1 sessions"), "{stdout}");
    let mut process = serve(dir.path(), &url);
    assert_eq!(kept.verify(&process).await.status(), 200);
    assert_eq!(ended.verify(&process).await.status(), 401);
    let kept = SignedIn::read(kept.refresh(&process).await).await;
    assert_eq!(SignedIn::at(&process).await.verify(&process).await.status(), 200);
    process.end(Signal::TERM);

    let (done, _, stderr) = copy(dir.path(), &[], ("HALLPASS_TO", &url));
    assert!(!done && stderr.contains("holds other data"), "{stderr}");
    let to = back.path().to_str().unwrap();
    let (done, _, stderr) = copy(dir.path(), &["--to", to], ("HALLPASS_FROM", &url));
    assert!(done, "{stderr}");
    let process = Process::start(back.path(), &[]);
    assert_eq!(kept.verify(&process).await.status(), 200);
    assert_eq!(kept.refresh(&process).await.status(), 200);
    assert_eq!(ended.verify(&process).await.status(), 401);
}
