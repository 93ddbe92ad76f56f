//! Which part of a list a request asks for.

use hallpass_contract::FieldError;
use hallpass_contract::path::{self, DEFAULT_LIMIT, MAX_LIMIT, MAX_SEARCH};

use crate::audit::Event;
use crate::problem::field_error;
use crate::store::{AuditId, AuditQuery, UserId};

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
        let mut given = Given::new(query);
        let is_short = |search: &str| search.chars().count() <= MAX_SEARCH;
        let search = given.once(
            path::SEARCH,
            |search| is_short(search).then(|| search.to_owned()),
            || format!("Give at most {MAX_SEARCH} characters."),
        );
        let page = Self {
            search: search.filter(|search| !search.is_empty()),
            after: given.once(path::AFTER, UserId::parse, of_page_before),
            limit: given.limit(),
        };
        given.end(page)
    }
}

/// Reads which records of the audit log a request asks for.
///
/// # Errors
///
/// What is wrong with which parameter.
pub(crate) fn audit_query(query: &str) -> Result<AuditQuery, Vec<FieldError>> {
    let mut given = Given::new(query);
    let is_event = |event: &str| Event::NAMES.contains(&event).then(|| event.to_owned());
    let asked = AuditQuery {
        user: given.once(path::USER, UserId::parse, || "Give the id of a user.".to_owned()),
        event: given.once(path::EVENT, is_event, || {
            format!("Give one of these: {}.", Event::NAMES.join(", "))
        }),
        since: given.once(
            path::SINCE,
            |since| since.parse().ok(),
            || "Give a time such as 2026-11-28T22:43:11Z.".to_owned(),
        ),
        before: given.once(path::BEFORE, AuditId::parse, of_page_before),
        limit: given.limit(),
    };
    given.end(asked)
}

fn of_page_before() -> String {
    "Give the `next` of the page before.".to_owned()
}

/// The parameters that a request gives. Others than are asked for are ignored.
struct Given {
    parameters: Vec<(String, String)>,
    errors: Vec<FieldError>,
}

impl Given {
    fn new(query: &str) -> Self {
        let parameters = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Self { parameters, errors: Vec::new() }
    }

    /// Reads a parameter that may come once.
    fn once<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Option<T>,
        otherwise: impl FnOnce() -> String,
    ) -> Option<T> {
        let mut values = self.parameters.iter().filter(|(given, _)| given == name);
        let (_, value) = values.next()?;
        let read = match values.next() {
            Some(_) => Err("Give it once.".to_owned()),
            None => read(value).ok_or_else(otherwise),
        };
        read.map_err(|message| self.errors.push(field_error(name, message))).ok()
    }

    fn limit(&mut self) -> usize {
        let read = |limit: &str| limit.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
        let limit = self.once(path::LIMIT, read, || format!("Give 1 to {MAX_LIMIT}."));
        limit.unwrap_or(DEFAULT_LIMIT)
    }

    fn end<T>(self, asked: T) -> Result<T, Vec<FieldError>> {
        if self.errors.is_empty() { Ok(asked) } else { Err(self.errors) }
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
