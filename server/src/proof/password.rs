//! Passwords: which are accepted, how they are stored, and the threads that hash them.

mod cost;
mod firebase;
mod foreign;
mod guessable;
mod kdf;
mod modular;
mod parse;
mod parts;
mod phc;
mod policy;
mod pool;
mod refused;
mod signer;
mod stored;
#[cfg(test)]
mod vectors;

pub use firebase::FirebaseProject;
pub use hallpass_kdf::Lanes;
pub use kdf::MAX_ITERATIONS;
pub use phc::PhcHash;
pub use policy::{MAX_CHARS, Policy};
pub use pool::{
    JobKind, JobTimes, KindStats, Pool, PoolError, PoolObserver, PoolStats, Settings, Unobserved,
    Verdict,
};
pub use stored::{StoredHash, UNUSABLE, is_unusable};

use hallpass_contract::Secret;
use precis_core::profile::Rules as _;
use precis_profiles::OpaqueString;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

/// A password after RFC 8265 OpaqueString: the form that is counted, checked and hashed.
#[derive(Clone, Debug)]
pub struct Password(Secret);

impl Password {
    /// Applies OpaqueString: Unicode normal form C, and every kind of space becomes the ASCII
    /// space. Nothing is trimmed or cut off.
    ///
    /// # Errors
    ///
    /// [`Unusable`], if it is empty or holds control characters.
    pub fn prepare(text: &Secret) -> Result<Self, Unusable> {
        let text = text.expose();
        if text.is_empty() || !text.chars().all(is_allowed) {
            return Err(Unusable);
        }
        let profile = OpaqueString::new();
        let mapped = profile.additional_mapping_rule(text).map_err(|_| Unusable)?;
        let normal = profile.normalization_rule(mapped).map_err(|_| Unusable)?;
        Ok(Self(Secret::from(normal.into_owned())))
    }

    /// The text that is counted and checked.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// RFC 8264's FreeformClass, but by today's Unicode. The precis crates follow Unicode 6.3 of 2013
/// and would refuse every newer emoji. Unlike the RFC, this allows what emoji sequences need:
/// joiners, variation selectors and tags.
fn is_allowed(c: char) -> bool {
    match c.general_category() {
        GeneralCategory::Control | GeneralCategory::PrivateUse | GeneralCategory::Unassigned => {
            false
        }
        GeneralCategory::Format => {
            matches!(c, '\u{200c}' | '\u{200d}' | '\u{e0020}'..='\u{e007f}')
        }
        _ => true,
    }
}

/// The text can't be a password: it is empty or holds control or unassigned characters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Unusable;

#[cfg(test)]
mod tests {
    use super::*;

    fn prepare(text: &str) -> Result<Password, Unusable> {
        Password::prepare(&Secret::from(text))
    }

    #[test]
    fn the_same_password_typed_on_another_keyboard_is_the_same() {
        let composed = prepare("caf\u{e9} au lait, s'il vous plait").unwrap();
        let combining = prepare("cafe\u{301} au\u{a0}lait, s'il vous plait").unwrap();
        assert_eq!(composed.expose(), combining.expose());
    }

    #[test]
    fn case_spaces_and_symbols_stay_as_they_are() {
        for text in ["  Grüße, 世界! 🦀  ", "❤️ 👨‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🫩"]
        {
            assert_eq!(prepare(text).unwrap().expose(), text);
        }
    }

    #[test]
    fn control_characters_and_emptiness_are_unusable() {
        assert_eq!(prepare("").unwrap_err(), Unusable);
        for bad in ["nul\0in the middle", "a\ttab", "bidi \u{202e}override", "\u{e000}", "\u{ffff}"]
        {
            assert_eq!(prepare(bad).unwrap_err(), Unusable, "{bad:?}");
        }
    }
}
