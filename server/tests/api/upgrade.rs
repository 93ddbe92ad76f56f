//! A data directory that an earlier version made: the README beside it says what it holds.

use std::fs::{self, File};
use std::path::Path;

use flate2::read::GzDecoder;
use hallpass_contract::{Login, path};
use rustix::process::Signal;
use serde_json::Value;

use crate::app::PASSWORD;
use crate::binary::{Process, client, command};

/// What an earlier version made.
struct Earlier {
    database: &'static [u8],
    keys: &'static [u8],
    /// A refresh token of bob.
    cookie: &'static str,
}

const VERSION_0: Earlier = Earlier {
    database: include_bytes!("../data/version-0/hallpass.redb.gz"),
    keys: include_bytes!("../data/version-0/keys.json"),
    cookie: "__Host-hallpass-refresh=\
             AaIkU6ObcxCXf1PFOXbggAAAAAB8A6vL4sGS8-maPk7Ojv_YwYnkgDRJ9fzq9ZSuVY3chw",
};

const VERSION_1: Earlier = Earlier {
    database: include_bytes!("../data/version-1/hallpass.redb.gz"),
    keys: include_bytes!("../data/version-1/keys.json"),
    cookie: "__Host-hallpass-refresh=\
             AaImrCB9dVW3JMO4hWUYeAAAAADfkNsJOv_mTreiJhBCdvci-LDUgVsgnwEwGF6idMgcJA",
};

const VERSION_2: Earlier = Earlier {
    database: include_bytes!("../data/version-2/hallpass.redb.gz"),
    keys: include_bytes!("../data/version-2/keys.json"),
    cookie: "__Host-hallpass-refresh=\
             AaIpDOUjdRm2JNzuwhHN4gAAAAD9EYMWhWYhVqezc05nMo37-dWtRk2w2vZR2OWnkoIsDA",
};

const VERSION_3: Earlier = Earlier {
    database: include_bytes!("../data/version-3/hallpass.redb.gz"),
    keys: include_bytes!("../data/version-3/keys.json"),
    cookie: "__Host-hallpass-refresh=\
             AaIstKsLesSBEHbDGt--pwAAAACtFLu68HSKzUw2hyXW22g6xK_WF7bugN-WeoXe_xQH6g",
};

impl Earlier {
    fn unpack(&self, dir: &Path) {
        let mut database = File::create(dir.join("hallpass.redb")).unwrap();
        std::io::copy(&mut GzDecoder::new(self.database), &mut database).unwrap();
        fs::write(dir.join("keys.json"), self.keys).unwrap();
    }
}

async fn refresh(process: &Process, cookie: &str) -> reqwest::Response {
    let request = client().post(format!("{}{}", process.url, path::REFRESH));
    let request = request.header("cookie", cookie).header("sec-fetch-site", "same-origin");
    request.send().await.unwrap()
}

#[tokio::test]
async fn passwords_and_sessions_of_an_earlier_version_are_still_good() {
    let dir = tempfile::tempdir().unwrap();
    VERSION_0.unpack(dir.path());
    let mut process = Process::start(dir.path(), &[]);

    let refreshed = refresh(&process, VERSION_0.cookie).await;
    assert_eq!(refreshed.status(), 200);
    let cookie = refreshed.headers()["set-cookie"].to_str().unwrap();
    let next = cookie.split(';').next().unwrap().to_owned();
    let bob: Login = refreshed.json().await.unwrap();
    assert_eq!(
        (bob.user.username.as_str(), &bob.user.roles[..]),
        ("bob", &["user".to_owned()][..])
    );

    let login = process.post(path::LOGIN, "ada", PASSWORD).await;
    let ada: Login = login.json().await.unwrap();
    let users = client().get(format!("{}{}", process.url, path::ADMIN_USERS));
    let users = users.bearer_auth(ada.access_token.expose()).send().await.unwrap();
    let users: Value = users.json().await.unwrap();
    let names: Vec<_> =
        users["users"].as_array().unwrap().iter().map(|user| &user["username"]).collect();
    assert_eq!(names, ["Ada", "bob", "Straße"]);
    assert_eq!(process.post(path::LOGIN, "straße", PASSWORD).await.status(), 401, "disabled");

    // Once more, now that the file is of the present version.
    process.end(Signal::TERM);
    let process = Process::start(dir.path(), &[]);
    assert_eq!(refresh(&process, &next).await.status(), 200);
}

#[tokio::test]
async fn restrictions_and_sessions_of_version_1_are_still_good_and_the_audit_log_begins() {
    let dir = tempfile::tempdir().unwrap();
    VERSION_1.unpack(dir.path());
    let process = Process::start(dir.path(), &[]);
    assert_eq!(refresh(&process, VERSION_1.cookie).await.status(), 200);
    assert_eq!(process.post(path::REGISTER, "carl", PASSWORD).await.status(), 403);
    let audit = command(dir.path(), &["audit", "--json"]).output().unwrap().stdout;
    let audit = String::from_utf8(audit).unwrap();
    assert!(audit.lines().count() == 1 && audit.contains("\"event\":\"refresh\""), "{audit}");
}

#[tokio::test]
async fn a_directory_of_version_2_gets_a_key_for_second_factors_and_keeps_the_others() {
    let dir = tempfile::tempdir().unwrap();
    VERSION_2.unpack(dir.path());
    let mut process = Process::start(dir.path(), &[]);
    assert_eq!(refresh(&process, VERSION_2.cookie).await.status(), 200);
    let keys = || serde_json::from_slice::<Value>(&fs::read(dir.path().join("keys.json")).unwrap());
    let (before, after) =
        (serde_json::from_slice::<Value>(VERSION_2.keys).unwrap(), keys().unwrap());
    assert_eq!(after["refresh_key"], before["refresh_key"]);
    assert!(before["factor_key"].is_null() && after["factor_key"].is_string(), "{after}");
    let login = process.post(path::LOGIN, "bob", PASSWORD).await;
    let login: Login = login.json().await.unwrap();
    let begin = client().post(format!("{}{}", process.url, path::TOTP));
    let begun = begin.bearer_auth(login.access_token.expose()).send().await.unwrap();
    assert_eq!(begun.status(), 200);
    process.end(Signal::TERM);
    let _process = Process::start(dir.path(), &[]);
    assert_eq!(keys().unwrap()["factor_key"], after["factor_key"]);
}

/// The key ids and algorithms of the JWKS.
async fn published(process: &Process) -> Vec<(String, String)> {
    let jwks = client().get(format!("{}{}", process.url, path::JWKS)).send().await.unwrap();
    let jwks: Value = jwks.json().await.unwrap();
    let text = |key: &Value, name: &str| key[name].as_str().unwrap().to_owned();
    let keys = jwks["keys"].as_array().unwrap().iter();
    keys.map(|key| (text(key, "kid"), text(key, "alg"))).collect()
}

#[tokio::test]
async fn a_directory_of_version_3_gets_oauth_clients_and_signs_as_before_until_told_otherwise() {
    let dir = tempfile::tempdir().unwrap();
    VERSION_3.unpack(dir.path());
    let mut process = Process::start(dir.path(), &[]);
    let before: Value = serde_json::from_slice(VERSION_3.keys).unwrap();
    let kids = [&before["keys"][0]["kid"], &before["next_key"]["kid"]];
    let kids = kids.map(|kid| (kid.as_str().unwrap().to_owned(), "EdDSA".to_owned()));
    assert_eq!(published(&process).await, kids, "no rotation");
    let bob: Login = refresh(&process, VERSION_3.cookie).await.json().await.unwrap();
    let header = jsonwebtoken::decode_header(bob.access_token.expose()).unwrap();
    assert_eq!(header.kid.as_ref(), Some(&kids[0].0));
    let add = ["client", "add", "billing", "--may", "introspect"];
    assert!(command(dir.path(), &add).output().unwrap().status.success());
    process.end(Signal::TERM);

    let process = Process::start(dir.path(), &["--alg", "ES256"]);
    let algorithms: Vec<_> = published(&process).await.into_iter().map(|(_, alg)| alg).collect();
    assert_eq!(algorithms, ["ES256", "ES256", "EdDSA"], "the current, the next, the retired one");
    let verify = client().get(format!("{}{}", process.url, path::VERIFY));
    let verify = verify.bearer_auth(bob.access_token.expose()).send().await.unwrap();
    assert_eq!(verify.status(), 200, "tokens of before are good");
}

#[tokio::test]
async fn a_new_directory_signs_with_es256() {
    let dir = tempfile::tempdir().unwrap();
    let process = Process::start(dir.path(), &[]);
    assert!(published(&process).await.iter().all(|(_, alg)| alg == "ES256"));
    process.post(path::REGISTER, "ada", PASSWORD).await;
    let login: Login = process.post(path::LOGIN, "ada", PASSWORD).await.json().await.unwrap();
    let header = jsonwebtoken::decode_header(login.access_token.expose()).unwrap();
    assert_eq!(header.alg, jsonwebtoken::Algorithm::ES256);
}
