//! The paths of the route table, in which `{id}` stands for one segment.

/// What stands in `path` where `pattern` has `{id}`: one segment, that is not empty. Empty if it
/// has none; none if the path is another one.
pub(crate) fn captured<'p>(pattern: &str, path: &'p str) -> Option<&'p str> {
    let Some((before, after)) = pattern.split_once("{id}") else {
        return (path == pattern).then_some("");
    };
    let id = path.strip_prefix(before)?.strip_suffix(after)?;
    (!id.is_empty() && !id.contains('/')).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::captured;

    #[test]
    fn an_id_is_one_whole_segment() {
        let pattern = "/users/{id}/reset";
        assert_eq!(captured(pattern, "/users/7/reset"), Some("7"));
        for other in
            ["/users//reset", "/users/7", "/users/7/8/reset", "/users/reset", "/users/7/reset/"]
        {
            assert_eq!(captured(pattern, other), None, "{other}");
        }
        assert_eq!(captured("/users/{id}", "/users/7"), Some("7"));
        assert_eq!(captured("/users/{id}", "/users/"), None);
        assert_eq!(captured("/users", "/users"), Some(""));
        assert_eq!(captured("/users", "/users/"), None);
    }
}
