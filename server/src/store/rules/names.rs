//! Who owns a name, and which names nobody may take.
//!
//! A backend keeps for each user the case-mapped name, the [fold](crate::username::fold) that all
//! spellings of the name share, and the [looks](crate::username::looks) of the name.

use std::ops::RangeInclusive;

use crate::store::UserId;

/// Who is meant by a name: the user with this `exact` case-mapped name, or else the only one who
/// has a spelling of it. Where two users have spellings, only the exact name finds its owner.
pub(crate) fn owner(exact: Option<UserId>, spellings: &[UserId]) -> Option<UserId> {
    exact.or(if let [only] = spellings { Some(*only) } else { None })
}

/// The key by which attempts on a name are counted: the same for all its spellings. Where several
/// users have spellings of it, each of them has a key.
pub(crate) fn account_key(name: &str, fold: String, spellings: &[UserId]) -> String {
    if spellings.len() > 1 { name.to_owned() } else { fold }
}

/// Whether somebody has the name, in whatever spelling.
pub(crate) fn is_taken(exact: Option<UserId>, spellings: &[UserId]) -> bool {
    exact.is_some() || !spellings.is_empty()
}

/// The kinds of names with which a name is compared by its looks: `false` are those of ASCII
/// alone, `true` those with letters beyond it. One of two names that are compared must have such
/// letters: `modem` and `modern` are two people.
pub(crate) fn similar_kinds(username: &str) -> RangeInclusive<bool> {
    username.is_ascii()..=true
}
