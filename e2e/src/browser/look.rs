//! Steps that look at the page. Each of them waits, and says what it waited for in vain.

use std::fmt::Write as _;

use anyhow::Context as _;
use fantoccini::Locator;
use fantoccini::elements::Element;
use serde_json::Value;

use super::Browser;
use crate::{Result, eventually};

impl Browser {
    /// Waits until the browser is at this path.
    pub async fn expect_path(&self, expected: &str) -> Result {
        let there = async || Ok(self.path().await? == expected);
        self.eventually(&format!("at {expected}"), there).await
    }

    /// The one element that a CSS selector names, as soon as it is there.
    pub async fn find(&self, css: &str) -> Result<Element> {
        let mut elements = Vec::new();
        let found = async || {
            elements = self.client.find_all(Locator::Css(css)).await?;
            Ok(elements.len() == 1)
        };
        let waited = eventually(&format!("{css} is there, and once only"), found).await;
        if let Err(error) = waited {
            return Err(error.context(self.matches(css, &elements).await));
        }
        elements.pop().with_context(|| format!("{css} is gone"))
    }

    /// Describes what a selector matches that should match one element.
    async fn matches(&self, css: &str, elements: &[Element]) -> String {
        let first = elements.iter().take(SHOWN).map(serde_json::to_value);
        let first = first.filter_map(Result::ok).collect();
        let tags = self.client.execute(TAGS, vec![Value::Array(first)]).await;
        let tags = tags.ok().and_then(|tags| Some(tags.as_array()?.clone())).unwrap_or_default();
        describe(css, elements.len(), &tags)
    }

    /// The element, as soon as a person can see it.
    pub async fn see(&self, css: &str) -> Result<Element> {
        self.step(format_args!("see {css}")).await;
        self.visible(css).await
    }

    pub(super) async fn visible(&self, css: &str) -> Result<Element> {
        let element = self.find(css).await?;
        let visible = async || Ok(element.is_displayed().await?);
        eventually(&format!("{css} is visible"), visible).await?;
        Ok(element)
    }

    /// Waits until a person can't see the element any more.
    pub async fn see_no(&self, css: &str) -> Result {
        self.step(format_args!("see no {css}")).await;
        let element = self.find(css).await?;
        let hidden = async || Ok(!element.is_displayed().await?);
        eventually(&format!("{css} is hidden"), hidden).await
    }

    /// Waits until no element matches.
    pub async fn see_gone(&self, css: &str) -> Result {
        self.step(format_args!("see {css} gone")).await;
        let gone = async || Ok(self.client.find_all(Locator::Css(css)).await?.is_empty());
        eventually(&format!("{css} is gone"), gone).await
    }

    /// Waits until the visible element's text holds `expected`.
    pub async fn see_text(&self, css: &str, expected: &str) -> Result {
        self.step(format_args!("see “{expected}” in {css}")).await;
        let element = self.visible(css).await?;
        let says = async || Ok(element.text().await?.contains(expected));
        eventually(&format!("{css} says “{expected}”"), says).await
    }

    /// Waits until the field holds exactly `expected`.
    pub async fn see_value(&self, css: &str, expected: &str) -> Result {
        self.step(format_args!("see the value “{expected}” in {css}")).await;
        let field = self.visible(css).await?;
        let holds = async || Ok(field.prop("value").await?.as_deref() == Some(expected));
        eventually(&format!("{css} holds “{expected}”"), holds).await
    }

    /// Waits until the element has the focus.
    pub async fn expect_focus(&self, css: &str) -> Result {
        let script = "return document.activeElement?.matches(arguments[0]) ?? false";
        let focused = async || Ok(self.client.execute(script, vec![css.into()]).await? == true);
        self.eventually(&format!("{css} has the focus"), focused).await
    }
}

/// How many elements are shown of those that are too many.
const SHOWN: usize = 3;

/// The opening tags of elements, and what stands in them.
const TAGS: &str = "
    const cut = (text, length) => text.length > length ? `${text.slice(0, length)}…` : text;
    const tag = element => cut(element.cloneNode(false).outerHTML.replace(/<\\/.*/, ''), 100);
    const text = element => cut(element.textContent.trim().replace(/\\s+/g, ' '), 60);
    return arguments[0].map(element => `${tag(element)} ${text(element)}`.trim())";

/// Says how many elements match, and shows the first of them.
fn describe(css: &str, count: usize, tags: &[Value]) -> String {
    if count == 0 {
        return format!("nothing matches {css}");
    }
    let mut text = format!("{count} elements match {css}, which is to name one:");
    for tag in tags.iter().filter_map(Value::as_str) {
        let _ = write!(text, "\n  {tag}");
    }
    if count > tags.len() {
        let _ = write!(text, "\n  and {} more", count - tags.len());
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::describe;

    #[test]
    fn too_many_matches_are_counted_and_the_first_shown() {
        let tags = [json!("<li class=\"row\"> ada"), json!("<li>"), json!("<li>")];
        let lines = describe(".row", 12, &tags);
        let lines: Vec<_> = lines.lines().collect();
        assert_eq!(lines[0], "12 elements match .row, which is to name one:");
        assert_eq!(lines[1..], ["  <li class=\"row\"> ada", "  <li>", "  <li>", "  and 9 more"]);
        assert_eq!(describe(".row", 0, &[]), "nothing matches .row");
    }
}
