//! Usernames: RFC 8265, unique after case folding.

mod lookalike;
mod reserved;

pub(crate) use self::lookalike::looks;
pub(crate) use self::reserved::{LOOKS_LIKE_ANOTHER, NameRules};

use std::borrow::Cow;

use icu_casemap::CaseMapper;
use precis_core::Error as PrecisError;
use precis_core::profile::PrecisFastInvocation as _;
use precis_profiles::{UsernameCaseMapped, UsernameCasePreserved};
use unicode_normalization::UnicodeNormalization as _;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory as _};

/// The fewest characters a username may have.
pub(crate) const MIN_CHARS: usize = 3;
/// The most characters a username may have.
pub(crate) const MAX_CHARS: usize = 64;

/// The most characters of a name that another system gave. Keycloak allows as many, and an e-mail
/// address has fewer.
pub(crate) const MAX_GIVEN_CHARS: usize = 255;
/// The most bytes of such a name. Percent-encoded in a header it stays below 2 KiB, and a token
/// that holds it below its limit.
pub(crate) const MAX_GIVEN_BYTES: usize = 512;

/// A username that follows the rules.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Username {
    display: String,
    key: String,
}

impl Username {
    /// Applies RFC 8265 and the length limits, which count characters after mapping.
    ///
    /// # Errors
    ///
    /// A sentence that tells a person what to do.
    pub fn parse(text: &str) -> Result<Self, String> {
        // Mapping changes the number of characters by a small factor only. So a text this long is
        // refused without mapping it.
        if text.is_empty() || text.len() > MAX_CHARS * 16 {
            return Err(wrong_length());
        }
        let display = UsernameCasePreserved::enforce(text).map_err(|error| explain(&error))?;
        let key = UsernameCaseMapped::enforce(text).map_err(|error| explain(&error))?;
        // RFC 8264 section 7: the rules must leave a name that they have mapped unchanged.
        // Otherwise users could not sign in with the name that they are shown.
        let settled = UsernameCasePreserved::enforce(&*display).map_err(|error| explain(&error))?;
        if settled != display {
            return Err(NO_SUCH_LETTERS.to_owned());
        }
        let allowed = MIN_CHARS..=MAX_CHARS;
        if !allowed.contains(&display.chars().count()) || !allowed.contains(&key.chars().count()) {
            return Err(wrong_length());
        }
        Ok(Self { display: display.into_owned(), key: key.into_owned() })
    }

    /// A name that somebody may have. An operator can import names that nobody may register: short
    /// and long ones, and several words with a space between (RFC 8265 section 3.1, userparts).
    /// Their characters follow the same rules.
    ///
    /// # Errors
    ///
    /// A sentence that tells a person what is wrong.
    pub fn given(text: &str) -> Result<Self, String> {
        if let Ok(name) = Self::parse(text) {
            return Ok(name);
        }
        if text.is_empty() || text.len() > MAX_GIVEN_BYTES * 4 {
            return Err(wrong_given_length());
        }
        // The words together must run in one direction, too.
        let joined = text.replace(' ', "-");
        UsernameCasePreserved::enforce(&*joined).map_err(|error| explain(&error))?;
        let display = words(text, UsernameCasePreserved::enforce)?;
        let key = words(text, UsernameCaseMapped::enforce)?;
        if words(&display, UsernameCasePreserved::enforce)? != display {
            return Err(NO_SUCH_LETTERS.to_owned());
        }
        let fits =
            |name: &str| name.len() <= MAX_GIVEN_BYTES && name.chars().count() <= MAX_GIVEN_CHARS;
        if !fits(&display) || !fits(&key) {
            return Err(wrong_given_length());
        }
        Ok(Self { display, key })
    }

    /// The name as its owner writes it.
    pub fn display(&self) -> &str {
        &self.display
    }

    /// The case-mapped name, unique among all users. It tells apart the few names that were
    /// registered before folded spellings were compared.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The same for all spellings of the name. No two users may have the same one.
    pub fn fold(&self) -> String {
        fold(&self.key)
    }
}

/// Maps all spellings of a name to one by Unicode's full case folding (section 3.13, D145). So
/// `ΟΔΥΣΣΕΥΣ` and `οδυσσευς` are one name, and so are `STRASSE` and `straße`.
pub(crate) fn fold(name: &str) -> String {
    let decomposed: String = name.nfd().collect();
    CaseMapper::new().fold_string(&decomposed).nfc().collect()
}

/// The version of what [`fold`] and [`looks`] depend on. When it changes, stored names must be
/// updated. The number counts our own changes.
pub(crate) fn spelling_version() -> String {
    let (looks, forms) =
        (unicode_security::UNICODE_VERSION, unicode_normalization::UNICODE_VERSION);
    format!("1, {looks:?}, {forms:?}")
}

/// Maps each word of a name.
fn words<'a>(
    text: &'a str,
    map: impl Fn(&'a str) -> Result<Cow<'a, str>, PrecisError>,
) -> Result<String, String> {
    let mapped = text.split(' ').map(|word| match word.chars().next() {
        None => Err("Leave out spaces at the ends of the username, and two in a row.".to_owned()),
        Some(c) if c.general_category_group() == GeneralCategoryGroup::Mark => {
            Err("Begin each word of the username with a letter or digit.".to_owned())
        }
        Some(_) => map(word).map_err(|error| explain(&error)),
    });
    Ok(mapped.collect::<Result<Vec<_>, _>>()?.join(" "))
}

fn wrong_given_length() -> String {
    format!("Give a username of 1 to {MAX_GIVEN_CHARS} characters and {MAX_GIVEN_BYTES} bytes.")
}

fn wrong_length() -> String {
    format!("Choose a username of {MIN_CHARS} to {MAX_CHARS} characters.")
}

const NO_SUCH_LETTERS: &str = "Choose a username of plain letters and digits.";

/// Whether it can be shown in a sentence without changing how the sentence looks.
fn is_visible(c: char) -> bool {
    use GeneralCategoryGroup::{Letter, Number, Punctuation, Symbol};
    matches!(c.general_category_group(), Letter | Number | Punctuation | Symbol)
}

fn explain(error: &PrecisError) -> String {
    match error {
        PrecisError::BadCodepoint(info) => match char::from_u32(info.cp) {
            Some(c) if c.is_whitespace() => {
                "Leave spaces out of the username; letters, digits and marks like . _ - @ are fine."
                    .to_owned()
            }
            Some(c) if is_visible(c) => {
                format!(
                    "Leave “{c}” out of the username; it is not a letter or digit that names may have."
                )
            }
            _ => format!("Leave the character U+{:04X} out of the username.", info.cp),
        },
        // The name mixes letters of both writing directions (RFC 5893).
        _ => "Choose a username of letters and digits that are all written in one direction."
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_in_case_or_width_alone_are_the_same() {
        let ada = Username::parse("Ada.Lovelace").unwrap();
        assert_eq!(ada.display(), "Ada.Lovelace");
        assert_eq!(ada.key(), "ada.lovelace");
        assert_eq!(Username::parse("ADA.LOVELACE").unwrap().key(), ada.key());
        assert_eq!(Username::parse("Ａｄａ.Lovelace").unwrap().key(), ada.key());
        // One has precomposed accents, the other combining ones.
        assert_eq!(
            Username::parse("Zo\u{eb}").unwrap().key(),
            Username::parse("zoe\u{308}").unwrap().key()
        );
    }

    #[test]
    fn all_spellings_of_a_name_are_one() {
        let fold = |name: &str| Username::parse(name).unwrap().fold();
        for spellings in [
            &["ΟΔΥΣΣΕΥΣ", "Οδυσσευς", "οδυσσευς", "οδυσσευσ"][..],
            &["STRASSE", "Straße", "strasse", "STRAẞE"],
            &["ΐώτα", "Ϊ\u{301}ΏΤΑ"],
            &["ǰabc", "J\u{30c}abc"],
            &["Zoë", "ZOE\u{308}"],
            &["Ａｄａ", "ada"],
        ] {
            let folds: Vec<String> = spellings.iter().map(|name| fold(name)).collect();
            assert!(folds.iter().all(|fold| *fold == folds[0]), "{spellings:?} {folds:?}");
        }
        assert_ne!(fold("zoe"), fold("zoë"));
    }

    #[test]
    fn the_case_mapped_name_folds_as_the_name_itself() {
        for c in (0..=0x0010_ffff).filter_map(char::from_u32) {
            if let Ok(name) = Username::parse(&format!("ab{c}")) {
                assert_eq!(name.fold(), fold(name.display()), "U+{:04X}", c as u32);
                assert_eq!(fold(&name.fold()), name.fold(), "U+{:04X}", c as u32);
            }
        }
    }

    #[test]
    fn a_name_can_be_typed_as_it_is_shown() {
        // The mapping turns both into characters that the rules refuse.
        for unsettled in ["＝\u{338}abc", "\u{1f0a}\u{345}abc"] {
            assert!(Username::parse(unsettled).is_err(), "{unsettled}");
        }
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert!(Username::parse("äöü").is_ok());
        assert!(Username::parse(&"ж".repeat(64)).is_ok());
        for bad in ["", "ab", "äö", &"ж".repeat(65), &"x".repeat(60_000)] {
            assert!(Username::parse(bad).is_err(), "{bad:.20}");
        }
    }

    #[test]
    fn another_system_may_have_given_short_long_and_spaced_names() {
        let email = format!("{}@example.org", "x".repeat(100));
        for name in ["a", "jo", "Ada Lovelace", "Ада Л", "張 偉", &email, &"ж".repeat(255)] {
            assert!(Username::parse(name).is_err(), "{name}");
            let given = Username::given(name).unwrap();
            assert_eq!(given.display(), name);
            let shouted = Username::given(&name.to_uppercase()).unwrap();
            assert_eq!((given.key(), given.fold()), (shouted.key(), shouted.fold()));
            assert_eq!(Username::given(given.display()).unwrap(), given);
        }
        assert_eq!(Username::given("Ｊo Ｏ").unwrap().display(), "Jo O");
        assert_eq!(Username::given("Ada"), Username::parse("Ada"));
    }

    #[test]
    fn a_given_name_that_could_fool_somebody_is_refused() {
        for (name, told) in [
            ("", "1 to 255"),
            (" ", "spaces"),
            (" ada", "spaces"),
            ("ada ", "spaces"),
            ("a  b", "spaces"),
            ("a\u{a0}b", "spaces"),
            ("a\u{3000}b", "spaces"),
            ("a\tb", "spaces"),
            ("a\nb", "spaces"),
            ("x\0", "U+0000"),
            ("a b\u{202e}", "U+202E"),
            ("a b\u{200b}", "U+200B"),
            ("a \u{301}b", "Begin each word"),
            ("a \u{5d0}", "one direction"),
            ("a \u{2603}", "\u{2603}"),
            (&"x".repeat(256), "255 characters"),
            (&"漢".repeat(200), "512 bytes"),
            (&"x".repeat(60_000), "255 characters"),
        ] {
            let error = Username::given(name).unwrap_err();
            assert!(error.contains(told), "{name:.20}: {error}");
        }
    }

    #[test]
    fn the_message_names_what_must_go() {
        assert!(Username::parse("two words").unwrap_err().contains("spaces"));
        assert!(Username::parse("snow☃man").unwrap_err().contains('☃'));
        assert!(Username::parse("nul\0nul").unwrap_err().contains("U+0000"));
        assert!(Username::parse("bidi\u{202e}").unwrap_err().contains("U+202E"));
        assert!(Username::parse("").unwrap_err().contains("username"));
    }
}
