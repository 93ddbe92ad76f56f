//! Settings that hold several values.

/// The values of one flag or variable, separated by commas, spaces or line ends.
#[derive(Clone, Debug)]
pub struct List<T>(Vec<T>);

impl<T> List<T> {
    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values of all lists, in order.
    pub fn flat(lists: &[Self]) -> impl Iterator<Item = &T> {
        lists.iter().flat_map(|list| &list.0)
    }
}

/// Reads a list, each value with `parse`. Empty values are skipped.
///
/// # Errors
///
/// The first bad value and what is wrong with it.
pub fn list<T>(text: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<List<T>, String> {
    let items = text.split(|c: char| c == ',' || c.is_ascii_whitespace());
    let items = items.filter(|item| !item.is_empty());
    let parse = |item| parse(item).map_err(|error| format!("{item}: {error}"));
    items.map(parse).collect::<Result<_, _>>().map(List)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Result<List<String>, String> {
        list(text, |word| Ok(word.to_owned()))
    }

    #[test]
    fn values_stand_between_commas_spaces_and_line_ends() {
        for text in ["a,b,c", "a b c", "a\nb\nc\n", "a\r\nb\r\nc", " a, b,\n\tc ,", ",,a b,c"] {
            let lists = [words(text).unwrap()];
            assert_eq!(List::flat(&lists).collect::<Vec<_>>(), ["a", "b", "c"], "{text:?}");
        }
        for text in ["", " ", ",", "\n"] {
            assert_eq!(List::flat(&[words(text).unwrap()]).count(), 0, "{text:?}");
        }
    }

    #[test]
    fn a_bad_value_is_named() {
        let parse = |text: &str| text.parse::<u8>().map_err(|error| error.to_string());
        let error = list("1, 2\n300", parse).unwrap_err();
        assert!(error.starts_with("300: "), "{error}");
    }
}
