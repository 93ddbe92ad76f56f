use std::sync::Arc;
use std::time::Duration;

use hallpass_contract::{AdminUser, Secret};
use jiff::Timestamp;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::connection::{Patience, converse};
use super::protocol::MAX_LINE_BYTES;
use super::*;
use crate::accounts::{Accounts, ImportResult, UserRecord};
use crate::assembly;
use crate::clock::Clock;
use crate::config::Config;
use crate::keys::{Algorithm, KeyRing};
use crate::metrics::Metrics;
use crate::store::RedbStore;

const PASSWORD: &str = "correct horse battery staple";

const HASH: &str = "pbkdf2:sha1:1000$WDdeLlvU$28362305ec1b8e58c984a6416d6f69e965304496";

fn accounts() -> Arc<Accounts> {
    let config = Config::without_environment(&["--pbkdf2-iterations", "10"]).unwrap();
    let store = Arc::new(RedbStore::in_memory().unwrap());
    let keys = Arc::new(KeyRing::in_memory(Algorithm::EdDSA).unwrap());
    let clock = Clock::manual(Timestamp::from_second(1_800_000_000).unwrap());
    let metrics = Metrics::default();
    Arc::new(assembly::accounts(&config, &metrics, store, keys, clock).unwrap())
}

/// The other end of a connection.
struct Peer {
    stream: BufReader<UnixStream>,
    conversation: JoinHandle<std::io::Result<()>>,
    stop: watch::Sender<()>,
}

impl Peer {
    fn connect(patience: Patience) -> Self {
        let (stream, other_end) = UnixStream::pair().unwrap();
        let (stop, stopped) = watch::channel(());
        let conversation = tokio::spawn(converse(other_end, accounts(), stopped, patience));
        Self { stream: BufReader::new(stream), conversation, stop }
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).await.unwrap();
    }

    async fn reply(&mut self) -> Reply {
        let mut line = String::new();
        self.stream.read_line(&mut line).await.unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    async fn refusal(&mut self, request: &[u8]) -> String {
        self.send(request).await;
        let Reply::Refused { reason } = self.reply().await else { panic!("it was not refused") };
        reason
    }
}

#[tokio::test]
async fn nonsense_is_refused_line_by_line_and_the_conversation_goes_on() {
    let mut peer = Peer::connect(Patience::default());
    for (line, told) in [
        (&b"\n"[..], "column"),
        (b"GET / HTTP/1.1\n", "column"),
        (b"\xff\xfe\n", "column"),
        (b"{}\n", "column"),
        (b"{\"version\": 1, \"command\": \"keys\"}\n", "version 1"),
        (b"{\"version\": 2, \"command\": \"fly\"}\n", "`fly`"),
        (b"{\"version\": 2, \"command\": \"user\"}\n", "column"),
    ] {
        let reason = peer.refusal(line).await;
        assert!(reason.contains(told), "{reason}");
    }
    let typo = format!(
        "{{\"version\": 2, \"command\": \"add_user\", \"username\": \"ada\", \"password\": 7, \
         \"roles\": \"{PASSWORD}\"}}\n"
    );
    assert!(!peer.refusal(typo.as_bytes()).await.contains(PASSWORD));
    peer.send(&Command::Keys.to_line().unwrap()).await;
    assert!(matches!(peer.reply().await, Reply::Keys { keys } if keys.len() == 2));
}

#[tokio::test]
async fn commands_survive_the_way_over_the_socket() {
    let mut peer = Peer::connect(Patience::default());
    let password = Secret::from(PASSWORD);
    let add = Command::AddUser { username: "Ada".into(), password, roles: vec!["admin".into()] };
    peer.send(&add.to_line().unwrap()).await;
    let Reply::User { user: AdminUser { username, roles, .. } } = peer.reply().await else {
        panic!("no user")
    };
    assert_eq!((username.as_str(), roles), ("Ada", vec!["admin".to_owned()]));
    let list = Command::Users { search: None, after: None, limit: 1 }.to_line().unwrap();
    // Two in one packet.
    peer.send(&[list.clone(), list].concat()).await;
    for _ in 0..2 {
        assert!(matches!(peer.reply().await, Reply::Users { users, .. } if users.len() == 1));
    }
}

#[tokio::test]
async fn a_line_without_an_end_is_given_up() {
    let mut peer = Peer::connect(Patience::default());
    let too_long = vec![b'x'; MAX_LINE_BYTES + 1];
    let reason = peer.refusal(&too_long).await;
    assert!(reason.contains("bytes long"), "{reason}");
    peer.conversation.await.unwrap().unwrap();
}

#[tokio::test]
async fn whoever_says_nothing_or_stops_half_way_is_not_waited_for() {
    let (short, long) = (Duration::from_millis(10), Duration::from_secs(600));
    for (patience, said) in [
        (Patience { idle: short, line: long }, &b""[..]),
        (Patience { idle: long, line: short }, b"{\"version\""),
    ] {
        let mut peer = Peer::connect(patience);
        peer.send(said).await;
        let error = peer.conversation.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    }
}

#[tokio::test]
async fn hanging_up_half_way_or_the_shutdown_ends_it() {
    let mut peer = Peer::connect(Patience::default());
    peer.send(b"{\"version\"").await;
    drop(peer.stream);
    peer.conversation.await.unwrap().unwrap();

    let mut peer = Peer::connect(Patience::default());
    drop(peer.stop);
    assert_eq!(peer.stream.read(&mut [0]).await.unwrap(), 0);
    peer.conversation.await.unwrap().unwrap();
}

fn record(username: &str) -> UserRecord {
    UserRecord {
        username: username.to_owned(),
        password_hash: HASH.into(),
        roles: None,
        created_at: None,
        disabled: false,
        totp_secret: None,
    }
}

#[tokio::test]
async fn each_record_is_told_what_became_of_it() {
    let accounts = accounts();
    let mut operator = Operator::new(Arc::clone(&accounts));
    let records = vec![
        record("Ada"),
        record("ADA"),
        record("a\tb"),
        UserRecord { password_hash: "unusable".into(), ..record("bob") },
        UserRecord { roles: Some(vec!["Not A Role".to_owned()]), ..record("bob") },
        UserRecord { created_at: Some(Timestamp::MAX), ..record("bob") },
        UserRecord { created_at: Some(Timestamp::MIN), ..record("bob") },
        UserRecord { totp_secret: Some("not base32!".into()), ..record("bob") },
        UserRecord { totp_secret: Some("GEZDGNBV".into()), ..record("bob") },
        UserRecord { roles: Some(Vec::new()), disabled: true, ..record("bob") },
    ];
    let mut import = async |records| match operator.execute(Command::Import { records }).await {
        Reply::Imported { outcomes } => outcomes,
        reply => panic!("{reply:?}"),
    };
    let outcomes = import(records.clone()).await;
    assert_eq!(outcomes[..2], [ImportResult::Added, ImportResult::AlreadyThere]);
    for (outcome, field) in outcomes[2..9].iter().zip([
        "username",
        "password_hash",
        "roles",
        "created_at",
        "created_at",
        "totp_secret",
        "totp_secret",
    ]) {
        let ImportResult::Refused(reason) = outcome else { panic!("{outcome:?}") };
        assert!(reason.starts_with(field), "{reason}");
        assert!(!reason.contains("unusable") && !reason.contains("GEZ"), "{reason}");
    }
    assert_eq!(outcomes[9], ImportResult::Added);
    let again = import(records).await;
    assert!(!again.contains(&ImportResult::Added), "{again:?}");

    let ada = accounts.store.user_by_name("ada").await.unwrap().unwrap();
    assert_eq!((ada.username.as_str(), ada.password_hash.expose()), ("Ada", HASH));
    assert_eq!((ada.roles, ada.disabled), (vec!["user".to_owned()], false));
    let bob = accounts.store.user_by_name("bob").await.unwrap().unwrap();
    assert!(bob.roles.is_empty() && bob.disabled);
}

#[tokio::test]
async fn pages_come_one_after_the_other_until_there_are_none() {
    let mut operator = Operator::new(accounts());
    let records = (0..5).map(|n| record(&format!("user{n}"))).collect();
    operator.execute(Command::Import { records }).await;
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let Reply::Users { users, next, .. } =
            operator.execute(Command::Users { search: None, after, limit: 2 }).await
        else {
            panic!("no users")
        };
        seen.extend(users.into_iter().map(|user| user.username));
        after = next;
        if next.is_none() {
            break;
        }
    }
    seen.sort();
    assert_eq!(seen, ["user0", "user1", "user2", "user3", "user4"]);
}

#[tokio::test]
async fn a_path_that_is_too_long_for_a_socket_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let long = dir.path().join("x".repeat(120));
    std::fs::create_dir(&long).unwrap();
    assert!(ControlSocket::bind(&long).is_err());
    assert_eq!(std::fs::read_dir(&long).unwrap().count(), 0);
    assert_eq!(
        ControlClient::connect(&long).await.unwrap_err().kind(),
        std::io::ErrorKind::InvalidInput
    );
}
