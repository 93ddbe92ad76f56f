//! Tokens that must not be accepted, made from one that is good (RFC 7519; RFC 8725 section 2 has
//! the attacks).

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value, json};
use sha2::Sha256;

/// A signed JWT in its parts (RFC 7515 section 7.1).
struct Parts<'a> {
    header: &'a str,
    claims: &'a str,
    signature: &'a str,
}

/// `None` for a token that is no JWT.
fn parts(token: &str) -> Option<Parts<'_>> {
    let mut parts = token.split('.');
    let (header, claims, signature) = (parts.next()?, parts.next()?, parts.next()?);
    let jwt = Parts { header, claims, signature };
    (parts.next().is_none() && object(header).is_some() && object(claims).is_some()).then_some(jwt)
}

/// Whether the forgeries that need one can be made of this token.
pub(super) fn is_jwt(token: &str) -> bool {
    parts(token).is_some()
}

/// Each way of tampering with a token: its signature, its end and its subject for a JWT; any other
/// token with one character changed.
pub(super) fn tampered(token: &str) -> Vec<String> {
    let Some(Parts { header, claims, signature }) = parts(token) else {
        return vec![with_another_character(token)];
    };
    let mut variants = vec![format!("{header}.{claims}.{}", with_another_character(signature))];
    let changed = |name: &str, change: &dyn Fn(&Value) -> Value| {
        let mut changed = object(claims)?;
        let value = changed.get(name).map(change)?;
        changed.insert(name.to_owned(), value);
        Some(format!("{header}.{}.{signature}", encoded(&Value::Object(changed))))
    };
    let later = |exp: &Value| json!(exp.as_u64().unwrap_or_default() + 365 * 24 * 3600);
    let other = |sub: &Value| match sub {
        Value::String(sub) => json!(with_another_character(sub)),
        sub => json!(sub.as_u64().unwrap_or_default() + 1),
    };
    variants.extend(changed("exp", &later));
    variants.extend(changed("sub", &other));
    variants
}

/// The same claims, unsigned; `None` for a token that is no JWT.
pub(super) fn unsigned(token: &str) -> Option<String> {
    let Parts { header, claims, .. } = parts(token)?;
    Some(format!("{}.{claims}.", with_algorithm(header, "none")?))
}

/// The same claims, signed with HS256 and this secret; `None` for a token that is no JWT.
pub(super) fn signed_with(token: &str, secret: &[u8]) -> Option<String> {
    let Parts { header, claims, .. } = parts(token)?;
    let signed = format!("{}.{claims}", with_algorithm(header, "HS256")?);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    mac.update(signed.as_bytes());
    let signature = BASE64URL_NOPAD.encode(&mac.finalize().into_bytes());
    Some(format!("{signed}.{signature}"))
}

fn with_algorithm(header: &str, algorithm: &str) -> Option<String> {
    let mut header = object(header)?;
    header.insert("alg".to_owned(), json!(algorithm));
    Some(encoded(&Value::Object(header)))
}

/// The character in the middle: at the end of a base64 text some bits mean nothing.
fn with_another_character(text: &str) -> String {
    let middle = text.chars().count() / 2;
    let other = |char| if char == 'A' { 'B' } else { 'A' };
    text.chars()
        .enumerate()
        .map(|(at, char)| if at == middle { other(char) } else { char })
        .collect()
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).ok()?).ok()
}

fn encoded(value: &Value) -> String {
    BASE64URL_NOPAD.encode(value.to_string().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> String {
        let header = encoded(&json!({"alg": "EdDSA", "kid": "k1", "typ": "at+jwt"}));
        format!("{header}.{}.c2lnbmF0dXJl", encoded(&json!({"sub": "0190-ab", "exp": 1000})))
    }

    #[test]
    fn a_jwt_is_tampered_with_in_signature_end_and_subject() {
        let (good, variants) = (good(), tampered(&good()));
        assert_eq!(variants.len(), 3);
        let was = parts(&good).unwrap();
        let [signature, exp, sub] = [0, 1, 2].map(|at| parts(&variants[at]).unwrap());
        assert_eq!((signature.header, signature.claims), (was.header, was.claims));
        assert_ne!(signature.signature, was.signature);
        assert_eq!((exp.signature, sub.signature), (was.signature, was.signature));
        assert_eq!(object(exp.claims).unwrap()["exp"], 1000 + 365 * 24 * 3600);
        assert_ne!(object(sub.claims).unwrap()["sub"], "0190-ab");
        assert_eq!(object(sub.claims).unwrap()["exp"], 1000);
    }

    #[test]
    fn an_opaque_token_is_tampered_with_and_cannot_be_forged() {
        assert_eq!(tampered("opaque"), ["opaAue"]);
        assert!(!is_jwt("opaque") && unsigned("a.b.c").is_none());
    }

    #[test]
    fn an_unsigned_token_has_no_signature_and_keeps_its_claims() {
        let (good, unsigned) = (good(), unsigned(&good()).unwrap());
        let (was, is) = (parts(&good).unwrap(), parts(&unsigned).unwrap());
        assert_eq!((is.claims, is.signature), (was.claims, ""));
        let header = object(is.header).unwrap();
        assert_eq!((&header["alg"], &header["kid"]), (&json!("none"), &json!("k1")));
    }

    #[test]
    fn a_signature_with_hs256_is_right_for_its_secret() {
        // RFC 7515 appendix A.1: its key signs its own claims again.
        let key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
        let header = BASE64URL_NOPAD.encode(br#"{"alg":"HS256","typ":"JWT"}"#);
        let claims = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let secret = BASE64URL_NOPAD.decode(key.as_bytes()).unwrap();
        let token = signed_with(&format!("{header}.{claims}.x"), &secret).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap();
        mac.update(token.rsplit_once('.').unwrap().0.as_bytes());
        let signature = token.rsplit_once('.').unwrap().1;
        mac.verify_slice(&BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap()).unwrap();
        assert_eq!(parts(&token).unwrap().claims, claims);
    }
}
