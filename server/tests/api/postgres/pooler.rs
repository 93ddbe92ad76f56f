//! A pooler between the servers and the database.

use futures_util::future::join_all;
use hallpass_contract::path;
use url::Url;

use super::{SignedIn, execute, on};
use crate::app::PASSWORD;
use crate::binary::{Process, command, serve_command};

/// More than there are connections of a server to the pooler, or of the pooler to the database.
const MANY: usize = 60;

/// A database of its own, by way of the pooler and directly. A pooler passes no `search_path` on, so
/// that a schema would not do.
async fn fresh_database() -> Option<[Url; 2]> {
    let variable = |name: &str| std::env::var(name).ok()?.parse::<Url>().ok();
    let mut direct = variable(super::VARIABLE)?;
    let mut pooled = variable("HALLPASS_TEST_POOLER_URL")?;
    let name = format!("pooled_{}", uuid::Uuid::now_v7().simple());
    execute(&direct, &format!("CREATE DATABASE {name}")).await;
    for url in [&mut pooled, &mut direct] {
        url.set_path(&name);
    }
    Some([pooled, direct])
}

fn serve([pooled, direct]: &[Url; 2], dir: &std::path::Path) -> Process {
    let mut command = serve_command(dir, &["--login-throttle", "off", "--lease", "2s"]);
    on(&mut command, pooled).env("HALLPASS_DATABASE_DIRECT_URL", direct.as_str());
    Process::of(command)
}

#[tokio::test]
async fn servers_work_through_a_pooler_in_transaction_mode() {
    let Some(urls) = fresh_database().await else { return };
    let dirs = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let [one, other] = [0, 1].map(|n| serve(&urls, dirs[n].path()));
    assert_eq!(one.post(path::REGISTER, "ada", PASSWORD).await.status(), 201);
    let everybody = join_all((0..MANY).map(|n| SignedIn::at([&one, &other][n % 2]))).await;
    let refreshed = join_all(everybody.iter().map(|person| person.refresh(&other))).await;
    assert!(refreshed.iter().all(|answer| answer.status() == 200));
    let ended = join_all(everybody.iter().map(|person| person.sign_out_by_token(&one))).await;
    assert!(ended.iter().all(|answer| answer.status() == 204));
    for person in &everybody {
        assert_eq!(person.verify(&other).await.status(), 401);
    }
    let mut rotate = command(dirs[0].path(), &["keys", "rotate"]);
    let rotated = on(&mut rotate, &urls[0]).output().unwrap();
    assert!(rotated.status.success(), "{}", String::from_utf8_lossy(&rotated.stderr));
    assert_eq!(SignedIn::at(&one).await.verify(&other).await.status(), 200);
}
