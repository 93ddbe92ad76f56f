//! What every measurement needs: the directories, the cores, and how programs are started.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use rustix::fs::{FlockOperation, flock};

use hallpass_process::{Finished, Launch, command, kill_all};

use crate::cores::{self, Core, Cores};

/// Longer than any program needs to exit.
const END_TIMEOUT: Duration = Duration::from_secs(30);

/// A run of the benchmark.
#[derive(Debug)]
pub struct Bench {
    /// The root of the checkout.
    pub root: PathBuf,
    /// The run's own directory, on the disk where the build is. It is removed at the end.
    pub work: PathBuf,
    /// Which core the server uses, and which the load.
    pub cores: Cores,
    /// Whether this is a quick run, with less exact figures.
    pub quick: bool,
    /// Keeps out a second run, since two runs at once would distort each other's figures.
    _lock: File,
}

impl Bench {
    /// Prepares a run with the programs in this one's directory.
    ///
    /// # Errors
    ///
    /// If another run is under way, there is only one core, or the disk fails.
    pub fn begin(quick: bool) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("can't tell where this program is")?;
        // Cargo puts this program into ROOT/target/release.
        let root =
            program.ancestors().nth(3).context("this program is not in a target directory")?;
        let target = root.join("target/bench");
        fs::create_dir_all(&target).with_context(|| format!("can't make {}", target.display()))?;
        let lock = File::create(target.join("lock")).context("can't make a lock file")?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|_| {
            anyhow::anyhow!("another scripts/bench is running; they would measure each other")
        })?;
        let work = target.join("work");
        // Removes what a killed run left behind.
        let _ = fs::remove_dir_all(&work);
        fs::create_dir(&work).with_context(|| format!("can't make {}", work.display()))?;
        let doomed = work.clone();
        end_with_us(move || drop(fs::remove_dir_all(&doomed)))?;
        let (root, cores) = (root.to_owned(), Cores::pick()?);
        Ok(Self { root, work, cores, quick, _lock: lock })
    }

    /// A command for a program that was built in release mode. It does not inherit Hallpass's
    /// settings from the environment.
    pub fn program(&self, name: &str) -> anyhow::Result<Command> {
        Ok(command::hallpass(&self.binary(name)?))
    }

    /// The file of a program that was built in release mode.
    pub fn binary(&self, name: &str) -> anyhow::Result<PathBuf> {
        let path = self.root.join("target/release").join(name);
        ensure!(path.is_file(), "there is no target/release/{name}; scripts/bench builds it");
        Ok(path)
    }

    /// Runs a command to its end and returns what it prints. It runs on `core`, or on all cores if
    /// that is none.
    pub fn output(
        &self,
        name: &'static str,
        command: Command,
        core: Option<Core>,
    ) -> anyhow::Result<String> {
        self.finish(name, command, core)?.printed()
    }

    /// Runs a command to its end, on `core` or on all cores.
    pub fn finish(
        &self,
        name: &'static str,
        command: Command,
        core: Option<Core>,
    ) -> anyhow::Result<Finished> {
        let mut launch = launch(name, command, &self.work);
        cores::on(core, || launch.spawn())?.finish()
    }

    /// Makes a directory of this name.
    pub fn directory(&self, name: &str) -> anyhow::Result<PathBuf> {
        let path = self.work.join(name);
        fs::create_dir(&path).with_context(|| format!("can't make {}", path.display()))?;
        Ok(path)
    }

    /// One of two values: `full`, or `quick` in a quick run.
    pub fn pick<T>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }

    /// Prints what the run is doing.
    pub fn step(&self, what: &str) {
        eprintln!("   {what}");
    }

    /// The run's directory.
    pub fn work(&self) -> &Path {
        &self.work
    }
}

/// Prepares to start a program. Its stderr goes to a file of its name in `dir`. At the end it is
/// shut down in order.
pub(crate) fn launch(name: &str, command: Command, dir: &Path) -> Launch {
    let log = Some(dir.join(format!("{name}.log")));
    Launch { name: name.to_owned(), log, grace: END_TIMEOUT, ..Launch::new(command) }
}

/// On SIGINT, SIGTERM or SIGHUP, ends all programs, calls `clean_up`, and exits.
fn end_with_us(clean_up: impl Fn() + Send + 'static) -> anyhow::Result<()> {
    /// The exit code that shells give to a program ended by SIGINT.
    const INTERRUPTED: i32 = 130;
    ctrlc::set_handler(move || {
        kill_all(|| {
            clean_up();
            std::process::exit(INTERRUPTED);
        });
    })
    .context("can't listen for signals")
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.work);
    }
}
