use hallpass_contract::{Login, OpenReset};
use rustix::process::Signal;

use super::{add, hallpass};
use crate::app::PASSWORD;
use crate::binary::{Process, client};

#[tokio::test]
async fn reset_links_are_listed_and_withdrawn_both_ways() {
    let dir = tempfile::tempdir().unwrap();
    let mut process = Process::start(dir.path(), &[]);
    add(dir.path(), "Boss", &["--role", "admin"]).ok();
    let login: Login = process.post("/api/login", "boss", PASSWORD).await.json().await.unwrap();
    for name in ["ada", "bob"] {
        let added = add(dir.path(), name, &[]).ok();
        let id = added.split("id ").nth(1).unwrap().split(',').next().unwrap();
        let offer = client().post(format!("{}/api/admin/users/{id}/reset", process.url));
        let offer = offer.bearer_auth(login.access_token.expose()).send().await.unwrap();
        assert_eq!(offer.status(), 200);
    }
    let table = hallpass(dir.path(), &["reset", "list"]).ok();
    assert_eq!(table.lines().count(), 3, "{table}");
    let listed = || -> Vec<String> {
        let lines = hallpass(dir.path(), &["reset", "list", "--json"]).ok();
        let offers = lines.lines().map(|line| serde_json::from_str::<OpenReset>(line).unwrap());
        offers.map(|offer| format!("{} by {}", offer.user.username, offer.by.username)).collect()
    };
    assert_eq!(listed(), ["ada by Boss", "bob by Boss"]);
    let done = hallpass(dir.path(), &["reset", "withdraw", "ADA"]).ok();
    assert_eq!(done, "withdrew the reset link for ada\n");
    assert_eq!(listed(), ["bob by Boss"]);

    process.end(Signal::TERM);
    assert_eq!(listed(), ["bob by Boss"], "while the server is stopped");
    hallpass(dir.path(), &["reset", "withdraw", "bob"]).ok();
    assert!(listed().is_empty());
    for (name, reason) in [("bob", "no reset link for bob"), ("eve", "no user eve")] {
        let refused = hallpass(dir.path(), &["reset", "withdraw", name]).refused();
        assert!(refused.contains(reason), "{refused}");
    }
}
