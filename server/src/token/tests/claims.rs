//! Claims that are wrong though the signature is right.

use super::*;

#[track_caller]
fn refused_with(name: &str, wrong: &Value) {
    for tokens in each_algorithm() {
        let claims = with(&claims(tokens), name, wrong.clone());
        refused(tokens, &forge(tokens, &header(tokens), &claims));
    }
}

#[test]
fn a_token_without_exp_is_refused() {
    for tokens in each_algorithm() {
        let claims = without(&claims(tokens), "exp");
        refused(tokens, &forge(tokens, &header(tokens), &claims));
    }
}

#[test]
fn a_token_that_lacks_any_claim_but_amr_is_refused() {
    for tokens in each_algorithm() {
        let good = claims(tokens);
        for name in good.as_object().unwrap().keys() {
            if name != "amr" {
                refused(tokens, &forge(tokens, &header(tokens), &without(&good, name)));
            }
            refused(tokens, &forge(tokens, &header(tokens), &with(&good, name, json!(null))));
        }
    }
}

#[test]
fn a_token_of_before_there_was_amr_stays_valid() {
    for tokens in each_algorithm() {
        let old = forge(tokens, &header(tokens), &without(&claims(tokens), "amr"));
        assert_eq!(tokens.verify(&old, at(NOW)).unwrap().amr, [""; 0]);
        assert!(tokens.inspect(&old, at(NOW)).accepted);
        let new = forge(tokens, &header(tokens), &claims(tokens));
        assert_eq!(tokens.verify(&new, at(NOW)).unwrap().amr, ["pwd"]);
    }
    for wrong in [json!("pwd"), json!([7]), json!({}), json!(null)] {
        refused_with("amr", &wrong);
    }
}

#[test]
fn an_expired_token_is_refused() {
    for tokens in each_algorithm() {
        for exp in [NOW, NOW - 1, 0, -1, i64::MIN] {
            let claims = with(&claims(tokens), "exp", json!(exp));
            let token = forge(tokens, &header(tokens), &claims);
            assert_eq!(tokens.verify(&token, at(NOW)), Err(TokenError::Expired), "{exp}");
            assert!(!tokens.inspect(&token, at(NOW)).accepted);
        }
    }
}

#[test]
fn nbf_in_the_future_is_refused() {
    for tokens in each_algorithm() {
        for nbf in [NOW + 1, i64::MAX] {
            let claims = with(&claims(tokens), "nbf", json!(nbf));
            let token = forge(tokens, &header(tokens), &claims);
            assert_eq!(tokens.verify(&token, at(NOW)), Err(TokenError::NotYetValid), "{nbf}");
            assert!(!tokens.inspect(&token, at(NOW)).accepted);
        }
    }
}

#[test]
fn a_time_that_is_not_a_whole_number_of_this_world_is_refused() {
    for name in ["exp", "nbf", "iat", "auth_time"] {
        for wrong in [json!("tomorrow"), json!(1.9e9), json!(u64::MAX), json!([NOW]), json!(true)] {
            refused_with(name, &wrong);
        }
    }
}

#[test]
fn another_issuer_is_refused() {
    for wrong in [json!("https://evil.example"), json!([ISSUER]), json!(7), json!("")] {
        refused_with("iss", &wrong);
    }
    refused_with("iss", &json!(format!("{ISSUER}/")));
}

#[test]
fn another_audience_is_refused() {
    for wrong in [json!("another"), json!(["another"]), json!([]), json!(7), json!("HALLPASS")] {
        refused_with("aud", &wrong);
    }
    refused_with("aud", &json!([AUDIENCE, 7]));
}

#[test]
fn an_audience_array_that_holds_ours_is_accepted() {
    for tokens in each_algorithm() {
        for aud in [json!([AUDIENCE]), json!(["another", AUDIENCE])] {
            let claims = with(&claims(tokens), "aud", aud);
            accepted(tokens, &forge(tokens, &header(tokens), &claims));
        }
    }
}

#[test]
fn a_sub_that_is_not_a_string_is_refused() {
    for wrong in [json!(7), json!(["7"]), json!({"id": "7"}), json!(true)] {
        refused_with("sub", &wrong);
    }
}

#[test]
fn roles_that_are_no_array_of_strings_are_refused() {
    for wrong in [json!("admin"), json!([7]), json!({"admin": true})] {
        refused_with("roles", &wrong);
    }
}

#[test]
fn a_claim_that_nobody_knows_is_ignored() {
    for tokens in each_algorithm() {
        let claims = with(&claims(tokens), "favourite_colour", json!({"of": "Ada"}));
        accepted(tokens, &forge(tokens, &header(tokens), &claims));
    }
}

#[test]
fn claims_that_are_no_object_are_refused() {
    for tokens in each_algorithm() {
        for text in ["", "[]", "null", "7", "\"{}\"", "{", "{}{}", "{\"exp\":", "\u{feff}{}"] {
            refused(tokens, &forge_text(&key(tokens), &header(tokens).to_string(), text));
        }
        let deep = format!("{{\"x\":{}", "[".repeat(5000));
        refused(tokens, &forge_text(&key(tokens), &header(tokens).to_string(), &deep));
    }
}
