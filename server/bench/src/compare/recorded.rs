//! A run as `--json` writes it, as far as a comparison needs it.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use crate::report::{FORMAT, Report};
use crate::row::Unit;
use crate::statistics::Spread;

/// A run.
#[derive(Debug, Deserialize)]
pub struct Recorded {
    /// The version of the format. The first one did not say it.
    #[serde(default = "first_format")]
    pub(super) format: u32,
    pub(super) machine: Machine,
    pub(super) quick: bool,
    pub(super) groups: Vec<Group>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Machine {
    pub(super) cpu: String,
    pub(super) cores: usize,
    pub(super) system: String,
    pub(super) versions: Vec<String>,
    pub(super) commit: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) rows: Vec<Row>,
    pub(super) problems: Vec<String>,
    pub(super) warnings: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) figure: Spread,
    pub(super) unit: Unit,
    pub(super) reference: Option<Reference>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Reference {
    pub(super) name: String,
    pub(super) ratio: Spread,
    /// The first format did not say it.
    #[serde(default)]
    pub(super) foreign: bool,
}

fn first_format() -> u32 {
    1
}

impl Recorded {
    /// Reads what `--json` has written.
    ///
    /// # Errors
    ///
    /// The file can't be read, is not of `--json`, or of a later version.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let name = file.display();
        let text = fs::read_to_string(file).with_context(|| format!("can't read {name}"))?;
        Self::parse(&text).with_context(|| format!("can't compare with {name}"))
    }

    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        #[derive(Deserialize)]
        struct Version {
            #[serde(default = "first_format")]
            format: u32,
        }
        const FOREIGN: &str = "scripts/bench --json has not written it";
        let Version { format } = serde_json::from_str(text).context(FOREIGN)?;
        ensure!(format <= FORMAT, "its format is {format}, and this scripts/bench knows {FORMAT}");
        serde_json::from_str(text).context(FOREIGN)
    }

    /// Whether everything could be measured.
    pub fn is_complete(&self) -> bool {
        self.groups.iter().all(|group| group.problems.is_empty())
    }
}

impl TryFrom<&Report> for Recorded {
    type Error = anyhow::Error;

    fn try_from(report: &Report) -> anyhow::Result<Self> {
        Ok(serde_json::from_value(serde_json::to_value(report)?)?)
    }
}

impl Row {
    /// The name of what it is compared with.
    pub(super) fn beside(&self) -> Option<&str> {
        self.reference.as_ref().map(|reference| reference.name.as_str())
    }

    /// Its name, and what it is compared with.
    pub(super) fn title(&self) -> String {
        match self.beside() {
            Some(beside) => format!("{}, beside {beside}", self.name),
            None => self.name.clone(),
        }
    }
}
