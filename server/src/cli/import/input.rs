//! The file, as UTF-8.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context as _, ensure};
use encoding_rs_io::DecodeReaderBytesBuilder;

/// The file and its size, as far as it is known.
pub(super) fn open(path: &Path) -> anyhow::Result<(Box<dyn BufRead>, Option<u64>)> {
    if path == Path::new("-") {
        return Ok((utf8(io::stdin().lock())?, None));
    }
    let failed = || format!("can't open {}", path.display());
    let file = File::open(path).with_context(failed)?;
    let metadata = file.metadata().with_context(failed)?;
    ensure!(!metadata.is_dir(), "{} is a directory; name a file", path.display());
    let size = metadata.is_file().then_some(metadata.len());
    Ok((utf8(file).with_context(failed)?, size))
}

/// The same text in UTF-8. UTF-16 is recognized by its byte order mark, which Excel and PowerShell
/// write. Other text stays as it is, with all its bytes.
pub(super) fn utf8<'a>(mut input: impl Read + 'a) -> io::Result<Box<dyn BufRead + 'a>> {
    let mut mark = Vec::new();
    input.by_ref().take(2).read_to_end(&mut mark)?;
    let is_utf16 = matches!(mark[..], [0xff, 0xfe] | [0xfe, 0xff]);
    let whole = io::Cursor::new(mark).chain(input);
    if !is_utf16 {
        return Ok(Box::new(BufReader::new(whole)));
    }
    let decoded = DecodeReaderBytesBuilder::new().bom_sniffing(true).build(whole);
    Ok(Box::new(BufReader::new(decoded)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Vec<u8> {
        let mut read = Vec::new();
        utf8(bytes).unwrap().read_to_end(&mut read).unwrap();
        read
    }

    #[test]
    fn utf_16_of_either_order_becomes_utf_8_and_all_else_stays() {
        let text = "Zoë 漢字 🦀\r\n";
        let units = || std::iter::once(0xfeff).chain(text.encode_utf16());
        let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
        assert_eq!(read(&little), text.as_bytes());
        assert_eq!(read(&big), text.as_bytes());
        for other in [&b""[..], b"a", b"a,b\n", b"\xff\n", "\u{feff}a".as_bytes(), b"\xfe\x80\xff"]
        {
            assert_eq!(read(other), other);
        }
    }
}
