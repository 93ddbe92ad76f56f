//! What `server/fuzz` feeds with whatever bytes. It is there only in a build for that.

use std::cell::LazyCell;
use std::sync::Arc;
use std::time::Duration;

use hallpass_contract as contract;
use http::header::{COOKIE, HeaderMap, HeaderValue};
use jiff::Timestamp;
use serde::Serialize;

use crate::body::{self, Form};
use crate::keys::{Algorithm, KeyRing};
use crate::proof::factors::Questions;
use crate::proof::password::StoredHash;
use crate::refresh_cookie::RefreshCookie;
use crate::token::Tokens;
use crate::{cli, store};

const TTL: Duration = Duration::from_secs(900);

thread_local! {
    static TOKENS: LazyCell<Tokens> = LazyCell::new(|| {
        let keys = Arc::new(KeyRing::in_memory(Algorithm::EdDSA).expect("keys"));
        Tokens::new(keys, "hallpass".to_owned(), "hallpass".to_owned(), TTL)
    });
}

/// An access token that nobody has signed: it is refused, and `token inspect` says why.
pub fn token(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    TOKENS.with(|tokens| {
        let now = Timestamp::UNIX_EPOCH + TTL;
        assert!(tokens.verify(text, now).is_err(), "a token without a signature was accepted");
        tokens.inspect(text, now);
    });
}

/// The body of a request; the first byte chooses the form. What is accepted reads as the same once
/// it is written again.
pub fn body(data: &[u8]) {
    let Some((form, body)) = data.split_first() else { return };
    match form % 12 {
        0 => read_again::<contract::Credentials>(body),
        1 => read_again::<contract::Reauthentication>(body),
        2 => read_again::<contract::PasswordChange>(body),
        3 => read_again::<contract::PasswordReset>(body),
        4 => read_again::<contract::RegistrationChange>(body),
        5 => read_again::<contract::NewBlock>(body),
        6 => read_again::<contract::SecondFactor>(body),
        7 => read_again::<contract::TotpConfirmation>(body),
        8 => read_again::<contract::PasskeyUser>(body),
        9 => read_again::<contract::PasskeyLogin>(body),
        10 => read_again::<contract::NewPasskey>(body),
        _ => read_again::<contract::UserPatch>(body),
    }
}

fn read_again<T: Form + Serialize>(body: &[u8]) {
    let Ok(form) = body::parse::<T>(body) else { return };
    let json = serde_json::to_vec(&form).expect("it was JSON");
    let again = body::parse::<T>(&json).expect("what was accepted is accepted again");
    assert_eq!(serde_json::to_vec(&again).expect("it was JSON"), json);
}

/// A password hash of an import, or of a damaged database.
pub fn hash(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = StoredHash::parse(text);
    }
}

/// A `Cookie` header.
pub fn cookie(data: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(data) else { return };
    let headers = HeaderMap::from_iter([(COOKIE, value)]);
    let cookie = RefreshCookie::below("");
    if cookie.token(&headers).is_some() {
        assert!(cookie.came(&headers));
    }
}

/// A file of users. Each line has its number, and numbers ascend.
pub fn import(data: &[u8]) {
    let mut last = 0;
    for line in cli::read_import(data.to_vec()) {
        assert!(line > last, "line {line} came after line {last}");
        last = line;
    }
}

thread_local! {
    static PASSKEYS: LazyCell<Questions> = LazyCell::new(|| Questions::new().expect("a site"));
}

/// What a browser says that it has made or signed with a passkey; the first byte chooses what. The
/// client data may be right, so that the rest is read, too. It is never a fault, no signature is
/// right by chance, and a passkey that is accepted can be read again.
pub fn credential(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else { return };
    PASSKEYS.with(|questions| match kind % 4 {
        0 => questions.made(serde_json::from_slice(rest).unwrap_or_default()),
        1 => questions.made_of(rest),
        2 => questions.signed(serde_json::from_slice(rest).unwrap_or_default()),
        _ => questions.signed_of(rest),
    });
}

/// A backup, after it was decrypted.
pub fn backup(data: &[u8]) {
    let _ = store::verify_backup(data);
}
