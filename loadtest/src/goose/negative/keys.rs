//! What a careless server might take for an HS256 secret: its own public key, in each form in which
//! libraries hand one over.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::Value;

/// The secrets to try for the keys of this JWK Set (RFC 7517 section 5).
pub(super) fn secrets(jwks: &[u8]) -> Vec<Vec<u8>> {
    let document: Value = serde_json::from_slice(jwks).unwrap_or_default();
    let keys = document["keys"].as_array().map(Vec::as_slice).unwrap_or_default();
    keys.iter().filter_map(of_key).flatten().collect()
}

fn of_key(key: &Value) -> Option<Vec<Vec<u8>>> {
    let member = |name: &str| BASE64URL_NOPAD.decode(key[name].as_str()?.as_bytes()).ok();
    let (raw, spki) = match (key["kty"].as_str()?, key["crv"].as_str()) {
        ("OKP", Some("Ed25519")) => {
            let x = member("x")?;
            (x.clone(), info(&[ED25519], &x))
        }
        ("EC", Some("P-256")) => {
            let point = [vec![0x04], member("x")?, member("y")?].concat();
            (point.clone(), info(&[EC_PUBLIC_KEY, P256], &point))
        }
        ("RSA", _) => {
            let numbers = [integer(&member("n")?), integer(&member("e")?)].concat();
            let pkcs1 = element(SEQUENCE, &numbers);
            (pkcs1.clone(), info(&[RSA_ENCRYPTION, NULL], &pkcs1))
        }
        _ => return None,
    };
    Some(forms(raw, spki))
}

/// A key as PEM with and without the line end that a file has, as DER, and raw.
fn forms(raw: Vec<u8>, spki: Vec<u8>) -> Vec<Vec<u8>> {
    let pem = pem(&spki);
    let text = pem.trim_end().as_bytes().to_vec();
    vec![pem.into_bytes(), text, spki, raw]
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
/// 1.3.101.112 (RFC 8410 section 3).
const ED25519: &[u8] = &[0x06, 3, 0x2b, 0x65, 0x70];
/// 1.2.840.10045.2.1 (RFC 5480 section 2.1.1).
const EC_PUBLIC_KEY: &[u8] = &[0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// 1.2.840.10045.3.1.7 (RFC 5480 section 2.1.1.1).
const P256: &[u8] = &[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// 1.2.840.113549.1.1.1 (RFC 8017 appendix A.1).
const RSA_ENCRYPTION: &[u8] = &[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const NULL: &[u8] = &[0x05, 0];

/// `SubjectPublicKeyInfo` (RFC 5280 section 4.1) in DER.
fn info(algorithm: &[&[u8]], key: &[u8]) -> Vec<u8> {
    let algorithm = element(SEQUENCE, &algorithm.concat());
    let key = element(BIT_STRING, &[&[0], key].concat());
    element(SEQUENCE, &[algorithm, key].concat())
}

/// A positive one, from its big-endian bytes.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let bytes: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
    // A first bit that is set would be a sign.
    let sign = if bytes.first().is_none_or(|byte| byte & 0x80 != 0) { &[0][..] } else { &[] };
    element(INTEGER, &[sign, &bytes].concat())
}

/// Tag, length and content (X.690 section 8.1).
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut element = vec![tag];
    match u8::try_from(length) {
        Ok(short @ ..0x80) => element.push(short),
        _ => {
            let bytes: Vec<u8> =
                length.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
            element.push(0x80 | bytes.len() as u8);
            element.extend(bytes);
        }
    }
    element.extend_from_slice(content);
    element
}

/// RFC 7468 section 13.
fn pem(spki: &[u8]) -> String {
    let mut text = "-----BEGIN PUBLIC KEY-----\n".to_owned();
    for line in BASE64.encode(spki).as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text + "-----END PUBLIC KEY-----\n"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Of `openssl genpkey` and `openssl pkey -pubout`.
    fn vectors() -> [(Value, &'static str); 3] {
        [
            (
                json!({"kty": "OKP", "crv": "Ed25519", "x": "bkocvWxijgVE1ycP9-TiTmzZ9ZYz-gdYW5m1UBZLvs8"}),
                "-----BEGIN PUBLIC KEY-----\n\
                 MCowBQYDK2VwAyEAbkocvWxijgVE1ycP9+TiTmzZ9ZYz+gdYW5m1UBZLvs8=\n\
                 -----END PUBLIC KEY-----\n",
            ),
            (
                json!({"kty": "EC", "crv": "P-256", "x": "EiQmWhSsPWzdI5XCcXGvtraQBV6zqZMp43j3bifyF0M", "y": "PthRuzl3D8eN1Lk8ZT8DZUwxq7CZw3JmF4U0wPTEGzI"}),
                "-----BEGIN PUBLIC KEY-----\n\
                 MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEiQmWhSsPWzdI5XCcXGvtraQBV6z\n\
                 qZMp43j3bifyF0M+2FG7OXcPx43UuTxlPwNlTDGrsJnDcmYXhTTA9MQbMg==\n\
                 -----END PUBLIC KEY-----\n",
            ),
            (
                json!({"kty": "RSA", "n": concat!(
                    "293VZd9nIiSoHfvLa3O1fHLkMi6t4BMeh8kit8Ly4Aa0zM9wgk2G7ZtR2p5y8i6y",
                    "TXlpE01kBAEnvroP1lMIcL4B1s1OPc5emto27E9q5BG5TbJH1cvD7J8kxjPSG6pT",
                    "ZBQ-0h2oP3EUJ4N5bnNn6p75mCpbmHi4bNtnVa6G6OXUSPPuV8-8LdcucWVrkKg9",
                    "AJWOsuysm9URg4OYvM0kCUnquUtmyiDBKjDpE33hIs8OEz6tvMoXQ3svCJ19gYSx",
                    "E7-Pn2jtgTjI2dki2Sf43tLWlWnsvNvMqNRWNQaAkkaqpaSGgO9Czv3RfsGQzNvW",
                    "34rMYuHtw9bDmdaWMKvSAw",
                ), "e": "AQAB"}),
                "-----BEGIN PUBLIC KEY-----\n\
                 MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA293VZd9nIiSoHfvLa3O1\n\
                 fHLkMi6t4BMeh8kit8Ly4Aa0zM9wgk2G7ZtR2p5y8i6yTXlpE01kBAEnvroP1lMI\n\
                 cL4B1s1OPc5emto27E9q5BG5TbJH1cvD7J8kxjPSG6pTZBQ+0h2oP3EUJ4N5bnNn\n\
                 6p75mCpbmHi4bNtnVa6G6OXUSPPuV8+8LdcucWVrkKg9AJWOsuysm9URg4OYvM0k\n\
                 CUnquUtmyiDBKjDpE33hIs8OEz6tvMoXQ3svCJ19gYSxE7+Pn2jtgTjI2dki2Sf4\n\
                 3tLWlWnsvNvMqNRWNQaAkkaqpaSGgO9Czv3RfsGQzNvW34rMYuHtw9bDmdaWMKvS\n\
                 AwIDAQAB\n\
                 -----END PUBLIC KEY-----\n",
            ),
        ]
    }

    #[test]
    fn a_key_in_pem_is_what_openssl_writes() {
        for (jwk, pem) in vectors() {
            let secrets = secrets(json!({"keys": [jwk]}).to_string().as_bytes());
            assert_eq!(secrets.len(), 4);
            assert_eq!(std::str::from_utf8(&secrets[0]).unwrap(), pem);
            assert_eq!(std::str::from_utf8(&secrets[1]).unwrap(), pem.trim_end());
        }
    }

    #[test]
    fn keys_of_other_kinds_and_what_is_no_set_give_no_secret() {
        assert_eq!(secrets(br#"{"keys": [{"kty": "oct", "k": "AA"}, {}]}"#), Vec::<Vec<u8>>::new());
        assert_eq!(secrets(b"not json"), Vec::<Vec<u8>>::new());
        assert_eq!(secrets(br#"{"keys": []}"#), Vec::<Vec<u8>>::new());
    }
}
