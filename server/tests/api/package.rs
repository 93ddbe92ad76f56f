//! The pages of the Debian package name what is there: in the package, and in the sources.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What pages may link to that only the sources have.
const SOURCES: [&str; 5] = ["ARCHITECTURE.md", "bench/", "kdf/", "src/", "../loadtest/"];

/// What `scripts/release` makes of a page.
const MADE: [(&str, &str); 1] = [("../target/pages/SECURITY.md", "../SECURITY.md")];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// From where files are installed to, to where they are in the sources.
fn package() -> BTreeMap<PathBuf, PathBuf> {
    let manifest: toml::Table =
        fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let assets = manifest["package"]["metadata"]["deb"]["assets"].as_array().unwrap();
    let mut package = BTreeMap::new();
    for asset in assets {
        let [source, to] = [0, 1].map(|n| asset[n].as_str().unwrap());
        let name = Path::new(source).file_name().unwrap();
        let to = if to.ends_with('/') { Path::new(to).join(name) } else { PathBuf::from(to) };
        package.insert(to, PathBuf::from(source));
    }
    package
}

/// Installed pages, with where they are in the sources.
fn pages() -> Vec<(PathBuf, PathBuf)> {
    let is_page = |(to, _): &(PathBuf, PathBuf)| to.extension().is_some_and(|it| it == "md");
    let source = |source: PathBuf| match MADE.iter().find(|(made, _)| source == Path::new(made)) {
        Some((_, original)) => PathBuf::from(original),
        None => source,
    };
    package().into_iter().filter(is_page).map(|(to, from)| (to, source(from))).collect()
}

/// The links of a page to other files.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    targets.filter(|target| !target.is_empty() && !target.contains("://"))
}

/// The path without `..` in it.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, part| {
        match part.as_os_str() == ".." {
            true => drop(plain.pop()),
            false => plain.push(part),
        }
        plain
    })
}

#[test]
fn each_link_of_an_installed_page_leads_somewhere() {
    let package = package();
    let (mut checked, mut made) = (0, 0);
    for (page, source) in pages() {
        let text = fs::read_to_string(root().join(&source)).unwrap();
        for link in links(&text) {
            let in_sources = root().join(&source).parent().unwrap().join(link);
            assert!(in_sources.exists(), "{}: {link}", source.display());
            // scripts/release does so, too.
            let installed =
                link.strip_prefix("server/").filter(|_| source.starts_with("../SECURITY.md"));
            made += usize::from(installed.is_some());
            let installed = plain(&page.parent().unwrap().join(installed.unwrap_or(link)));
            let is_there = package.contains_key(&installed);
            let is_source = SOURCES.iter().any(|sources| link.starts_with(sources));
            assert!(is_there || is_source, "{}: {link}", page.display());
            checked += 1;
        }
    }
    assert!(checked > 20 && made > 3, "{checked} {made}");
    let release = fs::read_to_string(root().join("../scripts/release")).unwrap();
    assert!(release.contains(r"sed 's#](server/#](#g'"), "the links of SECURITY.md");
}

#[test]
fn each_path_of_the_package_that_a_page_names_is_in_it() {
    let package = package();
    let mut checked = 0;
    for (page, source) in pages() {
        let text = fs::read_to_string(root().join(&source)).unwrap();
        let is_part = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
        for word in text.split(|c| !is_part(c)) {
            let path = word.trim_end_matches('.').trim_start_matches('/');
            let is_ours =
                ["usr/share/", "usr/lib/systemd/", "lib/systemd/", "etc/hallpass/hallpass."]
                    .iter()
                    .any(|place| path.starts_with(place));
            if !is_ours || !word.starts_with('/') {
                continue;
            }
            let is_there = package.keys().any(|to| to.starts_with(path));
            assert!(is_there, "{}: {word}", page.display());
            checked += 1;
        }
    }
    assert!(checked >= 7, "{checked}");
}

#[test]
fn each_file_of_the_package_is_in_the_sources_or_is_made() {
    for source in package().values() {
        let is_made = ["target/release/", "../target/"].iter().any(|made| source.starts_with(made));
        assert!(is_made || root().join(source).exists(), "{}", source.display());
    }
    let units = package().into_keys().filter(|to| to.starts_with("usr/lib/systemd/system"));
    assert_eq!(units.count(), 2);
    assert!(!package().keys().any(|to| to.starts_with("lib")), "units are in one place");
}
