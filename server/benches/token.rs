//! Access tokens by algorithm: what it takes to sign one, to verify it, and to accept it again when
//! it was accepted before.

use std::sync::Arc;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use hallpass::keys::{Algorithm, KeyRing};
use hallpass::store::{User, UserId};
use hallpass::token::{Grant, Tokens, UseFor};
use jiff::Timestamp;
use uuid::Uuid;

const ALGORITHMS: [Algorithm; 4] =
    [Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256, Algorithm::HS256];

fn tokens(algorithm: Algorithm) -> anyhow::Result<Tokens> {
    let keys = Arc::new(KeyRing::in_memory(algorithm)?);
    let (issuer, audience) = ("http://127.0.0.1:8080".to_owned(), "hallpass".to_owned());
    Ok(Tokens::new(keys, issuer, audience, Duration::from_secs(15 * 60)))
}

fn user(now: Timestamp) -> User {
    User {
        id: UserId::new(now),
        username: "Ada".to_owned(),
        username_key: "ada".to_owned(),
        password_hash: "".into(),
        password_version: 0,
        roles: vec!["user".to_owned()],
        disabled: false,
        created_at: now,
        factors: Default::default(),
    }
}

fn token(criterion: &mut Criterion) {
    let now = Timestamp::from_second(1_800_000_000).expect("a time");
    let user = user(now);
    let grant = Grant {
        use_for: UseFor::Access,
        user: &user,
        sid: Uuid::nil(),
        auth_time: now,
        amr: &[],
        not_after: Timestamp::MAX,
    };
    let mut group = criterion.benchmark_group("token");
    for algorithm in ALGORITHMS {
        let tokens = tokens(algorithm).expect("keys in memory");
        let token = tokens.sign(&grant, now).expect("a token").token;
        let accepted = tokens.accept(&token, now).expect("a token of our own");
        let mut bench = |what: &str, work: &dyn Fn() -> bool| {
            assert!(work(), "{what} fails with {algorithm}");
            group.bench_function(BenchmarkId::new(what, algorithm), |bencher| bencher.iter(work));
        };
        bench("sign", &|| tokens.sign(&grant, now).is_ok());
        bench("verify", &|| tokens.verify(&token, now).is_ok());
        bench("accept again", &|| tokens.accept_again(&accepted, now).is_ok());
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(50);
    targets = token
}
criterion_main!(benches);
