//! The frontend's files, which are a part of the binary.

use std::collections::HashMap;
use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderValue;
use rust_embed::Embed;
use sha2::{Digest as _, Sha256};

/// Files below this path have a hash of their content in their name.
const HASHED: &str = "assets/";

/// The page that the browser loads for every route of the frontend.
const INDEX: &str = "index.html";

#[derive(Embed)]
#[folder = "../web/dist"]
#[allow_missing = true]
struct Embedded;

/// The frontend's files by their path, without a leading slash.
#[derive(Debug, Default)]
pub struct Assets {
    by_path: HashMap<String, Asset>,
}

/// One file, in each encoding that exists.
#[derive(Debug)]
pub struct Asset {
    /// The media type.
    pub content_type: HeaderValue,
    /// Whether the content at this path never changes.
    pub immutable: bool,
    /// The file uncompressed.
    pub identity: Encoded,
    /// Compressed with Brotli (RFC 7932).
    pub brotli: Option<Encoded>,
    /// Compressed with gzip (RFC 1952).
    pub gzip: Option<Encoded>,
}

/// A file's bytes in one encoding.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// The bytes.
    pub bytes: Bytes,
    /// The strong entity tag of these bytes (RFC 9110 section 8.8.3).
    pub etag: HeaderValue,
}

impl Assets {
    /// The files that were in `web/dist` at compile time. None if that directory was missing.
    pub fn embedded() -> Self {
        let read = |path: &str| Embedded::get(path).map(|file| Bytes::from(file.data.into_owned()));
        Self::new(Embedded::iter().filter_map(|path| Some((path.to_string(), read(&path)?))))
    }

    /// Makes assets of `files`, each with its path. `x.br` and `x.gz` become encodings of `x`.
    pub fn new(files: impl IntoIterator<Item = (String, Bytes)>) -> Self {
        let mut encoded: HashMap<String, Encoded> =
            files.into_iter().map(|(path, bytes)| (path, Encoded::new(bytes))).collect();
        let is_encoding = |path: &String| path.ends_with(".br") || path.ends_with(".gz");
        let paths: Vec<String> =
            encoded.keys().filter(|path| !is_encoding(path)).cloned().collect();
        let mut take = |path: &str| encoded.remove(path);
        let by_path = paths.into_iter().filter_map(|path| {
            let asset = Asset {
                content_type: content_type(&path),
                immutable: path.starts_with(HASHED),
                identity: take(&path)?,
                brotli: take(&format!("{path}.br")),
                gzip: take(&format!("{path}.gz")),
            };
            Some((path, asset))
        });
        Self { by_path: by_path.collect() }
    }

    /// Makes the frontend's page that of a server below this path, such as `/auth`. The addresses
    /// in the page begin with the path then, and `data-base` tells it to the scripts.
    #[must_use]
    pub fn below(mut self, base: &str) -> Self {
        if let Some(index) = self.by_path.get_mut(INDEX).filter(|_| !base.is_empty()) {
            let page = String::from_utf8_lossy(&index.identity.bytes);
            let page = page.replace("\"/", &format!("\"{base}/"));
            let page = page.replacen("<html ", &format!("<html data-base=\"{base}\" "), 1);
            index.gzip = Some(Encoded::new(gzip(page.as_bytes())));
            index.brotli = None;
            index.identity = Encoded::new(page.into());
        }
        self
    }

    /// Makes the entity tags of files that may change depend on `policy`, too. Otherwise a browser
    /// that gets a 304 could keep the old policy. WebKit does so with all headers whose names begin
    /// with `content-`.
    #[must_use]
    pub fn under(mut self, policy: &HeaderValue) -> Self {
        for asset in self.by_path.values_mut().filter(|asset| !asset.immutable) {
            let copies = asset.brotli.iter_mut().chain(&mut asset.gzip);
            for encoded in copies.chain([&mut asset.identity]) {
                encoded.etag = tag(&[encoded.etag.as_bytes(), policy.as_bytes()]);
            }
        }
        self
    }

    /// The file at a URL's path. The frontend's page has no such path: it answers at the paths of
    /// its routes.
    pub fn file(&self, url_path: &str) -> Option<&Asset> {
        let path = url_path.strip_prefix('/').filter(|path| *path != INDEX)?;
        self.by_path.get(path)
    }

    /// The frontend's page. `None` if this binary was built without the frontend.
    pub fn index(&self) -> Option<&Asset> {
        self.by_path.get(INDEX)
    }
}

impl Asset {
    /// A file made at the start. The ending of `name` determines its media type.
    pub fn generated(name: &str, bytes: impl Into<Bytes>) -> Self {
        Self {
            content_type: content_type(name),
            immutable: false,
            identity: Encoded::new(bytes.into()),
            brotli: None,
            gzip: None,
        }
    }
}

impl Encoded {
    fn new(bytes: Bytes) -> Self {
        let etag = tag(&[&bytes]);
        Self { bytes, etag }
    }
}

fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.expect("a vector takes all bytes").into()
}

fn tag(parts: &[&[u8]]) -> HeaderValue {
    let digest = parts.iter().fold(Sha256::new(), Sha256::chain_update).finalize();
    let hash = data_encoding::HEXLOWER.encode(&digest[..16]);
    HeaderValue::try_from(format!("\"{hash}\"")).expect("hex is ASCII")
}

fn content_type(path: &str) -> HeaderValue {
    let media_type = mime_guess::from_path(path).first_or_octet_stream();
    let text = media_type.type_() == mime::TEXT;
    let value = if text { format!("{media_type}; charset=utf-8") } else { media_type.to_string() };
    HeaderValue::try_from(value).expect("media types are ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_a_path_every_address_of_the_page_begins_with_it() {
        let page = include_str!("../../web/index.html");
        let files = [("index.html".to_owned(), Bytes::from_static(page.as_bytes()))];
        let assets = Assets::new(files).below("/auth");
        let below = String::from_utf8(assets.index().unwrap().identity.bytes.to_vec()).unwrap();
        assert!(below.contains("<html data-base=\"/auth\" lang="));
        let values = |text: &str| {
            let attributes = text.split("=\"").collect::<Vec<_>>();
            let values = attributes.windows(2).filter_map(|two| {
                let name = two[0].rsplit([' ', '\n']).next()?.to_owned();
                Some((name, two[1].split('"').next()?.to_owned()))
            });
            values.filter(|(_, value)| value.starts_with('/')).collect::<Vec<_>>()
        };
        let (before, after) = (values(page), values(&below));
        assert!(before.len() > 10, "{before:?}");
        let names = ["href", "src", "action", "data-path"];
        assert!(before.iter().all(|(name, _)| names.contains(&name.as_str())), "{before:?}");
        let moved = before.into_iter().map(|(name, value)| (name, ["/auth", &value].concat()));
        let own = ("data-base".to_owned(), "/auth".to_owned());
        assert_eq!(after, std::iter::once(own).chain(moved).collect::<Vec<_>>());
    }
}
