//! Makes a changed frontend reach the binary: rust-embed's macro alone does not see new files.

use std::path::Path;

fn main() {
    let built = "../web/dist";
    // A path that is not there counts as changed at each build.
    let watched = if Path::new(built).exists() { built } else { "../web" };
    println!("cargo::rerun-if-changed={watched}");
}
