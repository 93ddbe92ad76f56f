//! The paths of the route table, in which names in braces, such as `{id}`, stand for one segment
//! each, and a final `*` for any number of them.

/// The most segments of a path that are captured.
pub(crate) const MOST: usize = 2;

/// What stands in `path` where `pattern` has names in braces, in their order. What is beyond them
/// is empty. None if the path is another one, or such a segment is empty.
pub(crate) fn captured<'p>(pattern: &str, path: &'p str) -> Option<[&'p str; MOST]> {
    let mut found = [""; MOST];
    let mut free = found.iter_mut();
    let (mut expected, mut segments) = (pattern.split('/'), path.split('/'));
    loop {
        match (expected.next(), segments.next()) {
            (None, None) => return Some(found),
            (Some("*"), Some(_)) => return Some(found),
            (Some(name), Some(segment)) if name.starts_with('{') && !segment.is_empty() => {
                *free.next()? = segment;
            }
            (Some(expected), Some(segment)) if expected == segment => {}
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::captured;

    #[test]
    fn a_name_in_braces_is_one_whole_segment() {
        let pattern = "/users/{id}/reset";
        assert_eq!(captured(pattern, "/users/7/reset"), Some(["7", ""]));
        for other in
            ["/users//reset", "/users/7", "/users/7/8/reset", "/users/reset", "/users/7/reset/"]
        {
            assert_eq!(captured(pattern, other), None, "{other}");
        }
        assert_eq!(captured("/users/{id}", "/users/7"), Some(["7", ""]));
        assert_eq!(captured("/users/{id}", "/users/"), None);
        assert_eq!(captured("/users", "/users"), Some(["", ""]));
        assert_eq!(captured("/users", "/users/"), None);
        assert_eq!(captured("/users", "/users/7"), None);
    }

    #[test]
    fn a_star_is_the_rest() {
        for path in ["/guard/", "/guard/a", "/guard/a/b/", "/guard//", "/guard/*"] {
            assert_eq!(captured("/guard/*", path), Some(["", ""]), "{path}");
        }
        for path in ["/guard", "/guards/a", "/", "/x/guard/a"] {
            assert_eq!(captured("/guard/*", path), None, "{path}");
        }
    }

    #[test]
    fn two_names_are_captured_in_their_order() {
        let pattern = "/users/{id}/sessions/{session}";
        assert_eq!(captured(pattern, "/users/7/sessions/8"), Some(["7", "8"]));
        assert_eq!(captured(pattern, "/users/7/sessions/"), None);
        assert_eq!(captured(pattern, "/users/7/sessions"), None);
    }
}
