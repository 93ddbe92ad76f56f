//! Prints how the workspace is built, and fails where it breaks a rule.
//!
//! The rules: no two files of a crate import each other, directly or round a circle; no module of
//! the server imports what its layer must not know; no function is longer than 50 lines; nine of
//! ten functions have at most 20 lines, and nine of ten files at most 240; no comment goes beyond
//! column 100; no table cell of a document has over 40 words. Tests are left out.

mod circles;
mod documents;
mod functions;
mod imports;
mod layers;
mod module;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;

use module::Module;

/// The crate whose layers are checked.
const LAYERED: &str = "server";
/// A function of more lines than this does too much.
const MAX_FUNCTION: usize = 50;
/// Nine of ten functions have at most this many lines.
const MOST_FUNCTIONS: usize = 20;
/// Nine of ten files have at most this many lines.
const MOST_FILES: usize = 240;
/// The last column of a comment.
const MAX_COLUMN: usize = 100;

fn main() -> anyhow::Result<ExitCode> {
    let root = PathBuf::from(std::env::args_os().nth(1).unwrap_or_else(|| ".".into()));
    let mut faults = documents::long_cells(&root)?;
    let (mut files, mut functions) = (Vec::new(), Vec::new());
    println!("{:<28} {:>6} {:>7} {:>8} {:>8}", "crate", "files", "lines", "p90 file", "p90 fn");
    for name in crates(&root)? {
        let modules = module::read_crate(&root.join(&name).join("src"))?;
        faults.extend(circles::find(&modules));
        if name == LAYERED {
            faults.extend(layers::breaches(&modules));
        }
        faults.extend(modules.iter().flat_map(wide_comments));
        let of_crate: Vec<_> = modules.iter().flat_map(functions::of).collect();
        faults.extend(
            of_crate
                .iter()
                .filter(|it| it.lines > MAX_FUNCTION)
                .map(|it| format!("{} has {} lines; split it", it.name, it.lines)),
        );
        let lines: Vec<_> = modules.iter().map(|module| module.lines).collect();
        let lengths: Vec<_> = of_crate.iter().map(|it| it.lines).collect();
        print_row(&name, &lines, &lengths);
        files.extend(lines);
        functions.extend(lengths);
    }
    print_row("all", &files, &functions);
    let bounds = [("files", &files, MOST_FILES), ("functions", &functions, MOST_FUNCTIONS)];
    for (what, lengths, most) in bounds {
        let p90 = ninetieth(lengths);
        if p90 > most {
            faults.push(format!(
                "a tenth of the {what} have {p90} lines or more; {most} is the most"
            ));
        }
    }
    for fault in &faults {
        eprintln!("{fault}");
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The folders of the workspace's members, as its Cargo.toml names them.
fn crates(root: &Path) -> anyhow::Result<Vec<String>> {
    let path = root.join("Cargo.toml");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let members = text.split("members = [").nth(1).and_then(|rest| rest.split(']').next());
    let members = members.with_context(|| format!("{} has no members", path.display()))?;
    Ok(members.split('"').skip(1).step_by(2).map(str::to_owned).collect())
}

fn print_row(name: &str, files: &[usize], functions: &[usize]) {
    let (lines, files_p90) = (files.iter().sum::<usize>(), ninetieth(files));
    let functions_p90 = ninetieth(functions);
    println!("{name:<28} {:>6} {lines:>7} {files_p90:>8} {functions_p90:>8}", files.len());
}

/// The length that nine of ten don't exceed.
fn ninetieth(lengths: &[usize]) -> usize {
    let mut sorted = lengths.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * 9).div_ceil(10);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

fn wide_comments(module: &Module) -> Vec<String> {
    let text = module.text.lines().enumerate();
    let comments = text.filter(|(_, line)| line.trim_start().starts_with("//"));
    let wide = comments.filter(|(_, line)| line.chars().count() > MAX_COLUMN);
    wide.map(|(n, _)| format!("{}:{}: a comment beyond column {MAX_COLUMN}", module.file, n + 1))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_of_ten_are_at_most_as_long_as_the_ninetieth() {
        assert_eq!(ninetieth(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 100]), 9);
        assert_eq!(ninetieth(&[7]), 7);
        assert_eq!(ninetieth(&[]), 0);
    }
}
