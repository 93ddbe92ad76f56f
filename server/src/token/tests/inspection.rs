//! What the operator is told about a token.

use super::*;

#[track_caller]
fn detail(inspection: &Inspection, name: &str, outcome: CheckOutcome) -> String {
    let check =
        inspection.checks.iter().find(|check| check.name == name && check.outcome == outcome);
    check.unwrap_or_else(|| panic!("no {name} {outcome:?} in {inspection:#?}")).detail.clone()
}

#[test]
fn a_good_token_passes_every_check() {
    for tokens in each_algorithm() {
        let inspection = tokens.inspect(&valid(tokens), at(NOW));
        assert!(inspection.accepted);
        assert_eq!(inspection.claims.as_ref().unwrap()["username"], "Ada");
        for name in ["shape", "typ", "key", "alg", "signature", "iss", "aud", "sub", "exp", "nbf"] {
            detail(&inspection, name, CheckOutcome::Passed);
        }
        assert_eq!(
            detail(&inspection, "exp", CheckOutcome::Passed),
            "it expires in 15m, at 2027-01-15T08:15:00Z"
        );
    }
}

#[test]
fn an_expired_token_says_since_when_and_that_all_else_is_right() {
    let tokens = tokens(Algorithm::EdDSA);
    let inspection = tokens.inspect(&valid(&tokens), at(NOW + 900 + 180));
    assert!(!inspection.accepted);
    assert_eq!(
        detail(&inspection, "exp", CheckOutcome::Failed),
        "it expired 3m ago, at 2027-01-15T08:15:00Z"
    );
    let failed = inspection.checks.iter().filter(|check| check.outcome != CheckOutcome::Passed);
    assert_eq!(failed.count(), 1);
}

#[test]
fn every_wrong_claim_is_told_with_what_was_expected() {
    let tokens = tokens(Algorithm::EdDSA);
    let claims = json!({
        "iss": "https://staging.example", "aud": ["another"], "sub": 7, "exp": "soon",
        "nbf": NOW + 60,
    });
    let inspection = tokens.inspect(&forge(&tokens, &header(&tokens), &claims), at(NOW));
    for (name, told) in [
        ("iss", r#"iss is "https://staging.example", and this server is "https://login.example""#),
        ("aud", r#"aud is ["another"], which does not hold "hallpass""#),
        ("sub", "sub is 7 instead of a string"),
        ("exp", r#"exp is "soon" instead of a whole number"#),
        ("nbf", "it is not valid before 2027-01-15T08:01:00Z, in 1m"),
    ] {
        assert_eq!(detail(&inspection, name, CheckOutcome::Failed), told);
    }
    detail(&inspection, "signature", CheckOutcome::Passed);
}

#[test]
fn a_key_that_is_unknown_or_retired_is_told_apart_and_leaves_the_signature_unchecked() {
    let tokens = tokens(Algorithm::EdDSA);
    let token = valid(&tokens);
    tokens.keys.rotate(at(NOW)).unwrap();
    detail(&tokens.inspect(&token, at(NOW)), "key", CheckOutcome::Passed);

    let retired = tokens.inspect(&token, at(NOW + 960));
    let told = detail(&retired, "key", CheckOutcome::Failed);
    assert!(told.contains("has retired and verifies nothing since 2027-01-15T08:16:00Z"), "{told}");
    detail(&retired, "signature", CheckOutcome::Skipped);

    tokens.keys.sweep(at(NOW + 960)).unwrap();
    let unknown = tokens.inspect(&token, at(NOW));
    assert!(detail(&unknown, "key", CheckOutcome::Failed).starts_with("no key has the kid"));
    detail(&unknown, "alg", CheckOutcome::Skipped);
}

#[test]
fn a_token_of_the_next_key_says_that_it_is_too_early() {
    let tokens = tokens(Algorithm::EdDSA);
    let next = tokens.keys.list(at(NOW)).remove(1).kid;
    let header = with(&header(&tokens), "kid", json!(next));
    let inspection = tokens.inspect(&forge(&tokens, &header, &claims(&tokens)), at(NOW));
    assert!(!inspection.accepted);
    assert_eq!(
        detail(&inspection, "key", CheckOutcome::Failed),
        format!(
            "key \"{next}\" is the next one, which neither signs nor verifies before a rotation"
        )
    );
    detail(&inspection, "signature", CheckOutcome::Skipped);
}

#[test]
fn a_wrong_algorithm_or_signature_names_the_key() {
    let tokens = tokens(Algorithm::EdDSA);
    let header = with(&header(&tokens), "alg", json!("HS256"));
    let inspection = tokens.inspect(&forge(&tokens, &header, &claims(&tokens)), at(NOW));
    let kid = key(&tokens).kid().to_owned();
    let told = detail(&inspection, "alg", CheckOutcome::Failed);
    assert_eq!(told, format!("alg is \"HS256\", and key {kid} is for EdDSA only"));
    detail(&inspection, "signature", CheckOutcome::Skipped);

    let token = valid(&tokens);
    let inspection = tokens.inspect(&format!("{}AAAA", &token[..token.len() - 4]), at(NOW));
    assert!(detail(&inspection, "signature", CheckOutcome::Failed).contains(&kid));
}

#[test]
fn what_leeway_forgives_is_told() {
    let tokens = tokens(Algorithm::EdDSA).with_leeway(Duration::from_secs(5));
    let inspection = tokens.inspect(&valid(&tokens), at(NOW + 901));
    assert!(inspection.accepted);
    assert!(detail(&inspection, "exp", CheckOutcome::Passed).contains("leeway forgives"));
}

#[test]
fn no_sentence_can_move_the_cursor_of_a_terminal() {
    let tokens = tokens(Algorithm::EdDSA);
    let evil = "\u{1b}[2J\u{9b}2J\u{7f}\u{202e}\n";
    let header = json!({"alg": evil, "typ": evil, "kid": evil});
    let claims = json!({"iss": evil, "aud": [evil], "sub": [evil], "exp": evil, "nbf": evil});
    let header = with(&header, evil, json!(evil));
    for check in tokens.inspect(&forge(&tokens, &header, &claims), at(NOW)).checks {
        let shown = check.detail.chars().all(|char| !char.is_control() && char != '\u{202e}');
        assert!(shown, "{:?}", check.detail);
    }
}

#[test]
fn an_inspection_survives_a_socket() {
    let tokens = tokens(Algorithm::EdDSA);
    let inspection = tokens.inspect(&valid(&tokens), at(NOW));
    let sent = serde_json::to_string(&inspection).unwrap();
    assert_eq!(serde_json::from_str::<Inspection>(&sent).unwrap(), inspection);
}
