use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::fault::{Fault, MAX_TOKEN_BYTES, Part};
use crate::keys::Key;

/// The members of a JSON object.
pub(super) type Object = Map<String, Value>;

/// A token in the compact form of RFC 7515 section 3.1, not decoded yet.
pub(super) struct Segments<'a> {
    header: &'a str,
    claims: &'a str,
    /// The header and the claims, with the dot between them.
    signed: &'a str,
    signature: &'a str,
}

impl<'a> Segments<'a> {
    pub(super) fn split(token: &'a str) -> Result<Self, Fault> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Fault::TooLong(token.len()));
        }
        let wrong = || match token.split('.').count() {
            5 => Fault::Encrypted,
            parts => Fault::Parts(parts),
        };
        let (signed, signature) = token.rsplit_once('.').ok_or_else(wrong)?;
        let (header, claims) = signed.split_once('.').ok_or_else(wrong)?;
        if claims.contains('.') {
            return Err(wrong());
        }
        Ok(Self { header, claims, signed, signature })
    }

    pub(super) fn header(&self) -> Result<Object, Fault> {
        object(self.header, Part::Header)
    }

    /// The claims. Don't trust them before the signature is verified.
    pub(super) fn claims(&self) -> Result<Object, Fault> {
        object(self.claims, Part::Claims)
    }

    pub(super) fn check_signature(&self, key: &Key) -> Result<(), Fault> {
        let signature = decode(self.signature, Part::Signature)?;
        if key.verifies(self.signed.as_bytes(), &signature) {
            Ok(())
        } else {
            Err(Fault::Signature { kid: key.kid().to_owned() })
        }
    }
}

/// Decodes canonical base64url: no padding, no other characters, and zeros in the unused last bits.
/// So no token can be spelled in two ways.
fn decode(text: &str, part: Part) -> Result<Vec<u8>, Fault> {
    BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| Fault::Encoding(part))
}

fn object(text: &str, part: Part) -> Result<Object, Fault> {
    let json = decode(text, part)?;
    let members: UniqueMembers =
        serde_json::from_slice(&json).map_err(|error| Fault::Json { part, error })?;
    Ok(members.0)
}

/// A JSON object in which no member occurs twice. Of two, one parser would take the first and
/// another the last (RFC 7519 section 4, RFC 7515 section 4). It checks the top level only, since
/// no member that we read is an object.
struct UniqueMembers(Object);

impl<'de> Deserialize<'de> for UniqueMembers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(UniqueMembersVisitor)
    }
}

struct UniqueMembersVisitor;

impl<'de> Visitor<'de> for UniqueMembersVisitor {
    type Value = UniqueMembers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut object = Object::new();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            if object.insert(name, value).is_some() {
                return Err(de::Error::custom("a member is there twice"));
            }
        }
        Ok(UniqueMembers(object))
    }
}
