//! Makes a changed frontend reach the binary: rust-embed's macro alone does not see new files.

fn main() {
    println!("cargo::rerun-if-changed=../web/dist");
}
