//! Whatever happens, the cache says what looking at everything anew would say.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use http::StatusCode;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::assets::Assets;
use crate::clock::Clock;
use crate::config::Config;
use crate::keys::KeyRing;
use crate::metrics::Metrics;
use crate::state::State;
use crate::store::{NewSession, RedbStore, UserEdit, UserId};
use crate::token::{Grant, UseFor};

const USERS: usize = 3;
const TTL: u64 = 900;

/// A server's state with users who are signed in.
struct Site {
    app: State,
    users: Vec<User>,
    /// Of each user one, in a session of its own.
    tokens: Vec<(String, SessionId)>,
}

impl Site {
    async fn new() -> Self {
        let config = Config::without_environment(&["--pbkdf2-iterations", "1"]).unwrap();
        let clock = Clock::manual(Timestamp::from_second(1_800_000_000).unwrap());
        let settings = config.keys.settings(None, config.access_ttl).unwrap();
        let keys = Arc::new(KeyRing::in_memory_with(settings, clock.now()).unwrap());
        let store = Arc::new(RedbStore::in_memory().unwrap());
        let app =
            State::new(&config, Metrics::default(), store, keys, clock, Assets::new([])).unwrap();
        let mut site = Self { app, users: Vec::new(), tokens: Vec::new() };
        for n in 0..USERS {
            let user = user(n, site.app.accounts.clock.now());
            site.app.accounts.store.create_user(user.clone(), None).await.unwrap();
            site.users.push(user);
            site.sign_in(n).await;
        }
        site
    }

    async fn sign_in(&mut self, n: usize) {
        let (app, at) = (&self.app, self.app.accounts.moment());
        let session =
            app.accounts.sessions.begin(self.users[n].id, Vec::new(), String::new(), at).unwrap();
        let (id, not_after) = (session.id, session.expires_at);
        let verified = crate::store::Verified {
            version: 0,
            renewed: None,
            amr: vec!["pwd".to_owned()],
            factor: None,
        };
        let new = NewSession { session, verified, at, address: String::new(), challenge: None };
        // Nobody who was deleted or disabled, or has another password, gets one.
        let _ = app.accounts.store.start_session(new).await.unwrap();
        let grant = Grant {
            use_for: UseFor::Access,
            user: &self.users[n],
            sid: id.uuid(),
            auth_time: at.now,
            amr: &[],
            not_after,
        };
        let token = app.accounts.tokens.sign(&grant, at.now).unwrap().token;
        self.tokens.push((token, id));
    }

    /// What holds, all of it looked at anew.
    async fn truth(&self, token: &str) -> Result<User, StatusCode> {
        let refused = StatusCode::UNAUTHORIZED;
        let claims = self
            .app
            .accounts
            .tokens
            .verify(token, self.app.accounts.clock.now())
            .map_err(|_| refused)?;
        let (id, session) = claims.subject().map_err(|_| refused)?;
        let stored = self.app.accounts.store.session(session).await.unwrap();
        if self.app.accounts.store.is_revoked(session) || stored.is_none() {
            return Err(refused);
        }
        let user = self.app.accounts.store.user_by_id(id).await.unwrap();
        user.filter(|user| !user.disabled).ok_or(refused)
    }

    async fn check(&self, token: &str) {
        let truth = self.truth(token).await;
        if let Some(bearer) = self.app.bearers.known(&self.app.accounts, token) {
            assert_eq!(Ok(&*bearer.user), truth.as_ref(), "at once");
        }
        let found =
            self.app.bearers.find(&self.app.accounts, token, self.app.accounts.clock.now()).await;
        let found =
            found.map(|bearer| User::clone(&bearer.user)).map_err(|problem| problem.status());
        assert_eq!(found, truth);
    }

    async fn edit(&self, n: usize, edit: UserEdit) {
        // Not of a user who was deleted.
        let _ = self
            .app
            .accounts
            .store
            .edit_user(self.users[n].id, edit, None, self.app.accounts.moment())
            .await;
    }

    async fn run(&mut self, event: &Event) {
        let (app, at) = (&self.app, self.app.accounts.moment());
        match event {
            Event::Advance(seconds) => app.accounts.clock.advance(Duration::from_secs(*seconds)),
            Event::Rewind(seconds) => app.accounts.clock.set_back(Duration::from_secs(*seconds)),
            Event::SignIn(n) => self.sign_in(*n).await,
            Event::EndSession(token) => {
                let (_, session) = token.get(&self.tokens);
                app.accounts.store.end_session(*session, at).await.unwrap();
            }
            Event::Disable(n, disabled) => {
                self.edit(*n, UserEdit { roles: None, disabled: Some(*disabled) }).await;
            }
            Event::Roles(n, role) => {
                let roles = Some(vec![format!("role-{role}")]);
                self.edit(*n, UserEdit { roles, disabled: None }).await;
            }
            Event::SetPassword(n) => {
                app.accounts
                    .store
                    .set_password(self.users[*n].id, "another".into(), at)
                    .await
                    .unwrap();
            }
            Event::Delete(n) => {
                let _ = app.accounts.store.delete_user(self.users[*n].id, None, at).await;
            }
            Event::Rotate => drop(app.accounts.keys.rotate(at.now).unwrap()),
            Event::Sweep => app.sweep().await,
            Event::Mutate(token, at, byte) => {
                let mut bytes = token.get(&self.tokens).0.clone().into_bytes();
                let at = at.index(bytes.len());
                bytes[at] = *byte;
                self.check(&String::from_utf8(bytes).unwrap()).await;
            }
        }
    }
}

fn user(n: usize, now: Timestamp) -> User {
    User {
        id: UserId::new(now),
        username: format!("user-{n}"),
        username_key: format!("user-{n}"),
        password_hash: "a hash".into(),
        password_version: 0,
        roles: vec!["user".to_owned()],
        disabled: false,
        created_at: now,
        factors: Default::default(),
    }
}

#[derive(Clone, Debug)]
enum Event {
    Advance(u64),
    Rewind(u64),
    SignIn(usize),
    EndSession(Index),
    Disable(usize, bool),
    Roles(usize, u8),
    SetPassword(usize),
    Delete(usize),
    Rotate,
    Sweep,
    Mutate(Index, Index, u8),
}

fn event() -> impl Strategy<Value = Event> {
    let user = || 0..USERS;
    prop_oneof![
        (0..2 * TTL).prop_map(Event::Advance),
        (0..2 * TTL).prop_map(Event::Rewind),
        user().prop_map(Event::SignIn),
        any::<Index>().prop_map(Event::EndSession),
        (user(), any::<bool>()).prop_map(|(n, disabled)| Event::Disable(n, disabled)),
        (user(), any::<u8>()).prop_map(|(n, role)| Event::Roles(n, role)),
        user().prop_map(Event::SetPassword),
        user().prop_map(Event::Delete),
        Just(Event::Rotate),
        Just(Event::Sweep),
        (any::<Index>(), any::<Index>(), b'-'..=b'z')
            .prop_map(|(token, at, byte)| Event::Mutate(token, at, byte)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    #[test]
    fn the_cache_agrees_with_the_store_the_keys_and_the_clock(
        events in prop::collection::vec(event(), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut site = Site::new().await;
            for event in &events {
                for (token, _) in &site.tokens {
                    site.check(token).await;
                }
                site.run(event).await;
            }
            for (token, _) in &site.tokens {
                site.check(token).await;
            }
        });
    }
}

#[tokio::test]
async fn a_token_that_was_accepted_is_known_until_it_expires() {
    let site = Site::new().await;
    let (token, _) = &site.tokens[0];
    assert!(site.app.bearers.known(&site.app.accounts, token).is_none(), "nobody has looked yet");
    site.check(token).await;
    site.app.accounts.clock.advance(Duration::from_secs(TTL - 1));
    assert!(site.app.bearers.known(&site.app.accounts, token).is_some());
    site.app.accounts.clock.advance(Duration::from_secs(1));
    assert!(site.app.bearers.known(&site.app.accounts, token).is_none());
    site.check(token).await;
    site.app.bearers.sweep(&site.app.accounts, site.app.accounts.clock.now());
    assert_eq!(site.app.bearers.cache.len(), 0);
}

#[tokio::test]
async fn the_cache_does_not_grow_beyond_its_bound() {
    let site = Site::new().await;
    let now = site.app.accounts.clock.now();
    let bearer = site.app.bearers.find(&site.app.accounts, &site.tokens[0].0, now).await.unwrap();
    // As long as tokens get.
    let padding = "x".repeat(8000);
    for n in 0..2 * CAPACITY as usize / 9000 {
        site.app.bearers.cache.insert(format!("{n}{padding}").into(), Arc::clone(&bearer));
    }
    assert!(site.app.bearers.cache.weight() <= CAPACITY);
    assert!(site.app.bearers.cache.len() > 1000);
}

/// Threads verify while sessions end, users change and keys rotate. What was acknowledged before a
/// thread looks, it sees.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_that_was_acknowledged_slips_past_threads_that_verify() {
    const ROUNDS: usize = 150;
    let mut site = Site::new().await;
    for _ in 0..ROUNDS {
        site.sign_in(0).await;
    }
    let site = Arc::new(site);
    let (ended, role) = (Arc::new(AtomicUsize::new(USERS)), Arc::new(AtomicUsize::new(0)));
    let (done, looks) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let (site, ended, role) = (Arc::clone(&site), Arc::clone(&ended), Arc::clone(&role));
            let (done, looks) = (Arc::clone(&done), Arc::clone(&looks));
            tokio::spawn(async move {
                while !done.load(Ordering::Acquire) {
                    for back in 0..3 {
                        let (gone, roles) =
                            (ended.load(Ordering::Acquire), role.load(Ordering::Acquire));
                        // Of the one user who changes.
                        let n = (gone + 1 - back).clamp(USERS, site.tokens.len() - 1);
                        let token = &site.tokens[n].0;
                        let State { accounts, bearers, .. } = &site.app;
                        let known = bearers.known(accounts, token);
                        let found = bearers.find(accounts, token, accounts.clock.now()).await;
                        if (USERS..gone).contains(&n) {
                            assert!(known.is_none() && found.is_err(), "token {n} of {gone}");
                        } else if n > ROUNDS + USERS - 2 {
                            found.as_ref().expect("this one is never ended");
                        }
                        for bearer in known.into_iter().chain(found) {
                            let seen: usize = bearer.user.roles[0]
                                .strip_prefix("role-")
                                .map_or(0, |number| number.parse().unwrap());
                            assert!(seen >= roles, "role {seen} after {roles}");
                        }
                        looks.fetch_add(1, Ordering::Relaxed);
                    }
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for round in 1..ROUNDS {
        let edit = UserEdit { roles: Some(vec![format!("role-{round}")]), disabled: None };
        site.edit(0, edit).await;
        role.store(round, Ordering::Release);
        let next = ended.load(Ordering::Acquire);
        let accounts = &site.app.accounts;
        accounts.store.end_session(site.tokens[next].1, accounts.moment()).await.unwrap();
        ended.store(next + 1, Ordering::Release);
        if round % 10 == 0 {
            accounts.keys.rotate(accounts.clock.now()).unwrap();
        }
    }
    done.store(true, Ordering::Release);
    for thread in threads {
        thread.await.unwrap();
    }
    assert!(looks.load(Ordering::Relaxed) > ROUNDS, "the threads did look");
}
