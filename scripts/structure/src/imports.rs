//! Which file takes what from which: `use` lines and paths, followed through `pub use` to the file
//! that defines the name.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};
use syn::{Item, Path, UseTree};

use crate::module::Module;

/// A path as somebody wrote it, from the crate's root.
type Route = Vec<String>;

/// For each file, the files it imports from, and the names it takes.
pub(crate) fn between(modules: &[Module]) -> BTreeMap<(usize, usize), BTreeSet<String>> {
    let names = Names::of(modules);
    let mut imports: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (from, module) in modules.iter().enumerate() {
        for route in written_in(module) {
            if let Some((to, name)) = names.resolve(&module.path, &route, 0)
                && to != from
            {
                imports.entry((from, to)).or_default().insert(name);
            }
        }
    }
    imports
}

/// For each file, the crates whose names it writes. Other first words of paths, such as types, are
/// among them.
pub(crate) fn of_crates(modules: &[Module]) -> Vec<BTreeSet<String>> {
    let names = Names::of(modules);
    let is_inner = |module: &Module, first: &String| {
        let child = [&module.path[..], std::slice::from_ref(first)].concat();
        ["crate", "self", "super"].contains(&first.as_str()) || names.files.contains_key(&child)
    };
    let of_file = |module| {
        let first = written_in(module).into_iter().filter_map(|route| route.into_iter().next());
        first.filter(|first| !is_inner(module, first)).collect()
    };
    modules.iter().map(of_file).collect()
}

/// What the names of each module stand for.
struct Names {
    /// The number of the module with a path.
    files: BTreeMap<Route, usize>,
    /// What a module brings in by `use`: its own name for it, and where it comes from.
    uses: BTreeMap<Route, BTreeMap<String, Route>>,
}

impl Names {
    fn of(modules: &[Module]) -> Self {
        let files = modules.iter().enumerate().map(|(n, it)| (it.path.clone(), n)).collect();
        let uses = modules.iter().map(|it| (it.path.clone(), uses_of(it))).collect();
        Self { files, uses }
    }

    /// The file that defines what `route` names in the module `at`, and the name.
    fn resolve(&self, at: &[String], route: &[String], depth: usize) -> Option<(usize, String)> {
        if depth > 20 {
            return None;
        }
        let mut module = at.to_vec();
        let mut rest = route.iter().peekable();
        match rest.peek()?.as_str() {
            "crate" => module = (rest.next(), Vec::new()).1,
            "self" => _ = rest.next(),
            "super" => {
                while rest.next_if(|it| *it == "super").is_some() {
                    module.pop()?;
                }
            }
            _ => {}
        }
        while let Some(segment) = rest.next() {
            let child = [&module[..], std::slice::from_ref(segment)].concat();
            if self.files.contains_key(&child) {
                module = child;
            } else if let Some(source) = self.uses.get(&module).and_then(|uses| uses.get(segment)) {
                // It comes from elsewhere, and with it whatever follows.
                let onward: Route = source.iter().chain(rest).cloned().collect();
                return self.resolve(&module, &onward, depth + 1);
            } else {
                let is_local = module == at && !["crate", "self", "super"].contains(&&*route[0]);
                return (!is_local).then(|| (self.files[&module], segment.clone()));
            }
        }
        // A module as a whole. To name one says nothing; what is taken from it does.
        None
    }
}

fn uses_of(module: &Module) -> BTreeMap<String, Route> {
    let mut uses = BTreeMap::new();
    for item in &module.items {
        if let Item::Use(it) = item {
            for (name, route) in leaves(&it.tree, &[]) {
                uses.insert(name, route);
            }
        }
    }
    uses
}

/// The names that a `use` brings in, each with its path.
fn leaves(tree: &UseTree, before: &[String]) -> Vec<(String, Route)> {
    let with = |name: String| [before, &[name]].concat();
    match tree {
        UseTree::Path(it) => leaves(&it.tree, &with(it.ident.to_string())),
        UseTree::Name(it) if it.ident == "self" => {
            vec![(before.last().cloned().unwrap_or_default(), before.to_vec())]
        }
        UseTree::Name(it) => vec![(it.ident.to_string(), with(it.ident.to_string()))],
        UseTree::Rename(it) if it.ident == "self" => vec![(it.rename.to_string(), before.to_vec())],
        UseTree::Rename(it) => vec![(it.rename.to_string(), with(it.ident.to_string()))],
        UseTree::Glob(_) => vec![("*".to_owned(), with("*".to_owned()))],
        UseTree::Group(it) => it.items.iter().flat_map(|tree| leaves(tree, before)).collect(),
    }
}

/// All paths that a file writes, but for what it only hands on.
fn written_in(module: &Module) -> Vec<Route> {
    let mut written = Written(Vec::new());
    for item in &module.items {
        match item {
            Item::Use(it) if !matches!(it.vis, syn::Visibility::Inherited) => {}
            Item::Use(it) => written.0.extend(leaves(&it.tree, &[]).into_iter().map(|leaf| leaf.1)),
            item => written.visit_item(item),
        }
    }
    written.0
}

struct Written(Vec<Route>);

impl<'ast> Visit<'ast> for Written {
    fn visit_path(&mut self, path: &'ast Path) {
        if path.segments.len() > 1 {
            self.0.push(path.segments.iter().map(|it| it.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }
}
