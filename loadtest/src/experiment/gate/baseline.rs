//! The file that names the baseline: a server that can be started again, or one that runs. It also
//! holds what was measured when the file was written.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use jiff::Timestamp;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::sut::TargetArgs;

const VERSION: u32 = 1;
/// What the copy of the binary is called beside the file.
const COPY: &str = "server";

/// A baseline.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Baseline {
    version: u32,
    pub(super) server: ServerAt,
    /// How it is spoken to: a built-in target's name or a file.
    pub(super) target: String,
    pub(super) recorded_at: Timestamp,
    /// The machine as it was, for people who wonder; the comparison is made anew on this one.
    machine: serde_json::Value,
    /// What was measured then, by request: for people too.
    pub(super) figures: BTreeMap<String, Recorded>,
}

/// Where the server is.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ServerAt {
    /// A `hallpass` binary, relative to the file.
    Binary {
        path: PathBuf,
        /// Of the binary, in hexadecimal: another one under the same name is no baseline.
        sha256: String,
        /// More arguments for `hallpass serve`.
        args: Vec<String>,
    },
    /// A server that runs.
    Url(String),
}

/// Figures of one kind of request.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Recorded {
    pub(super) p50_us: f64,
    pub(super) p90_us: f64,
    pub(super) per_second: f64,
}

impl ServerAt {
    fn copy_of(binary: &Path, copy: &Path, args: &[String]) -> anyhow::Result<Self> {
        let copied = fs::copy(binary, copy);
        copied.with_context(|| format!("cannot copy the server to {}", copy.display()))?;
        let path = PathBuf::from(copy.file_name().unwrap_or_default());
        Ok(Self::Binary { path, sha256: sha256(copy)?, args: args.to_vec() })
    }
}

impl Baseline {
    /// The server of these arguments, of which a started one's binary is copied next to `file`.
    pub(super) fn of(
        target: &TargetArgs,
        binary: Option<&Path>,
        file: &Path,
        figures: BTreeMap<String, Recorded>,
        machine: serde_json::Value,
        recorded_at: Timestamp,
    ) -> anyhow::Result<Self> {
        let server = match (target.host.first(), binary) {
            (Some(url), _) => ServerAt::Url(url.to_string()),
            (None, Some(binary)) => {
                ServerAt::copy_of(binary, &file.with_extension(COPY), &target.server_args)?
            }
            (None, None) => bail!("there is no server to record"),
        };
        let target = target.target.clone();
        Ok(Self { version: VERSION, server, target, recorded_at, machine, figures })
    }

    pub(super) fn write(&self, file: &Path) -> anyhow::Result<()> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
    }

    pub(super) fn read(file: &Path) -> anyhow::Result<Self> {
        let name = file.display();
        let text = fs::read(file).with_context(|| format!("cannot read {name}"))?;
        let read: Self =
            serde_json::from_slice(&text).with_context(|| format!("{name} is no baseline"))?;
        if read.version != VERSION {
            bail!("{name} is of version {}, and this program knows {VERSION}", read.version);
        }
        Ok(read)
    }

    /// The arguments that start or name the baseline's server; the rest is the candidate's.
    ///
    /// # Errors
    ///
    /// The binary is gone or another one.
    pub(super) fn target(&self, file: &Path, candidate: &TargetArgs) -> anyhow::Result<TargetArgs> {
        let (host, server, server_args) = match &self.server {
            ServerAt::Url(url) => {
                let url = Url::parse(url).with_context(|| format!("the baseline's URL {url}"))?;
                (vec![url], None, vec![])
            }
            ServerAt::Binary { path, sha256: recorded, args } => {
                // A name alone would be looked for among the system's programs.
                let file = std::path::absolute(file)?;
                let path = file.parent().unwrap_or(Path::new("/")).join(path);
                if sha256(&path)? != *recorded {
                    bail!(
                        "{} is not the binary that was recorded: record the baseline again",
                        path.display()
                    );
                }
                (vec![], Some(path), args.clone())
            }
        };
        let target = self.target.clone();
        Ok(TargetArgs { host, server, server_args, target, ..candidate.clone() })
    }
}

/// The SHA-256 of a file, in hexadecimal.
pub(super) fn sha256(file: &Path) -> anyhow::Result<String> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut text = String::new();
    for byte in Sha256::digest(bytes) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use tempfile::TempDir;

    use super::*;

    #[derive(Parser)]
    struct CommandLine {
        #[command(flatten)]
        target: TargetArgs,
    }

    fn target(args: &[&str]) -> TargetArgs {
        CommandLine::parse_from(std::iter::once("gate").chain(args.iter().copied())).target
    }

    fn recorded(dir: &Path, args: &[&str]) -> (Baseline, PathBuf) {
        let (binary, file) = (dir.join("hallpass"), dir.join("main.json"));
        fs::write(&binary, "a server").unwrap();
        let machine = serde_json::Value::Null;
        let (figures, at) = (BTreeMap::new(), Timestamp::UNIX_EPOCH);
        let baseline =
            Baseline::of(&target(args), Some(&binary), &file, figures, machine, at).unwrap();
        baseline.write(&file).unwrap();
        (baseline, file)
    }

    #[test]
    fn a_baseline_keeps_the_binary_that_it_was_recorded_of() {
        let dir = TempDir::new().unwrap();
        let (baseline, file) = recorded(dir.path(), &["--server-arg", "--pbkdf2-iterations 1000"]);
        assert_eq!(Baseline::read(&file).unwrap(), baseline);
        // The next build takes the place of the one that was recorded.
        fs::write(dir.path().join("hallpass"), "another server").unwrap();
        let candidate = target(&["--server", "candidate", "--timeout", "5s"]);
        let target = baseline.target(&file, &candidate).unwrap();
        assert_eq!(fs::read_to_string(target.server.unwrap()).unwrap(), "a server");
        assert_eq!(target.server_args, ["--pbkdf2-iterations", "1000"]);
        assert_eq!(target.timeout, candidate.timeout);
    }

    #[test]
    fn a_binary_that_has_changed_since_is_no_baseline() {
        let dir = TempDir::new().unwrap();
        let (baseline, file) = recorded(dir.path(), &[]);
        fs::write(dir.path().join("main.server"), "tampered with").unwrap();
        let error = baseline.target(&file, &target(&[])).unwrap_err().to_string();
        assert!(error.contains("record the baseline again"), "{error}");
    }

    #[test]
    fn a_server_that_runs_is_recorded_by_its_url() {
        let dir = TempDir::new().unwrap();
        let (baseline, file) = recorded(dir.path(), &["--host", "http://127.0.0.1:1"]);
        assert!(!dir.path().join("main.server").exists());
        let target = baseline.target(&file, &target(&[])).unwrap();
        assert_eq!(target.host[0].as_str(), "http://127.0.0.1:1/");
    }
}
