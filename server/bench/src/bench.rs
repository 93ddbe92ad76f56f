//! What every measurement needs to know.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use rustix::fs::{FlockOperation, flock};

use hallpass_process::{Finished, Launch, command, kill_all};

use crate::cores::{self, Core, Cores};

/// Longer than any program needs to end.
const END_TIMEOUT: Duration = Duration::from_secs(30);

/// A run of the benchmark.
#[derive(Debug)]
pub struct Bench {
    /// The checkout.
    pub root: PathBuf,
    /// A directory of the run's own, on the disk where the build is; gone at the end.
    pub work: PathBuf,
    /// Who runs where.
    pub cores: Cores,
    /// Whether it is only a look.
    pub quick: bool,
    /// Two runs at once would measure each other.
    _lock: File,
}

impl Bench {
    /// Prepares a run of what lies beside this program.
    ///
    /// # Errors
    ///
    /// If another run is under way, there is but one core, or the disk refuses.
    pub fn begin(quick: bool) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("can't tell where this program is")?;
        // Where cargo puts it: ROOT/target/release.
        let root =
            program.ancestors().nth(3).context("this program is not in a target directory")?;
        let target = root.join("target/bench");
        fs::create_dir_all(&target).with_context(|| format!("can't make {}", target.display()))?;
        let lock = File::create(target.join("lock")).context("can't make a lock file")?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|_| {
            anyhow::anyhow!("another scripts/bench is running; they would measure each other")
        })?;
        let work = target.join("work");
        // What a run left behind that was killed.
        let _ = fs::remove_dir_all(&work);
        fs::create_dir(&work).with_context(|| format!("can't make {}", work.display()))?;
        let doomed = work.clone();
        end_with_us(move || drop(fs::remove_dir_all(&doomed)))?;
        let (root, cores) = (root.to_owned(), Cores::pick()?);
        Ok(Self { root, work, cores, quick, _lock: lock })
    }

    /// A program that was built in release mode, without the settings of whoever runs the
    /// benchmark.
    ///
    /// # Errors
    ///
    /// If it is not there.
    pub fn program(&self, name: &str) -> anyhow::Result<Command> {
        Ok(command::hallpass(&self.binary(name)?))
    }

    /// The file of such a program.
    ///
    /// # Errors
    ///
    /// If it is not there.
    pub fn binary(&self, name: &str) -> anyhow::Result<PathBuf> {
        let path = self.root.join("target/release").join(name);
        ensure!(path.is_file(), "there is no target/release/{name}; scripts/bench builds it");
        Ok(path)
    }

    /// Runs a command to its end, on this core or on all of them, and yields what it prints.
    ///
    /// # Errors
    ///
    /// If it can't be started, or fails.
    pub fn output(
        &self,
        name: &'static str,
        command: Command,
        core: Option<Core>,
    ) -> anyhow::Result<String> {
        self.finish(name, command, core)?.printed()
    }

    /// Runs a command to its end, on this core or on all of them.
    ///
    /// # Errors
    ///
    /// If it can't be started, or prints no text.
    pub fn finish(
        &self,
        name: &'static str,
        command: Command,
        core: Option<Core>,
    ) -> anyhow::Result<Finished> {
        let mut launch = launch(name, command, &self.work);
        cores::on(core, || launch.spawn())?.finish()
    }

    /// A new directory of this name.
    ///
    /// # Errors
    ///
    /// If the disk refuses.
    pub fn directory(&self, name: &str) -> anyhow::Result<PathBuf> {
        let path = self.work.join(name);
        fs::create_dir(&path).with_context(|| format!("can't make {}", path.display()))?;
        Ok(path)
    }

    /// One of two settings.
    pub fn pick<T>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }

    /// Tells whoever waits what is going on.
    pub fn step(&self, what: &str) {
        eprintln!("   {what}");
    }

    /// The directory of the run.
    pub fn work(&self) -> &Path {
        &self.work
    }
}

/// How a program is started: what it says on stderr goes to a file of its name in `dir`, and it
/// ends in order.
pub(crate) fn launch(name: &str, command: Command, dir: &Path) -> Launch {
    let log = Some(dir.join(format!("{name}.log")));
    Launch { name: name.to_owned(), log, grace: END_TIMEOUT, ..Launch::new(command) }
}

/// Has SIGINT, SIGTERM and SIGHUP end all programs and then this one, after `clean_up`.
fn end_with_us(clean_up: impl Fn() + Send + 'static) -> anyhow::Result<()> {
    /// As shells have it for a program that SIGINT ended.
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
