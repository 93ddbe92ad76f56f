//! Every signature but the right one.

use super::*;

/// The order of P-256's base point (FIPS 186-4 section D.1.2.3).
const P256_ORDER: &[u8] = b"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

fn parts(token: &str) -> (String, Vec<u8>) {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    (signed.to_owned(), BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap())
}

#[test]
fn every_bit_of_a_signature_counts() {
    for tokens in each_algorithm() {
        let (signed, signature) = parts(&valid(tokens));
        for bit in 0..signature.len() * 8 {
            let mut flipped = signature.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            refused(tokens, &format!("{signed}.{}", base64(flipped)));
        }
    }
}

#[test]
fn every_byte_of_a_signature_counts_whatever_takes_its_place() {
    let tokens = &each_algorithm()[3];
    let (signed, signature) = parts(&valid(tokens));
    for position in 0..signature.len() {
        for xor in 1..=u8::MAX {
            let mut changed = signature.clone();
            changed[position] ^= xor;
            refused(tokens, &format!("{signed}.{}", base64(changed)));
        }
    }
}

#[test]
fn a_signature_that_is_cut_extended_empty_or_all_of_one_byte_is_refused() {
    for tokens in each_algorithm() {
        let (signed, signature) = parts(&valid(tokens));
        for length in 0..signature.len() {
            refused(tokens, &format!("{signed}.{}", base64(&signature[..length])));
        }
        for byte in [0, 1, 0xff] {
            let extended = [&signature[..], &[byte]].concat();
            let prefixed = [&[byte][..], &signature].concat();
            // CVE-2022-21449: zeros were accepted as an ECDSA signature of everything.
            let same = vec![byte; signature.len()];
            for wrong in [extended, prefixed, same] {
                refused(tokens, &format!("{signed}.{}", base64(wrong)));
            }
        }
    }
}

#[test]
fn a_signature_in_the_form_of_asn_1_is_refused() {
    let tokens = tokens(Algorithm::ES256);
    let (signed, signature) = parts(&valid(&tokens));
    let integer = |bytes: &[u8]| {
        let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len() - 1);
        let sign: &[u8] = if bytes[first] & 0x80 == 0 { &[] } else { &[0] };
        let content = [sign, &bytes[first..]].concat();
        [&[2, u8::try_from(content.len()).unwrap()][..], &content].concat()
    };
    let content = [integer(&signature[..32]), integer(&signature[32..])].concat();
    let der = [&[0x30, u8::try_from(content.len()).unwrap()][..], &content].concat();
    refused(&tokens, &format!("{signed}.{}", base64(der)));
}

#[test]
fn a_signature_of_another_token_is_refused() {
    for tokens in each_algorithm() {
        let (one, two) = (parts(&valid(tokens)), parts(&valid(tokens)));
        refused(tokens, &format!("{}.{}", one.0, base64(two.1)));
    }
}

// The only exception to "a changed token is refused". For an ECDSA signature (r, s), (r, n - s) is
// valid, too, and anyone can derive it. RFC 7518 section 3.4 allows both. The token says the same,
// so nobody gains by it. But its text does not identify it: sessions are named by `sid`.
#[test]
fn the_twin_of_an_es256_signature_is_accepted_and_says_the_same() {
    let tokens = tokens(Algorithm::ES256);
    let token = valid(&tokens);
    let (signed, mut signature) = parts(&token);
    let order = data_encoding::HEXLOWER.decode(P256_ORDER).unwrap();
    let mut borrow = 0;
    for (s, n) in signature[32..].iter_mut().zip(&order).rev() {
        let difference = i16::from(*n) - i16::from(*s) - borrow;
        borrow = i16::from(difference < 0);
        *s = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    let twin = format!("{signed}.{}", base64(signature));
    assert_ne!(twin, token);
    accepted(&tokens, &twin);
    assert_eq!(tokens.verify(&twin, at(NOW)), tokens.verify(&token, at(NOW)));
}
