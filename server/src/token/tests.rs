use std::sync::OnceLock;

use jsonwebtoken::EncodingKey;
use serde_json::{Value, json};

use super::*;
use crate::keys::{Algorithm, Key};
use crate::store::UserId;

mod attacks;
mod claims;
mod inspection;
mod interop;
mod properties;
mod rotation;
mod signatures;
mod spelling;
mod valid;

const ISSUER: &str = "https://login.example";
const AUDIENCE: &str = "hallpass";
const TTL: Duration = Duration::from_secs(900);
const NOW: i64 = 1_800_000_000;

const ALGORITHMS: [Algorithm; 4] =
    [Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256, Algorithm::HS256];

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn tokens_of(keys: Arc<KeyRing>) -> Tokens {
    Tokens::new(keys, ISSUER.to_owned(), AUDIENCE.to_owned(), TTL)
}

fn tokens(algorithm: Algorithm) -> Tokens {
    tokens_of(Arc::new(KeyRing::in_memory(algorithm).unwrap()))
}

/// A server for each algorithm. They are made once, since RSA keys take a while.
fn each_algorithm() -> &'static [Tokens; 4] {
    static ALL: OnceLock<[Tokens; 4]> = OnceLock::new();
    ALL.get_or_init(|| ALGORITHMS.map(tokens))
}

fn user() -> User {
    User {
        id: UserId::new(at(NOW)),
        username: "Ada".to_owned(),
        username_key: "ada".to_owned(),
        password_hash: "".into(),
        password_version: 0,
        roles: vec!["admin".to_owned()],
        disabled: false,
        created_at: at(NOW),
        factors: Default::default(),
    }
}

/// Signs for a user who has just given their password, in a session that never ends.
fn sign_for(tokens: &Tokens, user: &User, now: i64) -> Signed {
    let (auth_time, amr, not_after) = (at(now), &["pwd".to_owned()][..], Timestamp::MAX);
    tokens
        .sign(
            &Grant { use_for: UseFor::Access, user, sid: Uuid::nil(), auth_time, amr, not_after },
            at(now),
        )
        .unwrap()
}

fn valid(tokens: &Tokens) -> String {
    sign_for(tokens, &user(), NOW).token
}

fn key(tokens: &Tokens) -> Arc<Key> {
    tokens.keys.signing_key().unwrap().key
}

/// The header of a valid token.
fn header(tokens: &Tokens) -> Value {
    let key = key(tokens);
    json!({"alg": key.algorithm().name(), "typ": "at+jwt", "kid": key.kid()})
}

/// The claims of a valid token.
fn claims(tokens: &Tokens) -> Value {
    serde_json::to_value(tokens.verify(&valid(tokens), at(NOW)).unwrap()).unwrap()
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    BASE64URL_NOPAD.encode(bytes.as_ref())
}

/// A token of this text, with a right signature of our key.
fn forge_text(key: &Key, header: &str, claims: &str) -> String {
    let input = format!("{}.{}", base64(header), base64(claims));
    let signature = base64(key.sign(input.as_bytes()).unwrap());
    format!("{input}.{signature}")
}

/// A token of these values, with a right signature.
fn forge(tokens: &Tokens, header: &Value, claims: &Value) -> String {
    forge_text(&key(tokens), &header.to_string(), &claims.to_string())
}

/// A token of these values, signed by another server's key of the same algorithm.
fn forge_by_stranger(tokens: &Tokens, header: &Value, claims: &Value) -> String {
    forge_text(&stranger(key(tokens).algorithm()), &header.to_string(), &claims.to_string())
}

/// Another server's key.
fn stranger(algorithm: Algorithm) -> Arc<Key> {
    static ALL: OnceLock<[Tokens; 4]> = OnceLock::new();
    let all = ALL.get_or_init(|| ALGORITHMS.map(tokens));
    all.iter().map(key).find(|key| key.algorithm() == algorithm).unwrap()
}

fn with(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    object[name] = value;
    object
}

fn without(object: &Value, name: &str) -> Value {
    let mut object = object.clone();
    object.as_object_mut().unwrap().remove(name).unwrap();
    object
}

/// Checks that the token is refused, and that [`Tokens::inspect`] says so, too.
#[track_caller]
fn refused(tokens: &Tokens, token: &str) {
    assert_eq!(tokens.verify(token, at(NOW)), Err(TokenError::Invalid), "{token}");
    assert!(!tokens.inspect(token, at(NOW)).accepted, "{token}");
}

#[track_caller]
fn accepted(tokens: &Tokens, token: &str) {
    assert!(tokens.verify(token, at(NOW)).is_ok(), "{:#?}", tokens.inspect(token, at(NOW)));
    assert!(tokens.inspect(token, at(NOW)).accepted, "{token}");
}
