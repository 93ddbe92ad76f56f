//! The nodes of a deployment that a test may kill: the script of `--cluster` does it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use tokio::process::Command;

use crate::Result;

/// Several nodes behind one address.
#[derive(Clone, Debug)]
pub struct Cluster {
    script: PathBuf,
}

impl Cluster {
    /// # Errors
    ///
    /// If there is no such script.
    pub(crate) fn of(script: &Path) -> Result<Self> {
        let script = script.canonicalize();
        let script = script.context("--cluster names a script that is not there")?;
        Ok(Self { script })
    }

    /// Ends a node as a crash would.
    ///
    /// # Errors
    ///
    /// If the script fails.
    pub async fn kill_node(&self, node: u32) -> Result {
        self.run("kill-node", node).await
    }

    /// Starts a node that was killed, and waits until it is ready.
    ///
    /// # Errors
    ///
    /// If the script fails.
    pub async fn start_node(&self, node: u32) -> Result {
        self.run("start-node", node).await
    }

    async fn run(&self, action: &str, node: u32) -> Result {
        let mut command = Command::new(&self.script);
        let output = command.arg(action).arg(node.to_string()).output().await?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{action} {node}: {}", errors.trim());
        Ok(())
    }
}
