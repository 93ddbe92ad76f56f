//! What zxcvbn knows, read from its source: it hands out neither its words nor its keyboards.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A file of the zxcvbn that the server is built with.
fn read(file: &str) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let run = |args: &[&str]| {
        let output = Command::new(&cargo).args(args).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let version = run(&["-vV"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    // For this machine only: crates for others need not be there.
    let args = ["metadata", "--format-version=1", "--offline", "--locked", "--filter-platform"];
    let metadata: serde_json::Value =
        serde_json::from_str(&run(&[&args[..], &[host]].concat())).unwrap();
    let mut packages = metadata["packages"].as_array().unwrap().iter();
    let zxcvbn = packages.find(|package| package["name"] == "zxcvbn").unwrap();
    let manifest = Path::new(zxcvbn["manifest_path"].as_str().unwrap());
    fs::read_to_string(manifest.with_file_name("src").join(file)).unwrap()
}

/// All words of its dictionaries.
pub(super) fn words() -> BTreeSet<String> {
    let source = read("frequency_lists.rs");
    let lists: Vec<_> = source.split(": &str = \"").skip(1).map(literal).collect();
    assert_eq!(lists.len(), source.matches(".split(',')").count());
    let words: BTreeSet<_> =
        lists.iter().flat_map(|list| list.split(',')).map(str::to_owned).collect();
    assert!(words.len() > 90_000 && words.contains("basketball"), "{}", words.len());
    words
}

/// Each key of its keyboards, with each that is beside it.
pub(super) fn neighbours() -> Vec<(char, char)> {
    let source = read("adjacency_graphs.rs");
    let keys = source.split("table.insert(").skip(1);
    let neighbours = keys.flat_map(|entry| {
        let (_, key) = entry.split_once('\'').unwrap();
        let key = key.strip_prefix('\\').unwrap_or(key).chars().next().unwrap();
        let beside =
            entry.split("Some(\"").skip(1).flat_map(|it| literal(it).chars().collect::<Vec<_>>());
        beside.map(move |other| (key, other)).collect::<Vec<_>>()
    });
    neighbours.collect()
}

/// The beginning of a text up to its quotation mark, without the backslashes.
fn literal(text: &str) -> String {
    let mut chars = text.chars();
    let mut literal = String::new();
    while let Some(c) = chars.next() {
        match c {
            '\\' => literal.extend(chars.next()),
            '"' => break,
            c => literal.push(c),
        }
    }
    literal
}
