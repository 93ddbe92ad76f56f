//! Which part of a list a request asks for.

use hallpass_contract::FieldError;
use hallpass_contract::path::{self, DEFAULT_LIMIT, MAX_LIMIT, MAX_SEARCH};

use crate::store::UserId;

/// A page of users.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// Of those whose names hold this. Never empty.
    pub search: Option<String>,
    /// The ones after this one.
    pub after: Option<UserId>,
    /// How many at most.
    pub limit: usize,
}

impl Page {
    /// Reads the query of a request.
    ///
    /// # Errors
    ///
    /// What is wrong with which parameter.
    pub(crate) fn parse(query: &str) -> Result<Self, Vec<FieldError>> {
        let mut page = Self { search: None, after: None, limit: DEFAULT_LIMIT };
        let mut errors = Vec::new();
        let mut wrong = |field: &str, message: String| {
            errors.push(FieldError { field: field.to_owned(), message });
        };
        let (mut afters, mut limits, mut searches) = (0, 0, 0);
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if name == path::AFTER {
                afters += 1;
                page.after = UserId::parse(&value);
                if page.after.is_none() {
                    wrong(path::AFTER, "Give the `next` of the page before.".to_owned());
                }
            } else if name == path::LIMIT {
                limits += 1;
                match value.parse() {
                    Ok(limit @ 1..=MAX_LIMIT) => page.limit = limit,
                    _ => wrong(path::LIMIT, format!("Give 1 to {MAX_LIMIT}.")),
                }
            } else if name == path::SEARCH {
                searches += 1;
                if value.chars().count() > MAX_SEARCH {
                    wrong(path::SEARCH, format!("Give at most {MAX_SEARCH} characters."));
                }
                page.search = Some(value.into_owned()).filter(|search| !search.is_empty());
            }
        }
        let times = [(path::AFTER, afters), (path::LIMIT, limits), (path::SEARCH, searches)];
        for (name, times) in times {
            if times > 1 {
                wrong(name, "Give it once.".to_owned());
            }
        }
        if errors.is_empty() { Ok(page) } else { Err(errors) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_decoded_and_an_empty_one_is_none() {
        let search = |query| Page::parse(query).unwrap().search;
        assert_eq!(search("search=Z%C3%B6+%26").as_deref(), Some("Zö &"));
        assert_eq!(search("search="), None);
        assert!(Page::parse(&format!("search={}", "x".repeat(65))).is_err());
    }

    #[test]
    fn a_parameter_that_comes_twice_is_refused() {
        assert_eq!(Page::parse("limit=7&other=1&other=2").map(|page| page.limit), Ok(7));
        for twice in ["limit=1&limit=2", "search=a&search=b", "limit=1&after=&limit=1", "limit=0"] {
            assert!(Page::parse(twice).is_err(), "{twice}");
        }
    }
}
