//! Headers that try to make us use another key or another algorithm.

use super::*;

/// The first bytes of a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), before the key itself.
fn spki_prefix(algorithm: Algorithm) -> Vec<u8> {
    let hex: &[u8] = match algorithm {
        Algorithm::EdDSA => b"302a300506032b6570032100",
        Algorithm::ES256 => b"3059301306072a8648ce3d020106082a8648ce3d030107034200",
        _ => b"30820122300d06092a864886f70d01010105000382010f00",
    };
    data_encoding::HEXLOWER.decode(hex).unwrap()
}

/// All forms in which an attacker may have downloaded the public key.
fn forms_of_the_public_key(tokens: &Tokens) -> Vec<Vec<u8>> {
    let key = key(tokens);
    let Some(raw) = key.public_bytes() else { return Vec::new() };
    let der = [&spki_prefix(key.algorithm()), raw].concat();
    let pem = pem::encode(&pem::Pem::new("PUBLIC KEY", der.clone()));
    let pem_lf = pem.replace("\r\n", "\n");
    let jwks = tokens.keys.jwks(at(NOW)).unwrap().body;
    let mut set: Value = serde_json::from_slice(&jwks).unwrap();
    let jwk = set["keys"][0].take();
    let mut forms = vec![
        raw.to_vec(),
        der,
        pem_lf.trim_end().into(),
        pem_lf.into(),
        pem.into(),
        jwk.to_string().into(),
        jwks.to_vec(),
    ];
    for name in ["x", "y", "n", "kid"] {
        if let Some(text) = jwk[name].as_str() {
            forms.push(BASE64URL_NOPAD.decode(text.as_bytes()).unwrap());
            forms.push(text.into());
        }
    }
    forms
}

#[test]
fn the_public_key_as_it_is_known_to_others_is_the_one_that_the_next_test_uses() {
    let tokens = tokens(Algorithm::EdDSA);
    let key = key(&tokens);
    let der = [&spki_prefix(Algorithm::EdDSA), key.public_bytes().unwrap()].concat();
    let pem = pem::encode(&pem::Pem::new("PUBLIC KEY", der));
    let theirs = jsonwebtoken::DecodingKey::from_ed_pem(pem.as_bytes()).unwrap();
    assert_eq!(theirs.try_get_as_bytes().unwrap(), key.public_bytes().unwrap());
}

#[test]
fn a_public_key_used_as_an_hmac_secret_is_refused_in_each_of_its_forms() {
    for tokens in each_algorithm() {
        let claims = claims(tokens);
        for secret in forms_of_the_public_key(tokens) {
            let secret = EncodingKey::from_secret(&secret);
            for alg in ["HS256", key(tokens).algorithm().name()] {
                let header = with(&header(tokens), "alg", json!(alg));
                let input =
                    format!("{}.{}", base64(header.to_string()), base64(claims.to_string()));
                let hs256 = jsonwebtoken::Algorithm::HS256;
                let mac = jsonwebtoken::crypto::sign(input.as_bytes(), &secret, hs256).unwrap();
                refused(tokens, &format!("{input}.{mac}"));
            }
        }
    }
}

#[test]
fn alg_none_is_refused_in_every_spelling_with_and_without_a_signature() {
    for tokens in each_algorithm() {
        let claims = claims(tokens);
        for alg in ["none", "None", "NONE", "nOnE", ""] {
            let header = with(&header(tokens), "alg", json!(alg));
            let signed = forge(tokens, &header, &claims);
            let unsigned = signed.rsplit_once('.').unwrap().0;
            refused(tokens, &signed);
            refused(tokens, &format!("{unsigned}."));
            refused(tokens, unsigned);
        }
    }
}

#[test]
fn an_alg_that_is_not_the_one_of_the_key_is_refused_though_the_signature_is_right() {
    for tokens in each_algorithm() {
        let (header, claims) = (header(tokens), claims(tokens));
        let ours = key(tokens).algorithm().name();
        for alg in ["EdDSA", "ES256", "RS256", "HS256", "PS256", "ES384", "eddsa", "Ed25519"] {
            let token = forge(tokens, &with(&header, "alg", json!(alg)), &claims);
            if alg != ours {
                refused(tokens, &token);
            }
        }
        for alg in [json!(null), json!([ours]), json!(7)] {
            refused(tokens, &forge(tokens, &with(&header, "alg", alg), &claims));
        }
        refused(tokens, &forge(tokens, &without(&header, "alg"), &claims));
    }
}

#[test]
fn a_token_of_a_stranger_is_refused_under_any_kid() {
    for tokens in each_algorithm() {
        let (header, claims) = (header(tokens), claims(tokens));
        refused(tokens, &forge_by_stranger(tokens, &header, &claims));
        let kid = stranger(key(tokens).algorithm()).kid().to_owned();
        refused(tokens, &forge_by_stranger(tokens, &with(&header, "kid", json!(kid)), &claims));
    }
}

#[test]
fn an_unknown_or_missing_kid_is_refused_though_the_signature_is_right() {
    for tokens in each_algorithm() {
        let (header, claims) = (header(tokens), claims(tokens));
        let kid = key(tokens).kid().to_owned();
        for wrong in [
            json!("another"),
            json!(""),
            json!(null),
            json!(7),
            json!([kid]),
            json!(kid[1..]),
            json!(format!("{kid} ")),
            json!(kid.to_uppercase()),
            json!("../../../../dev/null"),
            json!("' OR 1=1 --"),
        ] {
            refused(tokens, &forge(tokens, &with(&header, "kid", wrong), &claims));
        }
        refused(tokens, &forge(tokens, &without(&header, "kid"), &claims));
    }
}

#[test]
fn a_token_signed_with_the_key_that_it_brings_along_is_refused() {
    let brings = |name: &str, value: &Value| {
        for tokens in each_algorithm() {
            let header = with(&header(tokens), name, value.clone());
            refused(tokens, &forge_by_stranger(tokens, &header, &claims(tokens)));
            refused(tokens, &forge_by_stranger(tokens, &without(&header, "kid"), &claims(tokens)));
        }
    };
    for algorithm in ALGORITHMS {
        let secret = json!({"kty": "oct", "k": "c2VjcmV0"});
        let jwk = stranger(algorithm).jwk().map_or(secret, |jwk| json!(jwk));
        brings("jwk", &jwk);
    }
    brings("jku", &json!("https://evil.example/.well-known/jwks.json"));
    brings("x5u", &json!("https://evil.example/certificate.pem"));
    brings("x5c", &json!(["MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"]));
}

#[test]
fn a_header_that_offers_a_key_is_refused_even_with_our_own_signature() {
    for tokens in each_algorithm() {
        for name in ["jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256"] {
            for value in [json!("https://login.example"), json!({}), json!([]), json!(null)] {
                let header = with(&header(tokens), name, value);
                refused(tokens, &forge(tokens, &header, &claims(tokens)));
            }
        }
    }
}

#[test]
fn crit_is_refused_whatever_it_asks_for() {
    for tokens in each_algorithm() {
        for crit in [json!(["unknown"]), json!(["exp"]), json!(["b64"]), json!([]), json!(null)] {
            let header = with(&with(&header(tokens), "crit", crit), "unknown", json!(true));
            refused(tokens, &forge(tokens, &header, &claims(tokens)));
        }
    }
}

#[test]
fn a_wrong_or_missing_typ_is_refused() {
    for tokens in each_algorithm() {
        let (header, claims) = (header(tokens), claims(tokens));
        for typ in [json!("JWT"), json!("dpop+jwt"), json!(""), json!(null), json!(["at+jwt"])] {
            refused(tokens, &forge(tokens, &with(&header, "typ", typ), &claims));
        }
        refused(tokens, &forge(tokens, &without(&header, "typ"), &claims));
        let long = with(&header, "typ", json!("application/AT+JWT"));
        accepted(tokens, &forge(tokens, &long, &claims));
    }
}

#[test]
fn a_header_member_that_nobody_knows_is_ignored() {
    for tokens in each_algorithm() {
        let header = with(&header(tokens), "cty", json!("JWT"));
        accepted(tokens, &forge(tokens, &header, &claims(tokens)));
    }
}
