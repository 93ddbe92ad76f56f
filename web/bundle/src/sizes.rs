//! What the files cost over the wire.

use std::fmt;

use anyhow::{Result, ensure};

use crate::assemble::LATER;
use crate::compress::is_compressed;
use crate::output::Files;

/// The files by their names: what a first visit loads, the page and whatever it refers to, and what
/// is loaded by those who need it.
pub(crate) struct Sizes(Vec<Size>);

/// One file's bytes, in each encoding that it is there in.
struct Size {
    name: String,
    raw: usize,
    gzip: Option<usize>,
    brotli: Option<usize>,
}

impl Size {
    /// What is sent to a browser that takes gzip and no Brotli, as most do over plain http.
    fn gzip(&self) -> usize {
        self.gzip.unwrap_or(self.raw)
    }

    /// What is sent to a browser that takes Brotli, as all do over https.
    fn brotli(&self) -> usize {
        self.brotli.unwrap_or(self.raw)
    }

    /// Whether it is loaded later, and only by those who need it.
    fn is_later(&self) -> bool {
        LATER.iter().any(|name| {
            let stem = name.trim_end_matches(".js");
            let hashed = self.name.strip_prefix("assets/").and_then(|it| it.strip_prefix(stem));
            hashed.is_some_and(|rest| rest.starts_with('-'))
        })
    }
}

impl Sizes {
    pub(crate) fn of(files: &Files) -> Self {
        let names = files.keys().filter(|name| !is_compressed(name));
        let size = |name: &String| Size {
            name: name.clone(),
            raw: files[name].len(),
            gzip: files.get(&format!("{name}.gz")).map(Vec::len),
            brotli: files.get(&format!("{name}.br")).map(Vec::len),
        };
        Self(names.map(size).collect())
    }

    /// What a first visit loads, of one number for each file.
    fn first_visit(&self, of: fn(&Size) -> usize) -> usize {
        self.0.iter().filter(|size| !size.is_later()).map(of).sum()
    }

    /// Whether a browser is sent at most `budget` bytes, headers aside. Over https, which is how
    /// anybody but a developer comes, all of them take Brotli.
    pub(crate) fn check(&self, budget: usize) -> Result<()> {
        let sent = self.first_visit(Size::brotli);
        ensure!(
            sent <= budget,
            "a first visit loads {sent} bytes compressed, {} more than its budget of {budget}",
            sent - budget
        );
        Ok(())
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let copy = |size: Option<usize>| size.map_or_else(|| "-".to_owned(), |n| n.to_string());
        writeln!(f, "{:>9} {:>9} {:>9}  file", "raw", "gzip", "brotli")?;
        for size in &self.0 {
            let Size { name, raw, gzip, brotli } = size;
            let later = if size.is_later() { " (later)" } else { "" };
            writeln!(f, "{raw:>9} {:>9} {:>9}  {name}{later}", copy(*gzip), copy(*brotli))?;
        }
        let of = |of| self.first_visit(of);
        let (raw, gzip, brotli) = (of(|size| size.raw), of(Size::gzip), of(Size::brotli));
        write!(f, "{raw:>9} {gzip:>9} {brotli:>9}  first visit")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(files: &[(&str, usize)]) -> Files {
        files.iter().map(|(name, len)| ((*name).to_owned(), vec![b'x'; *len])).collect()
    }

    /// A page of 1000 bytes, and a picture that does not get smaller by Brotli nor at all.
    fn bundle() -> Sizes {
        Sizes::of(&files(&[
            ("index.html", 1000),
            ("index.html.gz", 400),
            ("index.html.br", 300),
            ("assets/a.svg", 100),
            ("assets/a.svg.gz", 90),
            ("assets/b.svg", 10),
            ("assets/admin-0123456789abcdef.js", 500),
        ]))
    }

    #[test]
    fn a_file_without_a_copy_counts_as_it_is() {
        let bundle = bundle();
        let sent = (bundle.first_visit(Size::gzip), bundle.first_visit(Size::brotli));
        assert_eq!(sent, (400 + 90 + 10, 300 + 100 + 10));
    }

    #[test]
    fn the_budget_holds_to_the_byte() {
        assert!(bundle().check(410).is_ok());
        let error = bundle().check(409).unwrap_err().to_string();
        let expected = "a first visit loads 410 bytes compressed, 1 more than its budget of 409";
        assert_eq!(error, expected);
    }

    #[test]
    fn the_table_has_each_file_once_and_what_a_first_visit_loads() {
        let table = bundle().to_string();
        let row = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let rows: Vec<_> = table.lines().map(row).collect();
        let expected = [
            "raw gzip brotli file",
            "100 90 - assets/a.svg",
            "500 - - assets/admin-0123456789abcdef.js (later)",
            "10 - - assets/b.svg",
            "1000 400 300 index.html",
            "1110 500 410 first visit",
        ];
        assert_eq!(rows, expected);
    }
}
