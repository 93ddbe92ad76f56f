//! The master key, which seals the keys that a database holds.

use std::fmt;

use anyhow::{Context as _, anyhow, ensure};
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;
use data_encoding::BASE64;
use hallpass_contract::Secret;

/// The first byte of what is sealed: how the rest is to be read.
const FORMAT: u8 = 1;

/// The bytes by which a master key is recognized.
const ID_BYTES: usize = 16;

const HEAD_BYTES: usize = 1 + ID_BYTES + NONCE_LEN;

/// Another key for each purpose is derived from the master key.
const SEALING: &[u8] = b"hallpass master key: sealing";
const RECOGNIZING: &[u8] = b"hallpass master key: id";

/// A key of the operator, of 256 bits. Whoever has it and the database can sign tokens.
#[derive(Clone)]
pub struct MasterKey {
    id: [u8; ID_BYTES],
    sealing: [u8; 32],
}

/// Why what is sealed can't be opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum NotOpened {
    /// Another key sealed it.
    #[error(
        "another master key sealed the keys of this database; give the right --master-key-file, or \
         make new keys with `hallpass keys reset`"
    )]
    OtherMasterKey,
    /// It was changed, or belongs to another database.
    #[error(
        "the keys of this database are damaged, or were copied from another database; restore a \
         backup, or make new keys with `hallpass keys reset`"
    )]
    Damaged,
}

impl MasterKey {
    /// Reads the base64 of 32 bytes.
    ///
    /// # Errors
    ///
    /// If it is something else. The error does not quote it.
    pub fn parse(text: &Secret) -> anyhow::Result<Self> {
        let bytes = BASE64.decode(text.expose().trim_ascii().as_bytes()).ok();
        let bytes: Option<[u8; 32]> = bytes.and_then(|bytes| bytes.try_into().ok());
        let bytes = bytes.context("it is not the base64 of 32 bytes")?;
        ensure!(bytes.iter().any(|byte| *byte != bytes[0]), "it is not random");
        let master = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
        let (mut id, mut sealing) = ([0; ID_BYTES], [0; 32]);
        id.copy_from_slice(&hmac::sign(&master, RECOGNIZING).as_ref()[..ID_BYTES]);
        sealing.copy_from_slice(hmac::sign(&master, SEALING).as_ref());
        Ok(Self { id, sealing })
    }

    /// A new key, as [`parse`](Self::parse) reads it.
    ///
    /// # Errors
    ///
    /// If there is no randomness.
    pub fn generate() -> anyhow::Result<Secret> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| anyhow!("no randomness: {error}"))?;
        Ok(BASE64.encode(&bytes).into())
    }

    /// Encrypts the text with AES-256-GCM. It can only be opened with the same `context`.
    pub(super) fn seal(&self, text: Vec<u8>, context: &[u8]) -> anyhow::Result<Vec<u8>> {
        let mut text = text;
        let failed = |_| anyhow!("can't seal the keys");
        let nonce = self.aead().and_then(|aead| {
            aead.seal_in_place_append_tag(Aad::from(context), &mut text).map_err(failed)
        })?;
        Ok([&[FORMAT], &self.id[..], nonce.as_ref(), &text].concat())
    }

    /// What [`seal`](Self::seal) made this of.
    pub(super) fn open(&self, sealed: &[u8], context: &[u8]) -> Result<Secret, NotOpened> {
        let (head, text) = sealed.split_at_checked(HEAD_BYTES).ok_or(NotOpened::Damaged)?;
        let (id, nonce) = head[1..].split_at(ID_BYTES);
        if head[0] != FORMAT {
            return Err(NotOpened::Damaged);
        }
        if id != self.id {
            return Err(NotOpened::OtherMasterKey);
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| NotOpened::Damaged)?;
        let (aead, mut text) = (self.aead().map_err(|_| NotOpened::Damaged)?, text.to_vec());
        let text = aead.open_in_place(nonce, Aad::from(context), &mut text);
        let text = str::from_utf8(text.map_err(|_| NotOpened::Damaged)?);
        Ok(text.map_err(|_| NotOpened::Damaged)?.into())
    }

    fn aead(&self) -> anyhow::Result<RandomizedNonceKey> {
        RandomizedNonceKey::new(&AES_256_GCM, &self.sealing).map_err(|_| anyhow!("no AES-256-GCM"))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> MasterKey {
        MasterKey::parse(&MasterKey::generate().unwrap()).unwrap()
    }

    #[test]
    fn what_is_sealed_is_opened_by_the_same_key_in_the_same_place_alone() {
        let key = key();
        let sealed = key.seal(b"the keys".to_vec(), b"here").unwrap();
        assert_eq!(key.open(&sealed, b"here").unwrap().expose(), "the keys");
        assert_eq!(key.open(&sealed, b"there").unwrap_err(), NotOpened::Damaged);
        let other = MasterKey::parse(&MasterKey::generate().unwrap()).unwrap();
        assert_eq!(other.open(&sealed, b"here").unwrap_err(), NotOpened::OtherMasterKey);
    }

    #[test]
    fn a_change_of_any_byte_is_noticed() {
        let key = key();
        let sealed = key.seal(b"the keys".to_vec(), b"here").unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(key.open(&changed, b"here").is_err(), "byte {at}");
            assert!(key.open(&sealed[..at], b"here").is_err(), "{at} bytes");
        }
    }

    #[test]
    fn the_same_text_never_looks_the_same_and_is_nowhere_to_be_seen() {
        let key = key();
        let seal = || key.seal(b"the keys".to_vec(), b"here").unwrap();
        assert_ne!(seal(), seal());
        assert!(!seal().windows(4).any(|part| part == b"keys"));
    }

    #[test]
    fn only_the_base64_of_32_random_bytes_is_a_master_key() {
        let good = MasterKey::generate().unwrap();
        let line = format!("{}\n", good.expose());
        assert!(MasterKey::parse(&line.as_str().into()).is_ok());
        for bad in ["", "c2hvcnQ=", &good.expose()[1..], &BASE64.encode(&[7; 32]), "not base64"] {
            let error = format!("{:#}", MasterKey::parse(&bad.into()).unwrap_err());
            assert!(bad.is_empty() || !error.contains(bad), "{error}");
        }
        let key = MasterKey::parse(&good).unwrap();
        assert!(!format!("{key:?}").contains(good.expose()));
    }
}
