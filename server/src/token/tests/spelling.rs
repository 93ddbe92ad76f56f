//! A token can be spelled in one way only.

use super::*;

/// Replaces the last letter by one that lenient decoders read as the same byte. Its unused bits are
/// not zero.
fn sloppy_twin(text: &str) -> Option<String> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = text.bytes().last()?;
    let value = ALPHABET.iter().position(|letter| *letter == last)?;
    (!text.len().is_multiple_of(4))
        .then(|| format!("{}{}", &text[..text.len() - 1], char::from(ALPHABET[value + 1])))
}

/// The same token with one of its segments spelled otherwise.
fn respelled(token: &str, spell: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let segments: Vec<&str> = token.split('.').collect();
    let with = |at: usize| {
        let mut segments: Vec<String> = segments.iter().map(|&text| text.to_owned()).collect();
        segments[at] = spell(segments.get(at)?).filter(|text| *text != segments[at])?;
        Some(segments.join("."))
    };
    (0..3).filter_map(with).collect()
}

/// Tokens whose segments have all lengths modulo 4 that are possible.
fn of_all_lengths(tokens: &Tokens) -> Vec<String> {
    let (header, claims) = (header(tokens), claims(tokens));
    let padded = |n: usize| {
        let (header, claims) = (header.to_string(), claims.to_string());
        forge_text(&key(tokens), &(header + &" ".repeat(n)), &(claims + &" ".repeat(n)))
    };
    (0..3).map(padded).collect()
}

#[test]
fn padded_base64_is_refused() {
    for tokens in each_algorithm() {
        for token in of_all_lengths(tokens) {
            accepted(tokens, &token);
            for padding in ["=", "==", "===", "%3D"] {
                for token in respelled(&token, |text| Some(format!("{text}{padding}"))) {
                    refused(tokens, &token);
                }
            }
        }
    }
}

#[test]
fn last_bits_that_are_not_zero_are_refused() {
    for tokens in each_algorithm() {
        let mut tried = 0;
        for token in of_all_lengths(tokens) {
            for token in respelled(&token, sloppy_twin) {
                refused(tokens, &token);
                tried += 1;
            }
        }
        assert!(tried >= 4, "{tried}");
    }
}

#[test]
fn the_standard_alphabet_is_refused() {
    for tokens in each_algorithm() {
        // Bytes whose encoding needs the two letters in which the alphabets differ.
        let header = format!("{}{}", header(tokens), " ");
        let claims = with(&claims(tokens), "username", json!("\u{7ff}?>\u{7ff}?>\u{7ff}?>"));
        let mut tried = 0;
        for n in 0..3 {
            let claims = format!("{}{claims}", " ".repeat(n));
            let token = forge_text(&key(tokens), &header, &claims);
            accepted(tokens, &token);
            let standard = |text: &str| Some(text.replace('-', "+").replace('_', "/"));
            for token in respelled(&token, standard) {
                refused(tokens, &token);
                tried += 1;
            }
        }
        assert!(tried >= 3, "{tried}");
    }
}

#[test]
fn whitespace_and_newlines_are_refused_anywhere() {
    for tokens in each_algorithm() {
        let token = valid(tokens);
        for space in [" ", "\n", "\r\n", "\t", "\0", "\u{a0}"] {
            refused(tokens, &format!("{space}{token}"));
            refused(tokens, &format!("{token}{space}"));
            for respelled in respelled(&token, |text| Some(format!("{text}{space}"))) {
                refused(tokens, &respelled);
            }
            let middle = |text: &str| Some(format!("{}{space}{}", &text[..8], &text[8..]));
            for respelled in respelled(&token, middle) {
                refused(tokens, &respelled);
            }
        }
    }
}

#[test]
fn a_claim_that_is_there_twice_is_refused_though_the_signature_is_right() {
    for tokens in each_algorithm() {
        let (header, claims) = (header(tokens).to_string(), claims(tokens));
        for (name, value) in claims.as_object().unwrap() {
            for second in [value.clone(), json!("another"), json!(null)] {
                let text = claims.to_string();
                let first = format!("{{\"{name}\":{second},{}", &text[1..]);
                let last = format!("{},\"{name}\":{second}}}", &text[..text.len() - 1]);
                // A JSON parser reads this as the same name.
                let escaped = format!(
                    "{{\"\\u{:04x}{}\":{second},{}",
                    u32::from(name.as_bytes()[0]),
                    &name[1..],
                    &text[1..]
                );
                for twice in [first, last, escaped] {
                    refused(tokens, &forge_text(&key(tokens), &header, &twice));
                }
            }
        }
        let text = claims.to_string();
        let unknown = format!("{{\"x\":1,\"x\":1,{}", &text[1..]);
        refused(tokens, &forge_text(&key(tokens), &header, &unknown));
    }
}

#[test]
fn a_header_member_that_is_there_twice_is_refused_though_the_signature_is_right() {
    for tokens in each_algorithm() {
        let (header, claims) = (header(tokens), claims(tokens).to_string());
        let text = header.to_string();
        for (name, value) in header.as_object().unwrap() {
            for second in [value.clone(), json!("none"), json!(null)] {
                let first = format!("{{\"{name}\":{second},{}", &text[1..]);
                let last = format!("{},\"{name}\":{second}}}", &text[..text.len() - 1]);
                for twice in [first, last] {
                    refused(tokens, &forge_text(&key(tokens), &twice, &claims));
                }
            }
        }
    }
}

#[test]
fn an_oversized_token_is_refused_before_it_is_decoded() {
    for tokens in each_algorithm() {
        let claims = claims(tokens);
        let filled = |n: usize| {
            forge(tokens, &header(tokens), &with(&claims, "filler", json!("x".repeat(n))))
        };
        let room = (MAX_TOKEN_BYTES - filled(0).len()) * 3 / 4;
        let fits = (0..8).map(|less| filled(room - less)).find(|text| text.len() <= 8192).unwrap();
        assert!(fits.len() > 8180, "{}", fits.len());
        accepted(tokens, &fits);
        let over = filled(room + 8);
        assert!(over.len() > 8192 && over.len() < 8220, "{}", over.len());
        refused(tokens, &over);
        let inspection = tokens.inspect(&over, at(NOW));
        assert_eq!((inspection.header, inspection.claims), (None, None));
        refused(tokens, &".".repeat(10_000_000));
    }
}

#[test]
fn any_number_of_parts_but_three_is_refused() {
    for tokens in each_algorithm() {
        let token = valid(tokens);
        let part = token.split('.').next().unwrap();
        for count in [1, 2, 4, 5, 6] {
            refused(tokens, &vec![part; count].join("."));
        }
        refused(tokens, &format!("{token}."));
        refused(tokens, &format!(".{token}"));
        refused(tokens, &format!("{token}.{part}"));
        for malformed in ["", ".", "..", "...", "a.b.c", "\u{1F980}.\u{1F980}.\u{1F980}"] {
            refused(tokens, malformed);
        }
    }
}

#[test]
fn an_encrypted_token_is_refused_and_recognized() {
    for tokens in each_algorithm() {
        let header = json!({"alg": "dir", "enc": "A128GCM", "kid": key(tokens).kid()});
        let jwe = format!("{}..{1}.{1}.{1}", base64(header.to_string()), base64([7; 16]));
        refused(tokens, &jwe);
        // The three right parts and two more.
        refused(tokens, &format!("{}.AAAA.AAAA", valid(tokens)));
        assert!(tokens.inspect(&jwe, at(NOW)).checks[0].detail.contains("JWE"));
    }
}

#[test]
fn other_serializations_of_the_same_signature_are_refused() {
    for tokens in each_algorithm() {
        let token = valid(tokens);
        let parts: Vec<&str> = token.split('.').collect();
        // RFC 7515 section 7.2: a parser that guesses the form would accept it.
        let json = json!({"protected": parts[0], "payload": parts[1], "signature": parts[2]});
        refused(tokens, &json.to_string());
        refused(tokens, &base64(json.to_string()));
    }
}
