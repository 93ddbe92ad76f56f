use sha2::block_api::compress256;
use zeroize::{Zeroize, Zeroizing};

use crate::sha256::{START, Words};
use crate::{KEY_LEN, Key};

/// Bytes of a block of SHA-256.
const BLOCK: usize = 64;

/// What one derivation takes along from iteration to iteration. Wiped when dropped.
#[derive(Default)]
pub struct Lane {
    /// Hash value after the key's block XORed with HMAC's inner padding.
    pub inner: Words,
    /// The same with the outer padding.
    pub outer: Words,
    /// U of the last iteration (RFC 8018 section 5.2).
    pub u: Words,
    /// XOR of U of all iterations so far: the key, once it is the last one.
    pub t: Words,
}

impl Lane {
    /// Computes the first iteration.
    pub fn start(&mut self, password: &[u8], salt: &[u8]) {
        let mut key = Zeroizing::new([0; BLOCK]);
        if password.len() <= BLOCK {
            key[..password.len()].copy_from_slice(password);
        } else {
            let mut hash = Zeroizing::new(START);
            finish(&mut hash, 0, password);
            write(&hash, &mut key[..KEY_LEN]);
        }
        absorb_key(&mut self.inner, &key, 0x36);
        absorb_key(&mut self.outer, &key, 0x5c);
        // INT(1): the key has one block.
        let message = [salt, &1_u32.to_be_bytes()].concat();
        let mut hash = Zeroizing::new(self.inner);
        finish(&mut hash, BLOCK, &message);
        let mut digest = Zeroizing::new([0; KEY_LEN]);
        write(&hash, &mut digest[..]);
        self.u = self.outer;
        finish(&mut self.u, BLOCK, &digest[..]);
        self.t = self.u;
    }

    /// Computes `count` more iterations, one after the other.
    #[cfg(target_arch = "x86_64")]
    pub fn iterate(&mut self, count: u32) {
        let mut digest = Zeroizing::new([0; KEY_LEN]);
        for _ in 0..count {
            for start in [self.inner, self.outer] {
                write(&self.u, &mut digest[..]);
                self.u = start;
                finish(&mut self.u, BLOCK, &digest[..]);
            }
            self.t.iter_mut().zip(&self.u).for_each(|(t, u)| *t ^= u);
        }
    }

    /// The key after as many iterations as were computed.
    pub fn key(&self) -> Key {
        let mut key = [0; KEY_LEN];
        write(&self.t, &mut key);
        key
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        for words in [&mut self.inner, &mut self.outer, &mut self.u, &mut self.t] {
            words.zeroize();
        }
    }
}

fn absorb_key(hash: &mut Words, key: &[u8; BLOCK], padding: u8) {
    let block = Zeroizing::new(key.map(|byte| byte ^ padding));
    *hash = START;
    compress256(hash, &[*block]);
}

/// Hashes `rest` and SHA-256's own padding (FIPS 180-4 section 5.1.1) after the first `before`
/// bytes of a message, whole blocks, which `hash` holds already.
fn finish(hash: &mut Words, before: usize, rest: &[u8]) {
    let (blocks, tail) = rest.as_chunks::<BLOCK>();
    compress256(hash, blocks);
    let mut padded = Zeroizing::new([0; 2 * BLOCK]);
    padded[..tail.len()].copy_from_slice(tail);
    padded[tail.len()] = 0x80;
    let bits = 8 * (before + rest.len()) as u64;
    let end = if tail.len() + 1 + size_of_val(&bits) <= BLOCK { BLOCK } else { 2 * BLOCK };
    padded[end - size_of_val(&bits)..end].copy_from_slice(&bits.to_be_bytes());
    compress256(hash, padded[..end].as_chunks().0);
}

/// The bytes of a hash value; `to` has room for them.
fn write(hash: &Words, to: &mut [u8]) {
    for (bytes, word) in to.as_chunks_mut().0.iter_mut().zip(hash) {
        *bytes = word.to_be_bytes();
    }
}
