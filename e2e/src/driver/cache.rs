//! With a new profile Firefox compiles its own scripts anew, which is half of its start. So one
//! start per run makes that cache, and each session begins with a copy of it and of nothing else.
//! Firefox itself refuses a cache that is not of its version.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::Result;

const SCRIPTS: &str = "startupCache";
const VERSION: &str = "compatibility.ini";

#[derive(Debug)]
pub(super) struct Cache(TempDir);

impl Cache {
    /// What Firefox has left in this profile.
    pub(super) fn of(profile: &Path) -> Result<Self> {
        let cache = Self(tempfile::Builder::new().prefix("cache-").tempdir()?);
        copy(profile, cache.0.path())?;
        Ok(cache)
    }

    /// Puts a copy into a profile that is not used yet.
    pub(super) fn fill(&self, profile: &Path) -> Result {
        copy(self.0.path(), profile)
    }
}

fn copy(from: &Path, to: &Path) -> Result {
    fs::create_dir_all(to.join(SCRIPTS))?;
    for entry in fs::read_dir(from.join(SCRIPTS))? {
        let entry = entry?;
        // Firefox makes these of the others.
        if !entry.file_name().to_string_lossy().contains("-current.") {
            fs::copy(entry.path(), to.join(SCRIPTS).join(entry.file_name()))?;
        }
    }
    fs::copy(from.join(VERSION), to.join(VERSION))?;
    Ok(())
}
