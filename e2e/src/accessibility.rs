//! What axe-core finds wrong with a page.

use std::path::Path;
use std::{env, fmt, fs};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::{Browser, Result};

/// WCAG 2.2, levels A and AA, and what it takes over from its forerunners.
const WCAG: [&str; 5] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/// A rule that a page breaks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Violation {
    /// axe's name of the rule, such as `color-contrast`.
    pub rule: String,
    /// What the rule asks for.
    pub help: String,
    /// The elements that break it.
    pub elements: Vec<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.rule, self.help, self.elements.join(", "))
    }
}

/// Runs behind axe itself.
const RUN: &str = "
    const [tags, done] = arguments;
    axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] })
        .then(({ violations }) => done({ violations }), error => done({ error: String(error) }));
";

impl Browser {
    /// What breaks WCAG 2.2 A or AA on the page as it stands, as far as a program can tell; with
    /// further [tags](https://www.deque.com/axe/core-documentation/api-documentation/) of axe-core,
    /// such as `best-practice`, those rules, too.
    pub async fn accessibility_violations(&self, more_tags: &[&str]) -> Result<Vec<Violation>> {
        self.step("check the accessibility").await;
        let tags: Vec<_> = WCAG.iter().chain(more_tags).collect();
        let script = format!("{}\n{RUN}", axe()?);
        let report = self.client().execute_async(&script, vec![json!(tags)]).await?;
        let Some(violations) = report["violations"].as_array() else {
            bail!("axe failed: {report}");
        };
        Ok(violations.iter().map(violation).collect())
    }

    /// Fails if there are any.
    pub async fn expect_accessible(&self) -> Result {
        let violations = self.accessibility_violations(&[]).await?;
        if violations.is_empty() {
            return Ok(());
        }
        let lines: Vec<_> = violations.iter().map(ToString::to_string).collect();
        bail!("{} breaks rules of accessibility:\n{}", self.path().await?, lines.join("\n"));
    }
}

fn violation(found: &Value) -> Violation {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let nodes = found["nodes"].as_array().map(Vec::as_slice).unwrap_or_default();
    Violation {
        rule: text(&found["id"]),
        help: text(&found["help"]),
        elements: nodes.iter().map(|node| text(&node["target"][0])).collect(),
    }
}

fn axe() -> Result<String> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/axe.min.js");
    let path = env::var_os("HALLPASS_E2E_AXE").map_or(built, Into::into);
    fs::read_to_string(&path).with_context(|| {
        format!(
            "{} is not there; scripts/setup e2e gets it, or set HALLPASS_E2E_AXE",
            path.display()
        )
    })
}
