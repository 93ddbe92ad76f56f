//! The tables of Markdown documents: what is too long for a cell belongs into sentences.

use std::path::Path;

use walkdir::{DirEntry, WalkDir};

/// The most words of a cell.
const MAX_WORDS: usize = 40;

/// A message for each cell that is too long, in all documents below `root`.
pub(crate) fn long_cells(root: &Path) -> anyhow::Result<Vec<String>> {
    let is_ours = |entry: &DirEntry| {
        let name = entry.file_name().to_string_lossy();
        entry.depth() == 0 || !(name.starts_with('.') || name == "target" || name == "node_modules")
    };
    let mut found = Vec::new();
    for entry in WalkDir::new(root).sort_by_file_name().into_iter().filter_entry(is_ours) {
        let entry = entry?;
        if entry.path().extension().is_some_and(|extension| extension == "md") {
            let text = std::fs::read_to_string(entry.path())?;
            found.extend(long_cells_of(&entry.path().display().to_string(), &text));
        }
    }
    Ok(found)
}

fn long_cells_of(file: &str, text: &str) -> Vec<String> {
    let rows = text.lines().enumerate().filter(|(_, line)| line.starts_with('|'));
    let cells = rows.flat_map(|(n, row)| row.split('|').map(move |cell| (n + 1, cell)));
    let words = cells.map(|(n, cell)| (n, cell.split_whitespace().count()));
    words
        .filter(|(_, words)| *words > MAX_WORDS)
        .map(|(n, words)| {
            format!("{file}:{n}: a table cell of {words} words; {MAX_WORDS} is the most")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_of_41_words_is_too_long() {
        let row = |words: usize| format!("text\n| a | {} |\n", "word ".repeat(words));
        assert!(long_cells_of("a.md", &row(40)).is_empty());
        assert_eq!(
            long_cells_of("a.md", &row(41)),
            ["a.md:2: a table cell of 41 words; 40 is the most"]
        );
    }
}
