use anyhow::{Context as _, anyhow};
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;

use crate::keys::RandomKey;

/// A key of its own for each use.
pub(super) fn derive(key: &[u8], of: &str) -> [u8; 32] {
    let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), of.as_bytes());
    derived.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// Encrypts with AES-256-GCM. What is sealed for one purpose can't be opened for another.
#[derive(Debug)]
pub(crate) struct Sealer(RandomizedNonceKey);

impl Sealer {
    /// With a key of its own for each use, which is derived from this one.
    pub(super) fn new(key: &RandomKey, of: &str) -> anyhow::Result<Self> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, &derive(key.expose(), of));
        key.map(Self).map_err(|_| anyhow!("no AES-256-GCM"))
    }

    pub(super) fn seal(&self, mut text: Vec<u8>, purpose: &str) -> anyhow::Result<Vec<u8>> {
        let nonce = self.0.seal_in_place_append_tag(Aad::from(purpose), &mut text);
        let nonce = nonce.map_err(|_| anyhow!("can't seal"))?;
        Ok([nonce.as_ref().as_slice(), &text].concat())
    }

    /// What [`seal`](Self::seal) made this of, for the same purpose.
    pub(super) fn open(&self, sealed: &[u8], purpose: &str) -> anyhow::Result<Vec<u8>> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN).context("it is too short")?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| anyhow!("no nonce"))?;
        let mut text = text.to_vec();
        let opened = self.0.open_in_place(nonce, Aad::from(purpose), &mut text);
        opened.map(|text| text.to_vec()).map_err(|_| anyhow!("another key sealed it, or none"))
    }
}
