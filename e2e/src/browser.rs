//! Steps: what a person does with a browser and sees in it. Each waits by itself.

mod authenticator;
mod console;
mod devtools;
mod extension;
mod look;
mod patience;
mod windows;

use std::fmt::Display;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::elements::Element;
pub use fantoccini::key::Key;
use fantoccini::{Client, Locator};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::driver::{Kind, Session};
use crate::steps::{HIDDEN, Steps};
use crate::{Result, Site, eventually};
pub use authenticator::Authenticator;
use console::Console;
pub use windows::Window;

/// A browser on the site under test; the test's end closes it.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    kind: Kind,
    site_url: String,
    /// Waits where a form says that the server takes the next try later.
    is_patient: bool,
    steps: Steps,
    slow_mo: Duration,
    console: Console,
}

impl Browser {
    pub(crate) fn new(session: &Session, site: &Site, steps: Steps, slow_mo: Duration) -> Self {
        Self {
            client: session.client.clone(),
            kind: session.kind,
            site_url: site.url().to_owned(),
            is_patient: site.is_deployment(),
            steps,
            slow_mo,
            console: Console::new(session.log_file()),
        }
    }

    /// The WebDriver session, for what the steps do not have.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Which browser it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Notes a step for the report, and waits as `--slow-mo` says. Page objects note what their
    /// steps don't say by themselves.
    pub async fn step(&self, what: impl Display) {
        self.steps.add(what);
        if !self.slow_mo.is_zero() {
            sleep(self.slow_mo).await;
        }
    }

    /// Waits until `holds`, as [`eventually`](crate::eventually()) does, and notes it as a step.
    pub async fn eventually(&self, what: &str, holds: impl AsyncFnMut() -> Result<bool>) -> Result {
        self.steps.add(format_args!("wait: {what}"));
        eventually(what, holds).await
    }

    /// Loads a path of the site and waits until the frontend has started.
    pub async fn goto(&self, path: &str) -> Result {
        self.visit(path).await?;
        self.ready().await
    }

    /// Loads a path of the site, whether or not it has the frontend.
    pub async fn visit(&self, path: &str) -> Result {
        self.step(format_args!("goto {path}")).await;
        let url = format!("{}{path}", self.site_url);
        self.client.goto(&url).await.with_context(|| format!("goto {path}"))
    }

    /// Loads the page anew and waits until the frontend has started.
    pub async fn reload(&self) -> Result {
        self.step("reload").await;
        self.client.refresh().await.context("reload")?;
        self.ready().await
    }

    /// Goes back, as the browser's button does.
    pub async fn back(&self) -> Result {
        self.step("back").await;
        self.client.back().await.context("back")
    }

    /// Goes forward, as the browser's button does.
    pub async fn forward(&self) -> Result {
        self.step("forward").await;
        self.client.forward().await.context("forward")
    }

    async fn ready(&self) -> Result {
        let ready = Locator::Css("html[data-app='ready']");
        let started = async || Ok(!self.client.find_all(ready).await?.is_empty());
        eventually("the frontend has started", started).await
    }

    /// Where the browser is: path, query and fragment.
    pub async fn path(&self) -> Result<String> {
        let url = self.client.current_url().await?;
        let path = url.as_str().strip_prefix(&self.site_url);
        Ok(path.with_context(|| format!("left the site for {url}"))?.to_owned())
    }

    /// Clicks the element, once it can be seen and pressed.
    pub async fn click(&self, css: &str) -> Result {
        self.step(format_args!("click {css}")).await;
        let element = self.visible(css).await?;
        let enabled = async || Ok(element.is_enabled().await?);
        eventually(&format!("{css} can be pressed"), enabled).await?;
        element.click().await.with_context(|| format!("click {css}"))
    }

    /// Fills in a field in place of what it holds.
    pub async fn fill(&self, css: &str, text: &str) -> Result {
        let field = self.visible(css).await?;
        let secret = self.holds_a_password(&field).await?;
        self.step(format_args!("fill {css} with “{}”", if secret { HIDDEN } else { text })).await;
        field.clear().await.with_context(|| format!("clear {css}"))?;
        field.send_keys(text).await.with_context(|| format!("fill {css}"))
    }

    /// Types into whatever has the focus.
    pub async fn type_text(&self, text: &str) -> Result {
        let field = self.client.active_element().await?;
        let secret = self.holds_a_password(&field).await?;
        self.step(format_args!("type “{}”", if secret { HIDDEN } else { text })).await;
        field.send_keys(text).await.context("type")
    }

    /// A password that is shown is still one, so both attributes count. One script reads both: each
    /// command takes as long as a key press.
    async fn holds_a_password(&self, field: &Element) -> Result<bool> {
        let script = "return [arguments[0].autocomplete, arguments[0].type]";
        let attributes = self.client.execute(script, vec![serde_json::to_value(field)?]).await?;
        Ok(is_for_passwords(&attributes))
    }

    /// Presses keys together, wherever the focus is: `[Key::Tab]`, `[Key::Shift, Key::Tab]`.
    pub async fn press<const N: usize>(&self, keys: [Key; N]) -> Result {
        self.step(format_args!("press {keys:?}")).await;
        self.press_together(&keys.map(char::from)).await
    }

    /// Presses Control and a letter: `'a'` selects all, `'c'` copies, `'v'` pastes.
    pub async fn shortcut(&self, letter: char) -> Result {
        self.step(format_args!("press Control and {letter}")).await;
        self.press_together(&[Key::Control.into(), letter]).await
    }

    async fn press_together(&self, keys: &[char]) -> Result {
        let mut actions = KeyActions::new("keyboard".to_owned());
        for value in keys.iter().copied() {
            actions = actions.then(KeyAction::Down { value });
        }
        for value in keys.iter().rev().copied() {
            actions = actions.then(KeyAction::Up { value });
        }
        self.client.perform_actions(actions).await.context("press keys")
    }

    /// Runs a script in the page, with `arguments`, and returns what it returns.
    pub async fn execute(&self, script: &str, arguments: &[Value]) -> Result<Value> {
        self.step("run a script").await;
        self.client.execute(script, arguments.to_vec()).await.context("the script failed")
    }

    /// The same for a script that calls its last argument with the result.
    pub async fn execute_async(&self, script: &str, arguments: &[Value]) -> Result<Value> {
        self.step("run a script").await;
        self.client.execute_async(script, arguments.to_vec()).await.context("the script failed")
    }

    /// What localStorage holds under a key.
    pub async fn stored(&self, key: &str) -> Result<Option<String>> {
        let script = "return localStorage.getItem(arguments[0])";
        let value = self.client.execute(script, vec![json!(key)]).await?;
        Ok(value.as_str().map(str::to_owned))
    }

    /// Puts a value into localStorage.
    pub async fn store(&self, key: &str, value: &str) -> Result {
        self.step(format_args!("store a value under {key}")).await;
        let script = "localStorage.setItem(arguments[0], arguments[1])";
        self.client.execute(script, vec![json!(key), json!(value)]).await?;
        Ok(())
    }

    /// What the console said since this was last asked: violations of the content security policy,
    /// errors, what the page writes, and on Chromium failed requests.
    pub async fn console(&self) -> Result<Vec<String>> {
        self.console.read(&self.client, self.kind).await
    }

    /// The driver's and the browser's own output.
    pub(crate) fn log_file(&self) -> &PathBuf {
        self.console.log_file()
    }
}

fn is_for_passwords(attributes: &Value) -> bool {
    let attributes = attributes.as_array().into_iter().flatten();
    attributes.filter_map(Value::as_str).any(|word| word.contains("password"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::is_for_passwords;

    #[test]
    fn a_shown_password_stays_out_of_the_steps() {
        assert!(is_for_passwords(&json!(["", "password"])));
        assert!(is_for_passwords(&json!(["current-password", "text"])));
        assert!(!is_for_passwords(&json!(["username", "text"])));
        // The document itself can have the focus: it has neither.
        assert!(!is_for_passwords(&json!([Value::Null, Value::Null])));
    }
}
