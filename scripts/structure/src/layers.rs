//! What the modules of the server must not import, as its ARCHITECTURE.md states it.

use std::collections::BTreeSet;

use syn::visit::{self, Visit};
use syn::{ExprField, FieldPat, Member};

use crate::imports;
use crate::module::Module;

/// Something that some modules must not know.
struct Layer {
    /// The rule, for the message.
    rule: &'static str,
    /// Whom it binds.
    whom: Whom,
    /// Crates, modules with all inside, and names in modules.
    imports: &'static [&'static str],
    /// Fields of whatever type.
    fields: &'static [&'static str],
}

/// Modules, with all inside.
enum Whom {
    These(&'static [&'static str]),
    /// These, and whatever they import, directly or not.
    AllBelow(&'static [&'static str]),
    AllBut(&'static [&'static str]),
}

const LAYERS: &[Layer] = &[
    Layer {
        rule: "accounts and all below know no HTTP, no command line and no control protocol",
        whom: Whom::AllBelow(&["accounts"]),
        imports: &["warp", "hyper", "http", "clap", "control", "refresh_cookie"],
        fields: &[],
    },
    Layer {
        rule: "handlers and control call accounts, and never the store",
        whom: Whom::These(&["handlers", "control"]),
        imports: &["store::Store", "store::retrying", "store::redb", "store::postgres"],
        fields: &["store"],
    },
    Layer {
        rule: "the rules know no backend and no clock",
        whom: Whom::These(&["store::rules"]),
        imports: &["redb", "tokio_postgres", "tokio", "clock", "store::redb", "store::postgres"],
        fields: &[],
    },
    Layer {
        rule: "serve, middleware, filters and routes alone know warp and hyper",
        whom: Whom::AllBut(&["serve", "middleware", "filters", "routes"]),
        imports: &["warp", "hyper", "hyper_util"],
        fields: &[],
    },
];

/// A message for each import that breaks a rule.
pub(crate) fn breaches(modules: &[Module]) -> Vec<String> {
    let imports = Imports::of(modules);
    LAYERS.iter().flat_map(|layer| imports.against(layer, modules)).collect()
}

struct Imports {
    /// From which module to which, and the whole path of what is taken.
    inner: Vec<(usize, usize, String)>,
    /// For each module, the crates that it names.
    crates: Vec<BTreeSet<String>>,
}

impl Imports {
    fn of(modules: &[Module]) -> Self {
        let mut inner = Vec::new();
        for ((from, to), names) in imports::between(modules) {
            let path = |name: String| [&modules[to].path[..], &[name]].concat().join("::");
            inner.extend(names.into_iter().map(|name| (from, to, path(name))));
        }
        Self { inner, crates: imports::of_crates(modules) }
    }

    fn against(&self, layer: &Layer, modules: &[Module]) -> Vec<String> {
        let mut found = Vec::new();
        for n in self.bound(&layer.whom, modules) {
            let inner = self.inner.iter().filter(|(from, ..)| *from == n).map(|(.., path)| path);
            let taken = inner.chain(&self.crates[n]).filter(|path| is_in(path, layer.imports));
            let fields = fields(&modules[n]).into_iter().filter(|it| layer.fields.contains(&&**it));
            let what = taken.cloned().chain(fields.map(|field| format!("the field `{field}`")));
            found.extend(
                what.map(|what| format!("{} uses {what}: {}", modules[n].file, layer.rule)),
            );
        }
        found
    }

    /// The modules that a rule binds.
    fn bound(&self, whom: &Whom, modules: &[Module]) -> BTreeSet<usize> {
        let those = |names: &[&str], inside: bool| {
            let is_meant = |n: &usize| is_in(&modules[*n].path.join("::"), names) == inside;
            (0..modules.len()).filter(is_meant).collect::<BTreeSet<_>>()
        };
        match whom {
            Whom::These(names) => those(names, true),
            Whom::AllBut(names) => those(names, false),
            Whom::AllBelow(names) => {
                let mut bound = BTreeSet::new();
                let mut added: Vec<_> = those(names, true).into_iter().collect();
                while let Some(n) = added.pop() {
                    if bound.insert(n) {
                        let below = self.inner.iter().filter(|(from, ..)| *from == n);
                        added.extend(below.map(|(_, to, _)| *to));
                    }
                }
                bound
            }
        }
    }
}

/// Whether a path is one of `names`, or inside one.
fn is_in(path: &str, names: &[&str]) -> bool {
    names.iter().any(|name| {
        path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    })
}

/// The fields that a file reads or takes apart.
fn fields(module: &Module) -> BTreeSet<String> {
    let mut found = Fields(BTreeSet::new());
    module.items.iter().for_each(|item| found.visit_item(item));
    found.0
}

struct Fields(BTreeSet<String>);

impl Fields {
    fn add(&mut self, member: &Member) {
        if let Member::Named(name) = member {
            self.0.insert(name.to_string());
        }
    }
}

impl<'ast> Visit<'ast> for Fields {
    fn visit_expr_field(&mut self, it: &'ast ExprField) {
        self.add(&it.member);
        visit::visit_expr_field(self, it);
    }

    fn visit_field_pat(&mut self, it: &'ast FieldPat) {
        self.add(&it.member);
        visit::visit_field_pat(self, it);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::module::parse;

    fn broken(files: &[(&str, &str)]) -> Vec<String> {
        let parse = |(path, text): &(&str, &str)| {
            parse((*path).to_owned(), Path::new(path), (*text).to_owned()).unwrap()
        };
        let found = breaches(&files.iter().map(parse).collect::<Vec<_>>());
        found.into_iter().map(|it| it.split(':').next().unwrap().to_owned()).collect()
    }

    #[test]
    fn what_accounts_builds_on_knows_no_http() {
        let accounts = ("accounts.rs", "use crate::token::Token;");
        let clean = ("token.rs", "pub struct Token;");
        let http = ("token.rs", "pub struct Token(http::HeaderMap);");
        let apart = ("answer.rs", "use http::HeaderMap;");
        assert_eq!(broken(&[accounts, clean, apart]), [""; 0]);
        assert_eq!(broken(&[accounts, http, apart]), ["token.rs uses http"]);
    }

    #[test]
    fn a_module_that_has_the_name_of_a_crate_is_none() {
        let metrics = ("metrics.rs", "mod http; use self::http::Requests;");
        let http = ("metrics/http.rs", "pub struct Requests;");
        assert_eq!(broken(&[("accounts.rs", "use crate::metrics::M;"), metrics, http]), [""; 0]);
    }

    #[test]
    fn handlers_call_no_operation_of_the_store() {
        let store = ("store.rs", "pub struct User; pub trait Store {}");
        let taken = ("handlers/login.rs", "use crate::store::{Store, User};");
        assert_eq!(broken(&[store, taken]), ["handlers/login.rs uses store"]);
        let called = ("handlers.rs", "fn get(app: &App) { app.accounts.store.check(); }");
        assert_eq!(broken(&[store, called]), ["handlers.rs uses the field `store`"]);
        let apart = ("control.rs", "fn get(Accounts { store, .. }: &Accounts) { store.check(); }");
        assert_eq!(broken(&[store, apart]), ["control.rs uses the field `store`"]);
    }

    #[test]
    fn few_modules_know_warp() {
        let text = "use warp::Filter as _;";
        assert_eq!(broken(&[("routes.rs", text), ("filters/body.rs", text)]), [""; 0]);
        assert_eq!(broken(&[("body.rs", text)]), ["body.rs uses warp"]);
    }
}
