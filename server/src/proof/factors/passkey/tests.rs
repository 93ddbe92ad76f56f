//! Credentials of a device of ours, with bytes changed, left out and put in.

use std::sync::OnceLock;

use data_encoding::BASE64URL_NOPAD;
use proptest::prelude::*;
use proptest::sample::Index;
use webauthn_rs_proto::CollectedClientData;

use super::*;
use crate::store::{Factors, User};
use crate::username::Username;

#[path = "../../../../tests/api/device.rs"]
#[expect(dead_code, reason = "the tests over HTTP use all of it")]
mod device;

use device::Device;

/// What a device has made and signed, and what it was asked.
struct Genuine {
    party: RelyingParty,
    user: User,
    asked_for_new: AskedForNew,
    made: Value,
    asked: Asked,
    signed: Value,
}

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

async fn genuine() -> Genuine {
    let party = RelyingParty::at(None).unwrap().unwrap();
    let name = Username::parse("ada").unwrap();
    let mut user = User::new(&name, "hash".into(), Vec::new(), now());
    let mut device = Device::new();
    let (options, asked_for_new) = party.ask_for_new(&user).unwrap();
    let made = device.make(&options).await.unwrap();
    let added = party.made(&asked_for_new, made.clone(), "phone".to_owned(), now());
    let (passkey, _) = added.unwrap().unwrap();
    user.factors = Factors { passkeys: vec![passkey], ..Factors::default() };
    let (options, asked) = party.ask(Some(user.id), &[]).unwrap();
    let signed = device.sign(&options).await.unwrap();
    Genuine { party, user, asked_for_new, made, asked, signed }
}

fn all() -> &'static Genuine {
    static ALL: OnceLock<Genuine> = OnceLock::new();
    ALL.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(genuine())
    })
}

/// A change of the bytes of a field.
#[derive(Clone, Debug)]
enum Change {
    Flip(Index, u8),
    Remove(Index),
    Insert(Index, Vec<u8>),
    Cut(Index),
    Swap(Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (any::<Index>(), 1u8..).prop_map(|(at, bits)| Change::Flip(at, bits)),
        any::<Index>().prop_map(Change::Remove),
        (any::<Index>(), prop::collection::vec(any::<u8>(), 1..64))
            .prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        any::<Index>().prop_map(Change::Cut),
        any::<(Index, Index)>().prop_map(|(a, b)| Change::Swap(a, b)),
    ]
}

/// What the browser says of the question: its type, its challenge, and its origin's scheme and
/// host. `http://localhost`, `http://localhost/` and `http://localhost:8080` are the same.
fn client_data(credential: &Value) -> Option<(String, Vec<u8>, String, String)> {
    let text = credential["response"]["clientDataJSON"].as_str()?;
    let data = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
    let data: CollectedClientData = serde_json::from_slice(&data).ok()?;
    let (scheme, host) = (data.origin.scheme().to_owned(), data.origin.host_str()?.to_owned());
    Some((data.type_, data.challenge, scheme, host))
}

/// The credential with this field changed.
fn changed(credential: &Value, field: &str, changes: &[Change]) -> Value {
    let text = credential["response"][field].as_str().unwrap();
    let mut bytes = BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
    for change in changes {
        if bytes.is_empty() {
            break;
        }
        let length = bytes.len();
        match change {
            Change::Flip(at, bits) => bytes[at.index(length)] ^= bits,
            Change::Remove(at) => drop(bytes.remove(at.index(length))),
            Change::Insert(at, more) => {
                let at = at.index(length);
                bytes.splice(at..at, more.iter().copied());
            }
            Change::Cut(at) => bytes.truncate(at.index(length)),
            Change::Swap(a, b) => bytes.swap(a.index(length), b.index(length)),
        }
    }
    let mut changed = credential.clone();
    changed["response"][field] = BASE64URL_NOPAD.encode(&bytes).into();
    changed
}

#[test]
fn the_genuine_ones_are_accepted() {
    let Genuine { party, user, asked, signed, .. } = all();
    let answered = Answered::read(signed.clone()).unwrap();
    assert!(party.check(asked, &answered, user, now()).unwrap().is_ok());
}

/// As in `http://localhost/`: the same site, written otherwise.
#[test]
fn an_origin_with_a_slash_is_the_same_origin() {
    let Genuine { party, asked_for_new, made, .. } = all();
    let text = made["response"]["clientDataJSON"].as_str().unwrap();
    let data = BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
    let mut data: Value = serde_json::from_slice(&data).unwrap();
    data["origin"] = format!("{}/", data["origin"].as_str().unwrap()).into();
    let mut credential = made.clone();
    credential["response"]["clientDataJSON"] =
        BASE64URL_NOPAD.encode(data.to_string().as_bytes()).into();
    assert_eq!(client_data(made), client_data(&credential));
    let result = party.made(asked_for_new, credential, "phone".to_owned(), now());
    assert!(matches!(result, Ok(Some(_))), "{result:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn a_changed_signature_is_refused_and_never_a_fault(
        field in prop::sample::select(vec!["clientDataJSON", "authenticatorData", "signature"]),
        changes in prop::collection::vec(change(), 1..4),
    ) {
        let Genuine { party, user, asked, signed, .. } = all();
        let credential = changed(signed, field, &changes);
        prop_assume!(credential != *signed);
        if let Some(answered) = Answered::read(credential.clone()) {
            let checked = party.check(asked, &answered, user, now());
            prop_assert!(matches!(checked, Ok(Err(_))), "{credential} {checked:?}");
        }
    }

    #[test]
    fn a_changed_new_passkey_is_never_a_fault(
        field in prop::sample::select(vec!["clientDataJSON", "attestationObject"]),
        changes in prop::collection::vec(change(), 1..4),
    ) {
        let Genuine { party, asked_for_new, made, .. } = all();
        let credential = changed(made, field, &changes);
        let result = party.made(asked_for_new, credential.clone(), "phone".to_owned(), now());
        prop_assert!(result.is_ok(), "{credential} {result:?}");
        // The rest is not signed.
        let counts = client_data(made) == client_data(&credential);
        prop_assert!(counts || matches!(result, Ok(None)), "{credential} {result:?}");
    }
}
