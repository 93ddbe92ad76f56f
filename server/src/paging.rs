//! Which part of a list a request asks for.

use hallpass_contract::FieldError;
use hallpass_contract::path::{self, DEFAULT_LIMIT, MAX_LIMIT};

use crate::store::UserId;

/// A page of users.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
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
        let mut page = Self { after: None, limit: DEFAULT_LIMIT };
        let mut errors = Vec::new();
        let mut wrong = |field: &str, message: String| {
            errors.push(FieldError { field: field.to_owned(), message });
        };
        let (mut afters, mut limits) = (0, 0);
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
            }
        }
        for (name, times) in [(path::AFTER, afters), (path::LIMIT, limits)] {
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
    fn a_parameter_that_comes_twice_is_refused() {
        assert_eq!(Page::parse("limit=7&other=1&other=2").map(|page| page.limit), Ok(7));
        for twice in ["limit=1&limit=2", "limit=1&after=&limit=1", "limit=0"] {
            assert!(Page::parse(twice).is_err(), "{twice}");
        }
    }
}
