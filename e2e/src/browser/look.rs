//! What can be seen. Each of these waits, and says what it waited for in vain.

use anyhow::Context as _;
use fantoccini::Locator;
use fantoccini::elements::Element;

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
        eventually(&format!("{css} is there"), found).await?;
        elements.pop().with_context(|| format!("{css} is gone"))
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
