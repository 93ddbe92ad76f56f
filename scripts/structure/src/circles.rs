//! Files that import each other, directly or round a circle.

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;

use crate::imports;
use crate::module::Module;

/// A message for each circle of a crate: which files are in it, and what ties them.
pub(crate) fn find(modules: &[Module]) -> Vec<String> {
    let imports = imports::between(modules);
    let graph: DiGraphMap<usize, ()> = imports.keys().copied().collect();
    let circles = tarjan_scc(&graph).into_iter().filter(|circle| circle.len() > 1);
    let describe = |circle: Vec<usize>| {
        let inside = |(from, to): &(usize, usize)| circle.contains(from) && circle.contains(to);
        let arrows =
            imports.iter().filter(|(arrow, _)| inside(arrow)).map(|((from, to), names)| {
                let names: Vec<_> = names.iter().map(String::as_str).collect();
                format!(
                    "\n  {} -> {}: {}",
                    modules[*from].file,
                    modules[*to].file,
                    names.join(", ")
                )
            });
        format!("{} files import each other:{}", circle.len(), arrows.collect::<String>())
    };
    circles.map(describe).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::module::parse;

    fn circles(files: &[(&str, &str)]) -> Vec<String> {
        let parse = |(path, text): &(&str, &str)| {
            parse((*path).to_owned(), Path::new(path), (*text).to_owned()).unwrap()
        };
        find(&files.iter().map(parse).collect::<Vec<_>>())
    }

    #[test]
    fn two_files_that_take_from_each_other_are_a_circle() {
        let (a, b) = ("use crate::b::B; pub struct A(B);", "pub struct B(Option<crate::a::A>);");
        let found = circles(&[("lib.rs", "mod a; mod b;"), ("a.rs", a), ("b.rs", b)]);
        assert_eq!(found, ["2 files import each other:\n  a.rs -> b.rs: B\n  b.rs -> a.rs: A"]);
        let found = circles(&[("lib.rs", "mod a; mod b;"), ("a.rs", a), ("b.rs", "pub struct B;")]);
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn a_name_that_is_handed_on_comes_from_where_it_is_defined() {
        let root = "mod a; mod b; pub use b::B;";
        let (a, b) = ("use crate::B; pub struct A(B);", "use super::a::A; pub struct B(A);");
        assert_eq!(circles(&[("lib.rs", root), ("a.rs", a), ("b.rs", b)]).len(), 1);
    }

    #[test]
    fn a_child_that_takes_from_its_parent_what_the_parent_builds_on_it_is_a_circle() {
        let (parent, child) =
            ("mod child; use child::C; pub struct P(C);", "use super::P; pub struct C;");
        assert_eq!(
            circles(&[("lib.rs", "mod p;"), ("p.rs", parent), ("p/child.rs", child)]).len(),
            1
        );
        let handed_on = "mod child; pub use child::C; pub struct P;";
        assert!(
            circles(&[("lib.rs", "mod p;"), ("p.rs", handed_on), ("p/child.rs", child)]).is_empty()
        );
    }

    #[test]
    fn tests_may_look_everywhere() {
        let a = "use crate::b::B; #[cfg(test)] mod tests { use super::*; }";
        let b = "pub struct B; #[cfg(test)] mod tests { use crate::a::A; }";
        assert!(circles(&[("lib.rs", "mod a; mod b;"), ("a.rs", a), ("b.rs", b)]).is_empty());
    }
}
