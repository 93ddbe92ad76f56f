//! Just enough to write HTML in which only literals become markup.

/// HTML that is being written.
#[derive(Default)]
pub(super) struct Html(String);

impl Html {
    /// Adds markup. It must be a literal, so it never comes from elsewhere.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Adds text, escaped for content and for quoted attributes.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                c => self.0.push(c),
            }
        }
        self
    }

    /// Adds text as code.
    pub(super) fn code(&mut self, text: &str) -> &mut Self {
        self.raw("<code>").text(text).raw("</code>")
    }

    /// Adds a link to a part of the page.
    pub(super) fn link_to(&mut self, prefix: &'static str, id: &str, text: &str) -> &mut Self {
        self.raw("<a href=\"#").raw(prefix).text(id).raw("\">").code(text).raw("</a>")
    }

    /// Adds a line of text in which `code` is marked.
    pub(super) fn line(&mut self, text: &str) -> &mut Self {
        for (n, part) in text.split('`').enumerate() {
            if n % 2 == 0 {
                self.text(part)
            } else {
                self.code(part)
            };
        }
        self
    }

    /// Adds paragraphs of such text, separated by empty lines.
    pub(super) fn prose(&mut self, text: &str) -> &mut Self {
        for paragraph in text.split("\n\n") {
            self.raw("<p>").line(paragraph).raw("</p>\n");
        }
        self
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_can_not_become_markup() {
        let mut html = Html::default();
        html.raw("<i title=\"").text("\"'><&").raw("\">").prose("a `<b>`\n\n<c>").raw("</i>");
        let expected = "<i title=\"&quot;&#39;&gt;&lt;&amp;\"><p>a <code>&lt;b&gt;</code></p>\n\
                        <p>&lt;c&gt;</p>\n</i>";
        assert_eq!(html.finish(), expected);
    }
}
