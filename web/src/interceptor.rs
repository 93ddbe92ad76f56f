//! The interceptor: which requests carry the access token.

use hallpass_contract::Secret;

/// The value of a request's `Authorization` header (RFC 6750 section 2.1), or none where the token
/// must not go: to any other origin, or from a page whose own origin is opaque (`null` is equal to
/// the `null` of every other opaque origin, and so identifies nobody).
pub fn authorization(
    request_origin: &str,
    own_origin: &str,
    token: Option<&Secret>,
) -> Option<String> {
    let ours = request_origin == own_origin && own_origin != "null" && !own_origin.is_empty();
    let token = token.filter(|_| ours)?;
    Some(["Bearer ", token.expose()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "https://login.example";

    #[test]
    fn a_request_to_our_own_origin_carries_the_token() {
        let header = authorization(OWN, OWN, Some(&"t0ken".into()));
        assert_eq!(header.as_deref(), Some("Bearer t0ken"));
    }

    #[test]
    fn a_request_to_any_other_origin_carries_none() {
        for origin in [
            "http://login.example",
            "https://login.example:8443",
            "https://login.example.evil.example",
            "https://evil.example",
            "null",
            "",
        ] {
            assert_eq!(authorization(origin, OWN, Some(&"t0ken".into())), None, "{origin}");
        }
    }

    #[test]
    fn an_opaque_origin_is_nobodys_own() {
        assert_eq!(authorization("null", "null", Some(&"t0ken".into())), None);
        assert_eq!(authorization("", "", Some(&"t0ken".into())), None);
    }

    #[test]
    fn a_signed_out_visitor_sends_no_header() {
        assert_eq!(authorization(OWN, OWN, None), None);
    }
}
