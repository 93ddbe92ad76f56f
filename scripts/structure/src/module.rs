//! The files of a crate, each of them a module.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use syn::{Attribute, Item};
use walkdir::WalkDir;

/// A file of a crate.
pub(crate) struct Module {
    /// Where it is.
    pub(crate) file: String,
    /// Its path from the crate's root: empty for `lib.rs` and `main.rs`.
    pub(crate) path: Vec<String>,
    /// What it holds beside tests.
    pub(crate) items: Vec<Item>,
    /// Its text.
    pub(crate) text: String,
    /// Its lines, without tests.
    pub(crate) lines: usize,
}

/// Reads the modules below a `src` folder. A library and a program of one crate are two roots; what
/// the program takes from the library is no circle.
pub(crate) fn read_crate(src: &Path) -> anyhow::Result<Vec<Module>> {
    let mut files = BTreeMap::new();
    for entry in WalkDir::new(src).sort_by_file_name() {
        let entry = entry?;
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(path)?;
            files.insert(path.display().to_string(), (path.strip_prefix(src)?.to_owned(), text));
        }
    }
    let modules = files.into_iter().map(|(file, (path, text))| parse(file, &path, text));
    without_tests(modules.collect::<anyhow::Result<_>>()?)
}

/// Parses a file.
pub(crate) fn parse(file: String, path: &Path, text: String) -> anyhow::Result<Module> {
    let parsed = syn::parse_file(&text).with_context(|| file.clone())?;
    let tests: usize = parsed.items.iter().filter(|item| is_test(item)).map(lines_of).sum();
    let lines = text.lines().count() - tests;
    let items = parsed.items.into_iter().filter(|item| !is_test(item)).collect();
    Ok(Module { file, path: module_path(path), items, text, lines })
}

/// `a/b.rs` and `a/b/mod.rs` are both `a::b`.
fn module_path(path: &Path) -> Vec<String> {
    let parts = path.with_extension("");
    let mut parts: Vec<_> = parts.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod")
        || (parts.len() == 1 && (parts[0] == "lib" || parts[0] == "main"))
    {
        parts.pop();
    }
    parts
}

/// Leaves out the files that only tests declare.
fn without_tests(mut modules: Vec<Module>) -> anyhow::Result<Vec<Module>> {
    let mut declared: Vec<Vec<String>> = vec![Vec::new()];
    for module in &modules {
        for item in &module.items {
            if let Item::Mod(child) = item {
                let mut path = module.path.clone();
                path.push(child.ident.to_string());
                declared.push(path);
            }
        }
    }
    // A module is there if all above it are.
    modules.retain(|module| {
        (0..=module.path.len()).all(|n| declared.contains(&module.path[..n].to_vec()))
    });
    Ok(modules)
}

fn is_test(item: &Item) -> bool {
    attributes(item).iter().any(|attribute| {
        let is_cfg = attribute.path().is_ident("cfg");
        is_cfg && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string() == "test")
    })
}

fn lines_of(item: &Item) -> usize {
    use syn::spanned::Spanned as _;
    let span = item.span();
    span.end().line - span.start().line + 1
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(it) => &it.attrs,
        Item::Enum(it) => &it.attrs,
        Item::Fn(it) => &it.attrs,
        Item::Impl(it) => &it.attrs,
        Item::Mod(it) => &it.attrs,
        Item::Static(it) => &it.attrs,
        Item::Struct(it) => &it.attrs,
        Item::Trait(it) => &it.attrs,
        Item::Type(it) => &it.attrs,
        Item::Use(it) => &it.attrs,
        _ => &[],
    }
}
