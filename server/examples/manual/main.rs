//! Writes the manual pages and the shells' completions of the command line into a folder:
//!
//! ```sh
//! cargo run -p hallpass --example manual -- target/manual
//! ```

mod page;
#[cfg(test)]
mod tests;
mod text;

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use clap_complete::Shell;
use hallpass::cli::Cli;

fn main() -> anyhow::Result<()> {
    let dir = std::env::args_os().nth(1).context("name the folder to write to")?;
    let dir = PathBuf::from(dir);
    let (pages, completions) = (dir.join("man"), dir.join("completions"));
    fs::create_dir_all(&pages)?;
    fs::create_dir_all(&completions)?;
    for page in page::all(Cli::with_variables())? {
        fs::write(pages.join(page.file_name), page.roff)?;
    }
    for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
        clap_complete::generate_to(shell, &mut Cli::with_variables(), "hallpass", &completions)?;
    }
    Ok(())
}
