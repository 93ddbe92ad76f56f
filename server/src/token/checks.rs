use std::sync::Arc;

use jiff::Timestamp;

use super::claims::{Audience, Claims};
use super::fault::{Fault, Found, TokenKind};
use super::segments::{Object, Segments};
use super::{Accepted, Tokens};
use crate::keys::{Key, NoKey};

/// Header members that offer a key or demand an extension (RFC 7515 sections 4.1.2 to 4.1.11). We
/// trust only our own keys and support no extension.
const FORBIDDEN: [&str; 7] = ["jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "crit"];

impl Tokens {
    /// Makes all checks, cheap ones first. The claims are not read before the signature is
    /// verified. Faults that stay forever come before faults that time may cure.
    pub(super) fn check(&self, token: &str, now: Timestamp) -> Result<Accepted, Fault> {
        let segments = Segments::split(token)?;
        let header = segments.header()?;
        check_members(&header)?;
        let kind = check_type(&header)?;
        let key = self.find_key(&header, now)?;
        check_algorithm(&header, &key)?;
        segments.check_signature(&key)?;
        let claims = Claims::from_object(&segments.claims()?)?;
        self.check_issuer(&claims.iss)?;
        self.check_audience(&claims.aud, kind)?;
        self.check_expiry(claims.exp, now)?;
        self.check_not_before(claims.nbf, now)?;
        Ok(Accepted { kind, claims, key })
    }

    /// The key that `kid` names, if we have it and it verifies.
    pub(super) fn find_key(&self, header: &Object, now: Timestamp) -> Result<Arc<Key>, Fault> {
        let kid = header.get("kid");
        let found = || Found::new(kid);
        let text = kid.and_then(|kid| kid.as_str()).ok_or_else(|| Fault::KeyId(found()))?;
        self.keys.find(text, now).map_err(|no_key| match no_key {
            NoKey::Unknown => Fault::UnknownKey(found()),
            NoKey::NotYetCurrent => Fault::NextKey(found()),
            NoKey::Retired { verified_until } => {
                Fault::RetiredKey { kid: found(), since: verified_until }
            }
            NoKey::SecretNotConfigured => Fault::SecretNotConfigured(found()),
        })
    }

    /// Whether the token names a key that does not verify here, and may elsewhere.
    pub(crate) fn names_unknown_key(&self, token: &str, now: Timestamp) -> bool {
        let header = Segments::split(token).and_then(|segments| segments.header());
        let key = header.and_then(|header| self.find_key(&header, now));
        matches!(key, Err(Fault::UnknownKey(_) | Fault::NextKey(_)))
    }

    pub(super) fn check_issuer(&self, iss: &str) -> Result<(), Fault> {
        if iss == self.issuer {
            return Ok(());
        }
        Err(Fault::Issuer { found: Found::text(iss), expected: Found::text(&self.issuer) })
    }

    pub(super) fn check_audience(&self, aud: &Audience, kind: TokenKind) -> Result<(), Fault> {
        let is_ours = |one: &String| match kind {
            TokenKind::Access => *one == self.audience,
            TokenKind::Setup => *one == self.issuer,
            TokenKind::Guard => self.guarded.contains(one),
        };
        let holds_ours = match aud {
            Audience::One(one) => is_ours(one),
            Audience::Many(many) => many.iter().any(is_ours),
        };
        if holds_ours {
            return Ok(());
        }
        let ours = match kind {
            TokenKind::Access => self.audience.clone(),
            TokenKind::Setup => self.issuer.clone(),
            TokenKind::Guard => self.guarded.join(", "),
        };
        let found = serde_json::to_value(aud).ok();
        let (found, expected) = (Found::new(found.as_ref()), Found::text(&ours));
        Err(Fault::Audience { found, expected })
    }

    /// RFC 7519 section 4.1.4: in the second of `exp` the token is already expired.
    pub(super) fn check_expiry(&self, exp: i64, now: Timestamp) -> Result<(), Fault> {
        let now = now.as_second();
        if exp.saturating_add(self.leeway) <= now {
            return Err(Fault::Expired { exp, now });
        }
        Ok(())
    }

    /// RFC 7519 section 4.1.5.
    pub(super) fn check_not_before(&self, nbf: i64, now: Timestamp) -> Result<(), Fault> {
        let now = now.as_second();
        if nbf.saturating_sub(self.leeway) > now {
            return Err(Fault::NotYetValid { nbf, now });
        }
        Ok(())
    }
}

pub(super) fn check_members(header: &Object) -> Result<(), Fault> {
    let forbidden = FORBIDDEN.into_iter().find(|name| header.contains_key(*name));
    forbidden.map_or(Ok(()), |name| Err(Fault::HeaderMember(name)))
}

/// RFC 9068 section 4: `at+jwt` or `application/at+jwt`; media types ignore case.
pub(super) fn check_type(header: &Object) -> Result<TokenKind, Fault> {
    let found = header.get("typ");
    let typ = found.and_then(|typ| typ.as_str()).unwrap_or_default().to_ascii_lowercase();
    let typ = typ.strip_prefix("application/").unwrap_or(&typ);
    let kinds = [TokenKind::Access, TokenKind::Setup, TokenKind::Guard];
    let kind = kinds.into_iter().find(|kind| kind.typ() == typ);
    kind.ok_or_else(|| Fault::Type(Found::new(found)))
}

/// The key determines the algorithm (RFC 8725 section 3.1). The header can only agree with it.
pub(super) fn check_algorithm(header: &Object, key: &Key) -> Result<(), Fault> {
    let (found, pinned) = (header.get("alg"), key.algorithm());
    if found.and_then(|alg| alg.as_str()) == Some(pinned.name()) {
        return Ok(());
    }
    Err(Fault::Algorithm { found: Found::new(found), kid: key.kid().to_owned(), pinned })
}
