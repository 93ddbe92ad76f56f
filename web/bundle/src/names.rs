//! Names that change with the content, so that caches may keep a file for ever.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// 64 bits: names must differ between versions of one file, and nobody attacks them.
const HASH_BYTES: usize = 8;

/// `style.css` becomes `style-0123456789abcdef.css`; the `_bg` by which wasm-bindgen tells a
/// module from its glue stays at the end of the stem.
pub(crate) fn hashed(name: &str, contents: &[u8]) -> String {
    let hash = HEXLOWER.encode(&Sha256::digest(contents)[..HASH_BYTES]);
    let (stem, extension) = name.split_once('.').unwrap_or((name, ""));
    match stem.strip_suffix("_bg") {
        Some(stem) => format!("{stem}-{hash}_bg.{extension}"),
        None => format!("{stem}-{hash}.{extension}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_holds_the_start_of_the_contents_sha_256() {
        assert_eq!(hashed("style.css", b"abc"), "style-ba7816bf8f01cfea.css");
        assert_eq!(hashed("app_bg.wasm", b"abc"), "app-ba7816bf8f01cfea_bg.wasm");
    }

    #[test]
    fn other_contents_get_another_name() {
        assert_ne!(hashed("main.js", b"a"), hashed("main.js", b"b"));
    }
}
