//! A shorter glue. wasm-bindgen writes it for every way to load a module, and for browsers that are
//! too old to run this one. A browser with reference types can compile a module while it loads.

use anyhow::{Result, ensure};

/// What becomes another text, each exactly once: its first words, and the first words after it.
const CUTS: [(&str, &str, &str); 2] = [
    ("if (!('encodeInto' in cachedTextEncoder))", "let WASM_VECTOR_LEN", ""),
    ("async function __wbg_load(", "", LOADER),
];

/// What loads the module and starts it.
const LOADER: &str = "\
export default async () => {
const source = fetch(new URL('app_bg.wasm', import.meta.url));
const { instance, module } = await WebAssembly.instantiateStreaming(source, __wbg_get_imports());
__wbg_finalize_init(instance, module);
};
";

/// Leaves out what nobody needs.
pub(crate) fn shorten(glue: &str) -> Result<String> {
    let mut glue = glue.to_owned();
    for (start, end, instead) in CUTS {
        let (before, rest) = split_at_only(&glue, start)?;
        let after = if end.is_empty() { "" } else { split_at_only(rest, end)?.1 };
        glue = [before, instead, after].concat();
    }
    ensure!(glue.matches("export ").count() == 1, "the glue exports something else, too");
    Ok(glue)
}

/// The text before the only place of these words, and that from there on.
fn split_at_only<'t>(text: &'t str, words: &str) -> Result<(&'t str, &'t str)> {
    let found = text.matches(words).count();
    ensure!(found == 1, "the glue has “{words}” {found} times, not once");
    Ok(text.split_at(text.find(words).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLYFILL: &str = "if (!('encodeInto' in cachedTextEncoder)) {\n  x;\n}\n";
    const REST: &str = "async function __wbg_load(a) {}\nexport { a as default };\n";

    #[test]
    fn the_loader_and_what_is_for_old_browsers_go() {
        let glue = ["a;\n", POLYFILL, "let WASM_VECTOR_LEN = 0;\nb;\n", REST].concat();
        let expected = ["a;\nlet WASM_VECTOR_LEN = 0;\nb;\n", LOADER].concat();
        assert_eq!(shorten(&glue).unwrap(), expected);
    }

    #[test]
    fn another_glue_is_an_error() {
        let twice = [POLYFILL, POLYFILL, "let WASM_VECTOR_LEN;", REST].concat();
        for glue in ["", POLYFILL, REST, &twice] {
            let error = shorten(glue).unwrap_err().to_string();
            assert!(error.starts_with("the glue has "), "{error}");
        }
    }
}
