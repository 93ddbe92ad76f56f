//! What browsers need of the scripts, the style and the page: no comments and no indentation. Lines
//! stay lines.

/// A script. Comments in it have lines of their own.
pub(crate) fn script(text: &str) -> String {
    lines(text.lines().filter(|line| !line.trim_start().starts_with("//")))
}

/// A style sheet.
pub(crate) fn style(text: &str) -> String {
    lines(without(text, "/*", "*/").lines())
}

/// A page without preformatted text.
pub(crate) fn page(text: &str) -> String {
    lines(without(text, "<!-- ", " -->").lines())
}

fn lines<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let lines = lines.map(str::trim).filter(|line| !line.is_empty());
    lines.flat_map(|line| [line, "\n"]).collect()
}

fn without(mut text: &str, start: &str, end: &str) -> String {
    let mut kept = String::new();
    while let Some((before, comment)) = text.split_once(start) {
        kept.push_str(before);
        // A comment that does not end is the rest.
        text = comment.split_once(end).map_or("", |(_, after)| after);
    }
    kept + text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_indentation_go_and_all_else_stays() {
        let text = "// One.\nif (a) {\n  // Two.\n  b(\"//\"); // three\n\n}\n";
        assert_eq!(script(text), "if (a) {\nb(\"//\"); // three\n}\n");
        let text = "/* A\n   b */\na {\n  b: c; /* d */\n}\n";
        assert_eq!(style(text), "a {\nb: c;\n}\n");
        let text = "<!doctype html>\n<!-- A\n  b --><p>a\n    b</p><!-- c -->\n";
        assert_eq!(page(text), "<!doctype html>\n<p>a\nb</p>\n");
    }

    #[test]
    fn a_comment_without_an_end_is_the_rest() {
        assert_eq!(style("a {}\n/* b"), "a {}\n");
    }
}
