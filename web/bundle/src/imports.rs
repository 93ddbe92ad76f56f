//! A smaller module. The names of what it imports from its glue, and of the closures that it
//! exports, get shorter: wasm-bindgen ends them in a hash, which no compression shrinks, once in
//! the module and once in the glue. The list of the features that the compiler used goes:
//! wasm-bindgen reads it, browsers don't.

use anyhow::{Result, ensure};
use walrus::ModuleConfig;

use crate::bindings::Module;

/// The length of the hash.
const HASH_DIGITS: usize = 16;

/// What wasm-bindgen's names for closures begin with.
const CLOSURE: &str = "wasm_bindgen__convert__closures_";

/// Renames them on both sides.
pub(crate) fn shorten(module: &Module) -> Result<Module> {
    let mut config = ModuleConfig::new();
    config.generate_name_section(false).generate_producers_section(false);
    let mut wasm = config.parse(&module.wasm)?;
    wasm.customs.remove_raw("target_features");
    let mut glue = module.glue.clone();
    let hashed = wasm.imports.iter_mut().filter(|import| is_hashed(&import.name));
    for (index, import) in hashed.enumerate() {
        let found = glue.matches(import.name.as_str()).count();
        ensure!(found == 1, "the glue has {} {found} times, not once", import.name);
        let short = format!("i{index}");
        glue = glue.replacen(import.name.as_str(), &short, 1);
        import.name = short;
    }
    let closures = wasm.exports.iter_mut().filter(|export| export.name.starts_with(CLOSURE));
    for (index, export) in closures.enumerate() {
        ensure!(glue.contains(&export.name), "the glue lacks {}", export.name);
        let short = format!("closure{index}");
        glue = glue.replace(&export.name, &short);
        export.name = short;
    }
    ensure!(!glue.contains(CLOSURE), "the glue has a closure that the module lacks");
    Ok(Module { glue, wasm: wasm.emit_wasm() })
}

/// `__wbg_name_0123456789abcdef`, or `__wbindgen_generic_0000000000000001`
fn is_hashed(name: &str) -> bool {
    let is_hash = |hash: &str| {
        hash.len() == HASH_DIGITS && hash.bytes().all(|digit| digit.is_ascii_hexdigit())
    };
    let is_glue = ["__wbg_", "__wbindgen_generic_"].iter().any(|start| name.starts_with(start));
    is_glue && name.rsplit_once('_').is_some_and(|(_, hash)| is_hash(hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "__wbg_log_0123456789abcdef";
    const TABLE: &str = "__wbindgen_init_externref_table";

    fn module(glue: String) -> Module {
        let mut module = walrus::Module::default();
        let kind = module.types.add(&[], &[]);
        for name in [LOG, TABLE] {
            module.add_import_func("./app_bg.js", name, kind);
        }
        Module { glue, wasm: module.emit_wasm() }
    }

    #[test]
    fn module_and_glue_agree_on_the_short_names() {
        let short = shorten(&module(format!("{LOG}: f, {TABLE}: g"))).unwrap();
        assert_eq!(short.glue, format!("i0: f, {TABLE}: g"));
        let wasm = walrus::Module::from_buffer(&short.wasm).unwrap();
        let names: Vec<_> = wasm.imports.iter().map(|import| import.name.as_str()).collect();
        assert_eq!(names, ["i0", TABLE]);
    }

    #[test]
    fn closures_have_short_names_on_both_sides() {
        let name = format!("{CLOSURE}_invoke__h0123456789abcdef");
        let glue = format!("{LOG}: f; function {name}() {{ wasm.{name}(); }}");
        let mut module = module(glue);
        let mut wasm = walrus::Module::from_buffer(&module.wasm).unwrap();
        let log = wasm.imports.iter().next().map(|import| import.kind.clone()).unwrap();
        let walrus::ImportKind::Function(log) = log else { panic!("a function") };
        wasm.exports.add(&name, log);
        module.wasm = wasm.emit_wasm();
        let short = shorten(&module).unwrap();
        assert_eq!(short.glue, "i0: f; function closure0() { wasm.closure0(); }");
        let wasm = walrus::Module::from_buffer(&short.wasm).unwrap();
        let names: Vec<_> = wasm.exports.iter().map(|export| export.name.as_str()).collect();
        assert_eq!(names, ["closure0"]);
    }

    #[test]
    fn a_glue_that_lacks_an_import_is_an_error() {
        let error = shorten(&module(TABLE.to_owned())).err().unwrap();
        assert!(error.to_string().contains(LOG), "{error}");
    }
}
