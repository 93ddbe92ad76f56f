//! The output directory: always a whole bundle, and touched only when that changes.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// Contents by path relative to the output directory, with `/` between its parts.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// What [`replace`] found to do.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// The directory held exactly these files; no time stamp has changed, so nothing that embeds
    /// them is rebuilt.
    Unchanged,
    Written,
}

/// Makes `directory` hold these files and no others. They are written beside it and moved into
/// place, so that an interrupted run leaves the old bundle or none, and never half of one.
pub(crate) fn replace(directory: &Path, files: &Files) -> Result<Outcome> {
    if holds(directory, files)? {
        return Ok(Outcome::Unchanged);
    }
    let parent = parent(directory);
    fs::create_dir_all(&parent)
        .with_context(|| format!("could not make the directory {}", parent.display()))?;
    let staging = tempfile::Builder::new()
        .prefix(".bundle-")
        .tempdir_in(&parent)
        .with_context(|| format!("could not write to {}", parent.display()))?;
    let (fresh, stale) = (staging.path().join("fresh"), staging.path().join("stale"));
    write(&fresh, files)?;
    let replaced = || format!("could not replace {}", directory.display());
    match fs::rename(directory, &stale) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(replaced),
    }
    fs::rename(&fresh, directory).with_context(replaced)?;
    Ok(Outcome::Written)
}

fn parent(directory: &Path) -> PathBuf {
    match directory.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn write(directory: &Path, files: &Files) -> Result<()> {
    for (name, contents) in files {
        let path = directory.join(name);
        fs::create_dir_all(parent(&path))
            .and_then(|()| fs::write(&path, contents))
            .with_context(|| format!("could not write {}", path.display()))?;
    }
    Ok(())
}

/// Whether the directory holds exactly these files. A directory with a file where no bundle has one
/// is somebody else's: a mistyped `--out` must not cost them their work.
fn holds(directory: &Path, files: &Files) -> Result<bool> {
    let found = read(directory, Path::new(""))?;
    let ours = |name: &str| name.starts_with("index.html") || name.starts_with("assets/");
    let foreign = found.keys().find(|name| !ours(name));
    ensure!(
        foreign.is_none(),
        "{} holds {}, which is of no bundle: choose another --out or remove it",
        directory.display(),
        foreign.map_or("", String::as_str)
    );
    Ok(found == *files)
}

fn read(root: &Path, below: &Path) -> Result<Files> {
    let directory = root.join(below);
    let could_not_read = || format!("could not read {}", directory.display());
    let entries = match fs::read_dir(&directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Files::new()),
        entries => entries.with_context(could_not_read)?,
    };
    let mut files = Files::new();
    for entry in entries {
        let entry = entry.with_context(could_not_read)?;
        let relative = below.join(entry.file_name());
        if entry.file_type().with_context(could_not_read)?.is_dir() {
            files.extend(read(root, &relative)?);
        } else {
            let contents = fs::read(entry.path())
                .with_context(|| format!("could not read {}", entry.path().display()))?;
            files.insert(relative.to_string_lossy().replace('\\', "/"), contents);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn bundle(asset: &str) -> Files {
        Files::from([
            ("index.html".to_owned(), b"<!doctype html>".to_vec()),
            (format!("assets/{asset}"), b"x".to_vec()),
        ])
    }

    fn modified(path: &Path) -> SystemTime {
        fs::metadata(path).unwrap().modified().unwrap()
    }

    #[test]
    fn a_new_bundle_leaves_no_stale_file() {
        let scratch = tempfile::tempdir().unwrap();
        let out = scratch.path().join("deep/dist");
        assert_eq!(replace(&out, &bundle("a.js")).unwrap(), Outcome::Written);
        assert_eq!(replace(&out, &bundle("b.js")).unwrap(), Outcome::Written);
        assert!(out.join("assets/b.js").is_file());
        assert!(!out.join("assets/a.js").exists());
        assert_eq!(fs::read_dir(out.parent().unwrap()).unwrap().count(), 1, "scratch files stay");
    }

    #[test]
    fn an_unchanged_bundle_is_not_touched() {
        let scratch = tempfile::tempdir().unwrap();
        let out = scratch.path().join("dist");
        replace(&out, &bundle("a.js")).unwrap();
        let before = (modified(&out), modified(&out.join("index.html")));
        assert_eq!(replace(&out, &bundle("a.js")).unwrap(), Outcome::Unchanged);
        assert_eq!((modified(&out), modified(&out.join("index.html"))), before);
    }

    #[test]
    fn a_file_that_does_not_belong_makes_a_bundle_stale() {
        let scratch = tempfile::tempdir().unwrap();
        let out = scratch.path().join("dist");
        replace(&out, &bundle("a.js")).unwrap();
        fs::write(out.join("assets/old.js"), "x").unwrap();
        assert_eq!(replace(&out, &bundle("a.js")).unwrap(), Outcome::Written);
        assert!(!out.join("assets/old.js").exists());
    }

    #[test]
    fn a_directory_of_somebody_elses_is_refused() {
        let scratch = tempfile::tempdir().unwrap();
        fs::write(scratch.path().join("thesis.txt"), "years").unwrap();
        let error = replace(scratch.path(), &bundle("a.js")).unwrap_err().to_string();
        assert!(error.contains("--out"), "{error}");
        assert!(scratch.path().join("thesis.txt").is_file());
    }
}
