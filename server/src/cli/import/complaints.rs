//! What is said of many lines, said once.

use std::collections::HashMap;

use super::records::Spot;
use crate::cli::terminal::{note, printable};

/// How many of the lines are named.
const NAMED: usize = 3;

/// How many complaints may differ in their numbers only, such as the line of an earlier name.
const ALIKE: usize = 20;

/// Complaints, each with the lines that it is about.
#[derive(Default)]
pub(super) struct Complaints {
    all: Vec<Complaint>,
    by_text: HashMap<String, usize>,
    /// How many there are that differ in their numbers only.
    alike: HashMap<String, usize>,
}

struct Complaint {
    text: String,
    /// Some of the lines have another number in it.
    or_similar: bool,
    first: Vec<Spot>,
    count: u64,
}

impl Complaints {
    pub(super) fn add(&mut self, spot: Spot, text: &str) {
        let at = self.index(text);
        let complaint = &mut self.all[at];
        complaint.count += 1;
        if complaint.first.len() < NAMED {
            complaint.first.push(spot);
        }
    }

    fn index(&mut self, text: &str) -> usize {
        if let Some(at) = self.by_text.get(text) {
            return *at;
        }
        let mut template = text.replace(|c: char| c.is_ascii_digit(), "#");
        while template.contains("##") {
            template = template.replace("##", "#");
        }
        let alike = self.alike.entry(template.clone()).or_default();
        *alike += 1;
        let or_similar = *alike > ALIKE;
        // No text has this many marks and a zero in it.
        let key = if or_similar { format!("{template}\0") } else { text.to_owned() };
        *self.by_text.entry(key).or_insert_with(|| {
            let (text, first) = (text.to_owned(), Vec::new());
            self.all.push(Complaint { text, or_similar, first, count: 0 });
            self.all.len() - 1
        })
    }

    /// Says all of them on standard error.
    pub(super) fn say(&self) {
        for complaint in &self.all {
            note(complaint.shown());
        }
    }
}

impl Complaint {
    fn shown(&self) -> String {
        let spots: Vec<String> = self.first.iter().map(Spot::to_string).collect();
        let spots = spots.join(", ");
        let text = printable(&self.text);
        let or_similar = if self.or_similar { ", or with another number" } else { "" };
        match self.count - self.first.len() as u64 {
            0 => format!("{spots}: {text}{or_similar}"),
            more => format!("{spots} and {more} more: {text}{or_similar}"),
        }
    }
}

/// How many users a remark is about.
#[derive(Default)]
pub(super) struct Remarks(Vec<(&'static str, u64)>);

impl Remarks {
    pub(super) fn add(&mut self, remark: &'static str) {
        match self.0.iter_mut().find(|(known, _)| *known == remark) {
            Some((_, count)) => *count += 1,
            None => self.0.push((remark, 1)),
        }
    }

    /// Says all of them on standard error.
    pub(super) fn say(&self) {
        for (remark, count) in &self.0 {
            let users = if *count == 1 { "user" } else { "users" };
            note(format_args!("{count} {users}: {remark}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(complaints: &Complaints) -> Vec<String> {
        complaints.all.iter().map(Complaint::shown).collect()
    }

    #[test]
    fn a_hundred_thousand_equal_complaints_are_one_with_a_count() {
        let mut complaints = Complaints::default();
        complaints.add(Spot::line(2), "roles: no");
        for line in 3..100_003 {
            complaints.add(Spot::line(line), "password_hash: no");
        }
        complaints.add(Spot { line: 100_003, entry: Some(7) }, "roles: no");
        assert_eq!(
            shown(&complaints),
            [
                "line 2, user 7 (line 100003): roles: no",
                "line 3, line 4, line 5 and 99997 more: password_hash: no",
            ]
        );
    }

    #[test]
    fn complaints_that_differ_in_a_number_end_in_one_with_a_count() {
        let mut complaints = Complaints::default();
        for line in 0..100_000 {
            complaints.add(Spot::line(line), &format!("line {} has the same name", line + 7));
        }
        let shown = shown(&complaints);
        assert_eq!(shown.len(), ALIKE + 1);
        assert_eq!(shown[0], "line 0: line 7 has the same name");
        assert_eq!(
            shown[ALIKE],
            "line 20, line 21, line 22 and 99977 more: line 27 has the same name, or with another \
             number"
        );
        assert!(complaints.by_text.len() < 100);
    }
}
