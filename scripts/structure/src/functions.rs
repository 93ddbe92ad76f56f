//! How long functions are: from the line of `fn` to the closing brace.

use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Block, ImplItemFn, ItemFn, Signature, TraitItemFn};

use crate::module::Module;

/// A function with a body.
#[derive(Debug)]
pub(crate) struct Function {
    /// Where it is, and its name.
    pub(crate) name: String,
    /// How long it is.
    pub(crate) lines: usize,
}

/// The functions of a file.
pub(crate) fn of(module: &Module) -> Vec<Function> {
    let mut found = Found { file: &module.file, functions: Vec::new() };
    module.items.iter().for_each(|item| found.visit_item(item));
    found.functions
}

struct Found<'a> {
    file: &'a str,
    functions: Vec<Function>,
}

impl Found<'_> {
    fn add(&mut self, signature: &Signature, block: &Block) {
        let first = signature.fn_token.span.start().line;
        let end: Span = block.span();
        let name = format!("{}:{first}: {}", self.file, signature.ident);
        self.functions.push(Function { name, lines: end.end().line - first + 1 });
    }
}

impl<'ast> Visit<'ast> for Found<'_> {
    fn visit_item_fn(&mut self, it: &'ast ItemFn) {
        self.add(&it.sig, &it.block);
        visit::visit_item_fn(self, it);
    }

    fn visit_impl_item_fn(&mut self, it: &'ast ImplItemFn) {
        self.add(&it.sig, &it.block);
        visit::visit_impl_item_fn(self, it);
    }

    fn visit_trait_item_fn(&mut self, it: &'ast TraitItemFn) {
        if let Some(block) = &it.default {
            self.add(&it.sig, block);
        }
        visit::visit_trait_item_fn(self, it);
    }
}
