//! Precompressed copies, at the effort that no server could spend on a request.

use std::io::Write;

use anyhow::Result;
use brotli::enc::BrotliEncoderParams;
use flate2::{Compression, GzBuilder};

use crate::output::Files;

const BROTLI_QUALITY: i32 = 11;
/// The largest window that every browser accepts.
const BROTLI_WINDOW_BITS: i32 = 22;

/// Adds `.br` and `.gz` copies wherever they are smaller than the file.
pub(crate) fn add_compressed(files: &mut Files) -> Result<()> {
    let mut copies = Files::new();
    for (name, contents) in files.iter() {
        for (suffix, copy) in [(".br", brotli(contents)?), (".gz", gzip(contents)?)] {
            if copy.len() < contents.len() {
                copies.insert(format!("{name}{suffix}"), copy);
            }
        }
    }
    files.extend(copies);
    Ok(())
}

pub(crate) fn is_compressed(name: &str) -> bool {
    name.ends_with(".br") || name.ends_with(".gz")
}

fn brotli(contents: &[u8]) -> Result<Vec<u8>> {
    let params = BrotliEncoderParams {
        quality: BROTLI_QUALITY,
        lgwin: BROTLI_WINDOW_BITS,
        size_hint: contents.len(),
        ..BrotliEncoderParams::default()
    };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &contents[..], &mut compressed, &params)?;
    Ok(compressed)
}

/// Without a time stamp: the same contents must give the same bytes.
fn gzip(contents: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    encoder.write_all(contents)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn the_copies_decompress_to_the_file() {
        let text = "a page that repeats itself; ".repeat(50).into_bytes();
        let mut files = Files::from([("index.html".to_owned(), text.clone())]);
        add_compressed(&mut files).unwrap();

        let mut from_brotli = Vec::new();
        brotli::BrotliDecompress(&mut &files["index.html.br"][..], &mut from_brotli).unwrap();
        assert_eq!(from_brotli, text);

        let mut from_gzip = Vec::new();
        let mut decoder = flate2::read::GzDecoder::new(&files["index.html.gz"][..]);
        decoder.read_to_end(&mut from_gzip).unwrap();
        assert_eq!(from_gzip, text);
    }

    #[test]
    fn a_file_that_does_not_shrink_has_no_copy() {
        let mut files = Files::from([("a".to_owned(), b"x".to_vec())]);
        add_compressed(&mut files).unwrap();
        assert_eq!(files.len(), 1);
    }
}
