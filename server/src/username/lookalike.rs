//! Names that look like another's (Unicode Technical Standard 39).

use unicode_script::Script;
use unicode_security::confusable_detection::skeleton;
use unicode_security::mixed_script::AugmentedScriptSet;

use super::fold;

/// What a name looks like. Two names look alike if they have one of these in common. The name
/// counts as it is shown, in small letters, and in capitals: `М` looks like `M`, but `м` does not
/// look like `m`.
pub(crate) fn looks(display: &str) -> Vec<String> {
    let small = fold(display);
    let mut looks = vec![look(display), look(&small), look(&small.to_uppercase())];
    looks.sort_unstable();
    looks.dedup();
    looks
}

/// The skeleton of UTS 39 section 4, folded.
fn look(text: &str) -> String {
    fold(&skeleton(text).collect::<String>())
}

/// Whether the name mixes scripts in an unusual way: beyond "highly restrictive" in UTS 39 section
/// 5.2. That level allows one script, or Latin together with the scripts of Japan, Korea and China.
pub(super) fn mixes_scripts(name: &str) -> bool {
    let mut all = AugmentedScriptSet::default();
    let mut beside_latin = AugmentedScriptSet::default();
    for c in name.chars() {
        let scripts = AugmentedScriptSet::for_char(c);
        all.intersect_with(scripts);
        if !scripts.base.contains_script(Script::Latin) {
            beside_latin.intersect_with(scripts);
        }
    }
    all.is_empty() && !(beside_latin.jpan || beside_latin.kore || beside_latin.hanb)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look_alike(one: &str, other: &str) -> bool {
        looks(one).iter().any(|look| looks(other).contains(look))
    }

    #[test]
    fn letters_of_other_scripts_look_like_latin_ones() {
        for (one, other) in [
            ("сосо", "coco"),
            ("аdmin", "admin"),
            // Capital Ve looks like B, but small ve does not look like b.
            ("Воss", "boss"),
            ("ΜΙΜΙ", "mimi"),
            ("ｐaul", "paul"),
            ("Ian", "lan"),
            ("r00t", "root"),
            ("modem", "modern"),
        ] {
            assert!(look_alike(one, other), "{one} {other}");
        }
        for (one, other) in [("zoe", "zoë"), ("ada", "adam"), ("иван", "ivan")] {
            assert!(!look_alike(one, other), "{one} {other}");
        }
    }

    #[test]
    fn one_script_and_latin_with_east_asian_ones_are_not_mixed() {
        for usual in [
            "ada.lovelace-1",
            "Zoë",
            "иван_99",
            "Ὀδυσσεύς",
            "漢字かなカナ",
            "tanaka漢字",
            "kim김철수",
            "李abc",
            "שלום1",
            "हिन्दी",
            "user@example.org",
        ] {
            assert!(!mixes_scripts(usual), "{usual}");
        }
        for mixed in ["rооtadmin", "аdmin", "pαul", "иванivan", "김かな", "иван漢字"]
        {
            assert!(mixes_scripts(mixed), "{mixed}");
        }
    }
}
