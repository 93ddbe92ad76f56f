//! The module's JavaScript glue, made by the wasm-bindgen that the same lock file pins for the
//! frontend, so that the two always match.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use wasm_bindgen_cli_support::Bindgen;

/// The names that the glue and `main.js` use for each other before hashing.
pub(crate) const GLUE: &str = "app.js";
/// The module as the glue refers to it.
pub(crate) const WASM: &str = "app_bg.wasm";

/// A module that browsers can load.
pub(crate) struct Module {
    /// Exports `default`, which loads and starts the module.
    pub(crate) glue: String,
    pub(crate) wasm: Vec<u8>,
}

pub(crate) fn generate(wasm: &Path) -> Result<Module> {
    ensure!(
        wasm.is_file(),
        "{} is not there: build it first with `cargo build -p hallpass-web --target \
         wasm32-unknown-unknown --profile wasm`",
        wasm.display()
    );
    let scratch = tempfile::tempdir().context("could not make a scratch directory")?;
    Bindgen::new()
        .input_path(wasm)
        .out_name("app")
        .web(true)?
        .omit_default_module_path(false)
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(scratch.path())
        .with_context(|| format!("wasm-bindgen could not read {}", wasm.display()))?;
    ensure!(
        !scratch.path().join("snippets").exists(),
        "a dependency of hallpass-web brings JavaScript snippets, which the bundle does not carry"
    );
    let path = scratch.path();
    Ok(Module {
        glue: fs::read_to_string(path.join(GLUE)).context("wasm-bindgen wrote no glue")?,
        wasm: fs::read(path.join(WASM)).context("wasm-bindgen wrote no module")?,
    })
}
