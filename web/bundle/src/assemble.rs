//! Puts the files together: each one is named after its final contents, so those that are referred
//! to come before those that refer.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::bindings::{GLUE, Module, WASM};
use crate::names::hashed;
use crate::output::Files;
use crate::tidy;

/// Where index.html wants the hints for what `main.js` is going to load.
const PRELOAD_MARK: &str = "<!-- bundle:preload -->";

/// The scripts that are loaded when somebody needs them. Each may import the ones before it, and
/// `main.js` may import any.
pub(crate) const LATER: [&str; 10] = [
    "tools.js",
    "admin-log.js",
    "admin-incidents.js",
    "admin.js",
    "passkey.js",
    "step.js",
    "enrol.js",
    "setup.js",
    "factor.js",
    "security.js",
];

/// The hand-written files.
pub(crate) struct Sources {
    index: String,
    main: String,
    later: Vec<String>,
    style: String,
    favicon: String,
}

impl Sources {
    pub(crate) fn read(directory: &Path) -> Result<Self> {
        let read = |name: &str| -> Result<String> {
            let path = directory.join(name);
            fs::read_to_string(&path).with_context(|| {
                format!("could not read {}: is --source the web directory?", path.display())
            })
        };
        Ok(Self {
            index: read("index.html")?,
            main: read("main.js")?,
            later: LATER.into_iter().map(read).collect::<Result<_>>()?,
            style: read("style.css")?,
            favicon: read("favicon.svg")?,
        })
    }
}

pub(crate) fn assemble(sources: &Sources, module: Module) -> Result<Files> {
    let mut files = Files::new();
    let wasm = add_asset(&mut files, WASM, module.wasm);
    let glue = refer(
        "the glue of wasm-bindgen",
        &tidy::script(&module.glue),
        &format!("'{WASM}'"),
        &wasm,
    )?;
    let glue = add_asset(&mut files, GLUE, glue.into_bytes());
    let later = add_later(&mut files, &sources.later)?;
    let main = tidy::script(&sources.main);
    let main = refer("main.js", &main, &format!("\"./{GLUE}\""), &format!("./{glue}"))?;
    let main = refer_later("main.js", main, &later)?;
    let main = add_asset(&mut files, "main.js", main.into_bytes());
    let style = add_asset(&mut files, "style.css", tidy::style(&sources.style).into_bytes());
    let favicon = add_asset(&mut files, "favicon.svg", sources.favicon.clone().into_bytes());

    let mut index = sources.index.clone();
    for (name, asset) in [("main.js", &main), ("style.css", &style), ("favicon.svg", &favicon)] {
        index = refer("index.html", &index, &format!("\"/{name}\""), &format!("/assets/{asset}"))?;
    }
    let index = replace_once("index.html", &index, PRELOAD_MARK, &preload(&glue, &wasm))?;
    files.insert("index.html".to_owned(), tidy::page(&index).into_bytes());
    Ok(files)
}

/// Adds the scripts that are loaded later. Returns the name of each, and of its asset.
fn add_later(files: &mut Files, sources: &[String]) -> Result<Vec<(&'static str, String)>> {
    let mut added = Vec::new();
    for (name, source) in LATER.into_iter().zip(sources) {
        let script = refer_later(name, tidy::script(source), &added)?;
        added.push((name, add_asset(files, name, script.into_bytes())));
    }
    Ok(added)
}

/// Makes the imports of scripts that are loaded later lead to their assets.
fn refer_later(place: &str, mut text: String, later: &[(&str, String)]) -> Result<String> {
    for (name, asset) in later {
        let reference = format!("\"./{name}\"");
        if text.contains(&reference) {
            text = refer(place, &text, &reference, &format!("./{asset}"))?;
        }
    }
    ensure!(
        LATER.iter().all(|name| !text.contains(&format!("\"./{name}\""))),
        "{place} imports \
             a script that comes after it"
    );
    Ok(text)
}

/// Returns the name under which the asset is found in `assets`.
fn add_asset(files: &mut Files, name: &str, contents: Vec<u8>) -> String {
    let name = hashed(name, &contents);
    files.insert(format!("assets/{name}"), contents);
    name
}

/// The attributes are those of the requests to come: a hint that differs is fetched twice.
fn preload(glue: &str, wasm: &str) -> String {
    format!(
        "<link rel=\"modulepreload\" href=\"/assets/{glue}\">\n    <link rel=\"preload\" \
         href=\"/assets/{wasm}\" as=\"fetch\" type=\"application/wasm\" crossorigin>"
    )
}

/// Replaces a quoted reference, keeping its quotes.
fn refer(place: &str, text: &str, reference: &str, target: &str) -> Result<String> {
    let Some(quote) = reference.chars().next() else { bail!("an empty reference in {place}") };
    replace_once(place, text, reference, &format!("{quote}{target}{quote}"))
}

/// Exactly one: none means that the reference would stay broken, and of two, one may be unmeant.
fn replace_once(place: &str, text: &str, mark: &str, replacement: &str) -> Result<String> {
    let found = text.matches(mark).count();
    ensure!(found == 1, "{place} must contain {mark} exactly once to be rewritten, found {found}");
    Ok(text.replacen(mark, replacement, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> Sources {
        Sources {
            index: format!(
                "{PRELOAD_MARK}<link href=\"/style.css\"><link href=\"/favicon.svg\">\
                 <script src=\"/main.js\"></script>"
            ),
            main: "await import(\"./app.js\"), import(\"./admin.js\"), import(\"./security.js\")"
                .to_owned(),
            later: [
                "export const ask = 1;",
                "import { ask } from \"./tools.js\";",
                "import \"./tools.js\";",
                "import \"./admin-log.js\"; import \"./admin-incidents.js\";",
                "import \"./tools.js\";",
                "import \"./tools.js\";",
                "import \"./tools.js\";",
                "import \"./enrol.js\"; import \"./step.js\";",
                "import \"./passkey.js\"; import(\"./setup.js\");",
                "import \"./factor.js\";",
            ]
            .map(str::to_owned)
            .to_vec(),
            style: "body {}".to_owned(),
            favicon: "<svg/>".to_owned(),
        }
    }

    fn module() -> Module {
        Module {
            glue: "new URL('app_bg.wasm', import.meta.url)".to_owned(),
            wasm: b"\0asm".to_vec(),
        }
    }

    fn named<'a>(files: &'a Files, start: &str, end: &str) -> (&'a str, String) {
        let (name, contents) = files
            .iter()
            .find(|(name, _)| name.starts_with(start) && name.ends_with(end))
            .unwrap_or_else(|| panic!("no {start}*{end} among {:?}", files.keys()));
        (name, String::from_utf8_lossy(contents).into_owned())
    }

    #[test]
    fn every_reference_leads_to_a_file() {
        let files = assemble(&sources(), module()).unwrap();
        let (wasm, _) = named(&files, "assets/app-", "_bg.wasm");
        let (glue, glue_text) = named(&files, "assets/app-", ".js");
        let (main, main_text) = named(&files, "assets/main-", ".js");
        let (style, _) = named(&files, "assets/style-", ".css");
        let (favicon, _) = named(&files, "assets/favicon-", ".svg");
        let (_, index) = named(&files, "index.html", "");
        let base = |name: &str| name.trim_start_matches("assets/").to_owned();
        assert_eq!(glue_text, format!("new URL('{}', import.meta.url)\n", base(wasm)));
        let later = |stem: &str| {
            let is_it = |name: &&String| {
                let hash = name.strip_prefix("assets/").and_then(|name| name.strip_prefix(stem));
                hash.is_some_and(|hash| hash.starts_with('-') && hash.matches('-').count() == 1)
            };
            let name = files.keys().find(is_it).unwrap();
            (base(name), String::from_utf8_lossy(&files[name]).into_owned())
        };
        let (admin, admin_text) = later("admin");
        for part in ["admin-log", "admin-incidents"] {
            let (part, text) = later(part);
            assert!(text.contains(&format!("\"./{}\"", later("tools").0)), "{text}");
            assert!(admin_text.contains(&format!("\"./{part}\"")), "{admin_text}");
        }
        let (security, security_text) = later("security");
        assert!(security_text.contains(&format!("\"./{}\"", later("factor").0)));
        let all = format!(
            "await import(\"./{}\"), import(\"./{admin}\"), import(\"./{security}\")\n",
            base(glue)
        );
        assert_eq!(main_text, all);
        for name in [wasm, glue, main, style, favicon] {
            assert!(index.contains(&format!("\"/{name}\"")), "{name} is not in {index}");
        }
        assert_eq!(files.len(), LATER.len() + 6);
    }

    #[test]
    fn a_change_in_the_module_changes_every_name_on_the_way_to_it() {
        let before = assemble(&sources(), module()).unwrap();
        let changed = Module { wasm: b"\0asm2".to_vec(), ..module() };
        let after = assemble(&sources(), changed).unwrap();
        for (start, end) in [("assets/app-", ".wasm"), ("assets/app-", ".js"), ("assets/main", "")]
        {
            assert_ne!(named(&before, start, end).0, named(&after, start, end).0);
        }
        assert_eq!(named(&before, "assets/style", "").0, named(&after, "assets/style", "").0);
    }

    #[test]
    fn a_reference_that_is_missing_is_an_error_that_names_it() {
        let broken =
            Sources { index: sources().index.replace("/style.css", "/x.css"), ..sources() };
        let error = assemble(&broken, module()).unwrap_err().to_string();
        assert!(error.contains("index.html") && error.contains("\"/style.css\""), "{error}");
    }

    #[test]
    fn a_script_that_is_loaded_later_imports_only_earlier_ones() {
        let mut sources = sources();
        sources.later[0] = "import \"./admin.js\";".to_owned();
        let error = assemble(&sources, module()).unwrap_err().to_string();
        assert!(error.starts_with("tools.js imports"), "{error}");
    }

    #[test]
    fn a_reference_that_occurs_twice_is_an_error() {
        assert!(replace_once("main.js", "a a", "a", "b").is_err());
    }
}
