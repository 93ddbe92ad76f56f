//! Several servers on one database.

use std::net::TcpListener;

use hallpass_contract::path;
use rustix::process::Signal;
use tempfile::TempDir;
use url::Url;

use super::{SignedIn, count, fresh_schema, on, refused, serve, until_status};
use crate::app::PASSWORD;
use crate::binary::{Process, client, command};

/// Two servers on one database, and somebody who is signed in.
struct Two {
    one: Process,
    other: Process,
    signed_in: SignedIn,
    dirs: [TempDir; 2],
    url: Url,
}

impl Two {
    async fn start() -> Option<Self> {
        let url = fresh_schema().await?;
        let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let one = serve(dirs[0].path(), &url);
        let other = serve(dirs[1].path(), &url);
        assert_eq!(one.post(path::REGISTER, "ada", PASSWORD).await.status(), 201);
        let signed_in = SignedIn::at(&one).await;
        for process in [&one, &other] {
            assert_eq!(signed_in.verify(process).await.status(), 200);
        }
        Some(Self { one, other, signed_in, dirs, url })
    }

    /// Runs a command on the directory of the first server.
    fn run(&self, args: &[&str]) {
        let done = on(&mut command(self.dirs[0].path(), args), &self.url).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}

#[tokio::test]
async fn a_sign_out_on_one_server_holds_on_the_other_when_it_is_answered_and_can_be_repeated() {
    let Some(two) = Two::start().await else { return };
    for _ in 0..2 {
        assert_eq!(two.signed_in.sign_out_by_token(&two.one).await.status(), 204);
        for process in [&two.other, &two.one] {
            assert_eq!(two.signed_in.verify(process).await.status(), 401);
        }
    }
}

#[tokio::test]
async fn a_key_that_one_server_takes_into_use_verifies_on_the_other_at_once() {
    let Some(two) = Two::start().await else { return };
    for dir in &two.dirs {
        let before = SignedIn::at(&two.one).await.kid();
        let mut rotate = command(dir.path(), &["keys", "rotate"]);
        let rotated = on(&mut rotate, &two.url).output().unwrap();
        assert!(rotated.status.success(), "{}", String::from_utf8_lossy(&rotated.stderr));
        for (from, to) in [(&two.one, &two.other), (&two.other, &two.one)] {
            let new = SignedIn::at(from).await;
            assert_ne!(new.kid(), before);
            assert_eq!(new.verify(to).await.status(), 200);
            assert_eq!(two.signed_in.verify(to).await.status(), 200);
        }
    }
}

#[tokio::test]
async fn a_client_counts_on_each_server_and_what_it_revokes_on_one_is_over_on_the_other() {
    let Some(two) = Two::start().await else { return };
    let add = ["client", "add", "gateway", "--may", "introspect,revoke"];
    let made = on(&mut command(two.dirs[0].path(), &add), &two.url).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let secret = String::from_utf8(made.stdout).unwrap();
    let ask = async |process: &Process, path: &str| {
        let request = client().post(format!("{}{path}", process.url));
        let request = request.basic_auth("gateway", Some(secret.trim_end()));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(format!("token={}", two.signed_in.token)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    for process in [&two.one, &two.other] {
        let (status, told) = ask(process, path::INTROSPECT).await;
        assert!(status == 200 && told.contains("\"active\":true"), "{told}");
    }
    for _ in 0..2 {
        assert_eq!(ask(&two.one, path::REVOKE).await, (200, String::new()));
        assert_eq!(two.signed_in.verify(&two.other).await.status(), 401);
        let inactive = r#"{"active":false}"#.to_owned();
        assert_eq!(ask(&two.other, path::INTROSPECT).await, (200, inactive));
    }
    two.run(&["client", "delete", "gateway"]);
    for process in [&two.other, &two.one] {
        assert_eq!(ask(process, path::INTROSPECT).await.0, 401);
    }
}

#[tokio::test]
async fn a_nul_in_a_name_is_nobodys() {
    let Some(two) = Two::start().await else { return };
    let post = |path: &str| client().post(format!("{}{path}", two.one.url));
    let json = post(path::LOGIN).header("content-type", "application/json");
    let login = json.body(r#"{"username":"a\u0000b","password":"x"}"#).send().await.unwrap();
    assert_eq!(login.status(), 401);
    for path in [path::INTROSPECT, path::REVOKE] {
        let form = post(path).header("content-type", "application/x-www-form-urlencoded");
        let asked = form.body("client_id=a%00b&client_secret=x&token=t").send().await.unwrap();
        assert_eq!(asked.status(), 401, "{path}");
    }
}

#[tokio::test]
async fn nobody_waits_for_a_server_whose_port_is_taken() {
    let Some(two) = Two::start().await else { return };
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let dir = tempfile::tempdir().unwrap();
    let refused = refused(dir.path(), &two.url, &["serve", "--listen", &address]);
    assert!(refused.contains(&address), "{refused}");
    let left = count(&two.url, "SELECT count(*) FROM nodes").await;
    assert_eq!(left, 2, "the two that run");
}

#[tokio::test]
async fn a_key_that_is_revoked_on_one_server_verifies_on_neither_when_it_is_answered() {
    let Some(two) = Two::start().await else { return };
    let kid = two.signed_in.kid();
    two.run(&["keys", "revoke", &kid]);
    for (from, to) in [(&two.one, &two.other), (&two.other, &two.one)] {
        assert_eq!(two.signed_in.verify(to).await.status(), 401);
        let new = SignedIn::at(from).await;
        assert_ne!(new.kid(), kid);
        assert_eq!(new.verify(to).await.status(), 200);
    }
}

#[tokio::test]
async fn registration_that_one_server_closes_is_closed_on_the_other_and_after_a_restart() {
    let Some(mut two) = Two::start().await else { return };
    two.run(&["registration", "closed"]);
    for process in [&two.one, &two.other] {
        assert_eq!(process.post(path::REGISTER, "bob", PASSWORD).await.status(), 403);
    }
    two.one.end(Signal::TERM);
    two.one = serve(two.dirs[0].path(), &two.url);
    assert_eq!(two.one.post(path::REGISTER, "bob", PASSWORD).await.status(), 403);
    two.run(&["registration", "open"]);
    assert_eq!(two.one.post(path::REGISTER, "bob", PASSWORD).await.status(), 201);
}

#[tokio::test]
async fn a_network_that_one_server_blocks_is_blocked_on_the_other() {
    let Some(two) = Two::start().await else { return };
    for (args, status) in [
        (&["block", "add", "127.0.0.1", "--for", "1h", "--yes"][..], 403),
        (&["block", "remove", "127.0.0.1"], 201),
    ] {
        two.run(args);
        for (n, process) in [&two.one, &two.other].into_iter().enumerate() {
            let name = format!("user{n}");
            assert_eq!(process.post(path::REGISTER, &name, PASSWORD).await.status(), status);
        }
    }
}

#[tokio::test]
async fn a_server_that_stood_still_accepts_no_token_that_was_signed_out_meanwhile() {
    let Some(two) = Two::start().await else { return };
    two.other.signal(Signal::STOP);
    assert_eq!(two.signed_in.sign_out_by_token(&two.one).await.status(), 204);
    two.other.signal(Signal::CONT);
    // Until it has caught up, it can't tell. It never says 200.
    until_status(401, 503, async || two.signed_in.verify(&two.other).await).await;
}

#[tokio::test]
async fn a_server_that_was_killed_holds_up_no_sign_out_for_long_and_can_start_again() {
    let Some(mut two) = Two::start().await else { return };
    two.other.end(Signal::KILL);
    assert_eq!(two.signed_in.sign_out_by_token(&two.one).await.status(), 204);
    let again = SignedIn::at(&two.one).await;
    let other = serve(two.dirs[1].path(), &two.url);
    assert_eq!(two.signed_in.verify(&other).await.status(), 401);
    assert_eq!(again.verify(&other).await.status(), 200);
    assert_eq!(again.sign_out_by_token(&two.one).await.status(), 204);
    assert_eq!(again.verify(&other).await.status(), 401);
}
