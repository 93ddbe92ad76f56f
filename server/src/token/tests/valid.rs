//! What our tokens hold, and how long they are valid.

use super::*;

/// An access token by a proof of no known method.
fn grant(user: &User, auth_time: Timestamp, not_after: Timestamp) -> Grant<'_> {
    let (use_for, sid) = (UseFor::Access, Uuid::nil());
    Grant { use_for, user, sid, auth_time, amr: &[], not_after }
}

#[test]
fn a_token_carries_the_header_and_the_claims_of_rfc_9068() {
    for tokens in each_algorithm() {
        let user = user();
        let signed = sign_for(tokens, &user, NOW);
        let inspection = tokens.inspect(&signed.token, at(NOW));
        assert_eq!(inspection.header, Some(header(tokens)));
        let claims = tokens.verify(&signed.token, at(NOW)).unwrap();
        assert_eq!(claims.iss, ISSUER);
        assert_eq!(claims.aud, Audience::One(AUDIENCE.to_owned()));
        assert_eq!(claims.sub, user.id.to_string());
        assert_eq!((claims.iat, claims.nbf, claims.auth_time), (NOW, NOW, NOW));
        assert_eq!(claims.amr, ["pwd"]);
        assert_eq!((claims.exp, signed.expires_in), (NOW + 900, 900));
        assert_eq!(claims.sid, Uuid::nil().to_string());
        assert_eq!((claims.username.as_str(), &claims.roles), ("Ada", &user.roles));
        assert_eq!(claims.client_id, "hallpass");
        assert!(Uuid::try_parse(&claims.jti).is_ok());
    }
}

#[test]
fn a_token_is_accepted_from_its_first_second_until_the_one_in_which_it_expires() {
    for tokens in each_algorithm() {
        let token = valid(tokens);
        let verify = |seconds| tokens.verify(&token, at(seconds)).map(|_| ());
        assert_eq!(verify(NOW - 1), Err(TokenError::NotYetValid));
        assert_eq!(verify(NOW), Ok(()));
        assert_eq!(verify(NOW + 899), Ok(()));
        assert_eq!(verify(NOW + 900), Err(TokenError::Expired));
    }
}

#[test]
fn leeway_moves_both_ends() {
    let tokens = tokens(Algorithm::EdDSA).with_leeway(Duration::from_secs(5));
    let token = valid(&tokens);
    let verify = |seconds| tokens.verify(&token, at(seconds)).map(|_| ());
    assert_eq!(verify(NOW - 6), Err(TokenError::NotYetValid));
    assert_eq!(verify(NOW - 5), Ok(()));
    assert_eq!(verify(NOW + 904), Ok(()));
    assert_eq!(verify(NOW + 905), Err(TokenError::Expired));
}

#[test]
fn a_token_tells_when_the_password_was_given_not_when_it_was_refreshed() {
    let tokens = tokens(Algorithm::EdDSA);
    let (auth_time, not_after) = (at(NOW - 500), Timestamp::MAX);
    let user = user();
    let grant = grant(&user, auth_time, not_after);
    let claims = tokens.verify(&tokens.sign(&grant, at(NOW)).unwrap().token, at(NOW)).unwrap();
    assert_eq!((claims.auth_time, claims.iat), (NOW - 500, NOW));
}

#[test]
fn a_token_ends_no_later_than_its_session() {
    let tokens = tokens(Algorithm::EdDSA);
    let user = user();
    for (session_left, expires_in) in [(5000, 900), (900, 900), (100, 100), (0, 0), (-10, 0)] {
        let (auth_time, not_after) = (at(NOW), at(NOW + session_left));
        let grant = grant(&user, auth_time, not_after);
        let signed = tokens.sign(&grant, at(NOW)).unwrap();
        assert_eq!(signed.expires_in, expires_in);
        assert!(tokens.verify(&signed.token, not_after).is_err(), "session left {session_left}");
        assert_eq!(tokens.verify(&signed.token, at(NOW)).is_ok(), expires_in > 0);
    }
}

#[test]
fn no_token_lives_longer_than_its_key_is_kept_for_after_it_retires() {
    let keys = Arc::new(KeyRing::in_memory(Algorithm::EdDSA).unwrap());
    let longest = keys.longest_ttl();
    let tokens = Tokens::new(keys, ISSUER.to_owned(), AUDIENCE.to_owned(), longest * 2);
    assert_eq!(sign_for(&tokens, &user(), NOW).expires_in, longest.as_secs());
}

#[test]
fn what_would_be_refused_for_its_length_is_not_signed() {
    let tokens = tokens(Algorithm::EdDSA);
    let mut user = user();
    user.roles = vec!["r".repeat(64); 80];
    sign_for(&tokens, &user, NOW);
    user.roles = vec!["r".repeat(64); 90];
    let (auth_time, not_after) = (at(NOW), Timestamp::MAX);
    let grant = grant(&user, auth_time, not_after);
    assert!(tokens.sign(&grant, at(NOW)).is_err());
}

#[test]
fn a_token_for_setting_up_a_factor_is_no_access_token() {
    for tokens in each_algorithm() {
        let (user, auth_time) = (user(), at(NOW));
        let grant = Grant { use_for: UseFor::Setup, ..grant(&user, auth_time, at(NOW + 900)) };
        let token = tokens.sign(&grant, auth_time).unwrap().token;
        assert_eq!(tokens.verify(&token, at(NOW)), Err(TokenError::Invalid));
        assert_eq!(tokens.accept(&token, at(NOW)).unwrap().kind, TokenKind::Setup);
        assert_eq!(tokens.inspect(&token, at(NOW)).header.unwrap()["typ"], "setup+jwt");
    }
}
