//! What the files cost over the wire.

use std::fmt;

use anyhow::{Result, ensure};

use crate::compress::is_compressed;
use crate::output::Files;

/// What a first visit loads, which is all there is: the page and whatever it refers to.
pub(crate) struct Sizes(Vec<Size>);

/// One file's bytes, in each encoding that it is there in.
struct Size {
    name: String,
    raw: usize,
    gzip: Option<usize>,
    brotli: Option<usize>,
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

    /// What is sent to a browser that takes gzip and no Brotli, as most do over plain http.
    fn gzip(&self) -> usize {
        self.0.iter().map(|size| size.gzip.unwrap_or(size.raw)).sum()
    }

    /// What is sent to a browser that takes Brotli, as all do over https.
    fn brotli(&self) -> usize {
        self.0.iter().map(|size| size.brotli.unwrap_or(size.raw)).sum()
    }

    /// Whether a browser is sent at most `budget` bytes, headers aside. Over https, which is how
    /// anybody but a developer comes, all of them take Brotli.
    pub(crate) fn check(&self, budget: usize) -> Result<()> {
        let sent = self.brotli();
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
        for Size { name, raw, gzip, brotli } in &self.0 {
            writeln!(f, "{raw:>9} {:>9} {:>9}  {name}", copy(*gzip), copy(*brotli))?;
        }
        let raw: usize = self.0.iter().map(|size| size.raw).sum();
        write!(f, "{raw:>9} {:>9} {:>9}  total", self.gzip(), self.brotli())
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
        ]))
    }

    #[test]
    fn a_file_without_a_copy_counts_as_it_is() {
        assert_eq!((bundle().gzip(), bundle().brotli()), (400 + 90 + 10, 300 + 100 + 10));
    }

    #[test]
    fn the_budget_holds_to_the_byte() {
        assert!(bundle().check(410).is_ok());
        let error = bundle().check(409).unwrap_err().to_string();
        let expected = "a first visit loads 410 bytes compressed, 1 more than its budget of 409";
        assert_eq!(error, expected);
    }

    #[test]
    fn the_table_has_each_file_once_and_the_total() {
        let table = bundle().to_string();
        let rows: Vec<Vec<&str>> =
            table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(
            rows,
            [
                ["raw", "gzip", "brotli", "file"],
                ["100", "90", "-", "assets/a.svg"],
                ["10", "-", "-", "assets/b.svg"],
                ["1000", "400", "300", "index.html"],
                ["1110", "500", "410", "total"],
            ]
        );
    }
}
