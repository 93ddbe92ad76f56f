//! Makes a changed frontend reach the binary, and a release know its commit.

use std::path::Path;
use std::process::Command;

fn main() {
    // rust-embed's macro alone does not see new files.
    let built = "../web/dist";
    // A path that is not there counts as changed at each build.
    watch(if Path::new(built).exists() { built } else { "../web" });
    let version = env!("CARGO_PKG_VERSION");
    // Others would compile anew after each commit.
    let is_release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let commit = if is_release { commit() } else { None };
    let version = commit.map_or(version.to_owned(), |commit| format!("{version} ({commit})"));
    println!("cargo::rustc-env=HALLPASS_VERSION={version}");
}

/// The commit and its day, and whether files differ from it. Nothing outside of the repository,
/// such as in an unpacked archive.
fn commit() -> Option<String> {
    let top = git(&["rev-parse", "--show-toplevel"])?;
    if Path::new(&top).canonicalize().ok()? != Path::new("..").canonicalize().ok()? {
        return None;
    }
    for file in ["HEAD", "packed-refs", &git(&["rev-parse", "--symbolic-full-name", "HEAD"])?] {
        let path = git(&["rev-parse", "--git-path", file])?;
        if Path::new(&path).exists() {
            watch(&path);
        }
    }
    for path in ["build.rs", "src", "contract/src", "kdf/src", "Cargo.toml", "../Cargo.lock"] {
        watch(path);
    }
    let commit = git(&["log", "-1", "--abbrev=10", "--format=%h, %cs"])?;
    let is_changed = !git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    Some(if is_changed { format!("{commit}, changed") } else { commit })
}

fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).output().ok().filter(|it| it.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

fn watch(path: &str) {
    println!("cargo::rerun-if-changed={path}");
}
