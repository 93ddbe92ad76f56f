//! How a client says who it is (RFC 6749 section 2.3.1).

use data_encoding::BASE64;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use percent_encoding::percent_decode_str;

use super::{OauthError, OauthForm};
use crate::accounts::ClientCredentials;

/// The credentials of the `Authorization` header, if there is one.
///
/// # Errors
///
/// If they are of another scheme, or can't be read.
pub(crate) fn of_headers(headers: &HeaderMap) -> Result<Option<ClientCredentials>, OauthError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(OauthError::InvalidRequest("send one Authorization header, not several"));
    }
    let text = value.to_str().ok().and_then(basic);
    text.map(Some).ok_or(OauthError::InvalidClient)
}

/// RFC 7617 section 2. Both parts are encoded as in a form.
fn basic(value: &str) -> Option<ClientCredentials> {
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(BASE64.decode(encoded.trim().as_bytes()).ok()?).ok()?;
    let (name, secret) = text.split_once(':')?;
    Some(ClientCredentials { name: decoded(name)?, secret: decoded(secret)?.into() })
}

fn decoded(part: &str) -> Option<String> {
    let part = part.replace('+', " ");
    Some(percent_decode_str(&part).decode_utf8().ok()?.into_owned())
}

/// The credentials of a form. With those of a header, there are too many.
///
/// # Errors
///
/// If they are missing, or there twice.
pub(crate) fn of_form(
    form: &OauthForm,
    in_header: Option<&ClientCredentials>,
) -> Result<Option<ClientCredentials>, OauthError> {
    let (name, secret) = (form.get("client_id"), form.get("client_secret"));
    match (in_header, name, secret) {
        (Some(_), _, Some(_)) => {
            let text =
                "send the client_secret in the Authorization header or in the body, not both";
            Err(OauthError::InvalidRequest(text))
        }
        (Some(header), Some(name), None) if name != header.name => Err(OauthError::InvalidClient),
        (Some(_), _, None) => Ok(None),
        (None, Some(name), Some(secret)) => {
            Ok(Some(ClientCredentials { name: name.to_owned(), secret: secret.into() }))
        }
        (None, ..) => Err(OauthError::InvalidClient),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let value = |value: &&str| (AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        values.iter().map(value).collect()
    }

    fn of_basic(text: &str) -> Result<Option<ClientCredentials>, OauthError> {
        of_headers(&headers(&[&format!("Basic {}", BASE64.encode(text.as_bytes()))]))
    }

    #[test]
    fn both_parts_of_the_basic_scheme_are_encoded_as_in_a_form() {
        for (text, name, secret) in [
            ("billing:s3cret", "billing", "s3cret"),
            ("a%3Ab:x%2By%20+z", "a:b", "x+y  z"),
            ("a:b:c", "a", "b:c"),
            ("a:", "a", ""),
        ] {
            let found = of_basic(text).unwrap().unwrap();
            assert_eq!((found.name.as_str(), found.secret.expose()), (name, secret));
        }
        assert!(of_headers(&headers(&["bAsIc YTpi"])).unwrap().is_some());
        assert!(of_headers(&HeaderMap::new()).unwrap().is_none());
    }

    #[test]
    fn what_is_no_basic_scheme_is_no_client() {
        for value in ["Bearer a.b.c", "Basic", "Basic !", "Basic YWI=", "Basic /w=="] {
            let refused = of_headers(&headers(&[value])).unwrap_err();
            assert_eq!(refused, OauthError::InvalidClient, "{value}");
        }
        assert_eq!(of_basic("%ff:x").unwrap_err(), OauthError::InvalidClient);
        let two = of_headers(&headers(&["Basic YTpi", "Basic YTpi"])).unwrap_err();
        assert!(matches!(two, OauthError::InvalidRequest(_)), "{two:?}");
    }

    #[test]
    fn a_client_authenticates_in_one_way() {
        let form = |text: &str| OauthForm::parse(text.as_bytes()).unwrap();
        let both = form("client_id=a&client_secret=b");
        let of_body = of_form(&both, None).unwrap().unwrap();
        assert_eq!((of_body.name.as_str(), of_body.secret.expose()), ("a", "b"));
        let header = of_basic("a:b").unwrap().unwrap();
        let twice = of_form(&both, Some(&header)).unwrap_err();
        assert!(matches!(twice, OauthError::InvalidRequest(_)), "{twice:?}");
        assert!(of_form(&form("client_id=a"), Some(&header)).unwrap().is_none());
        assert!(of_form(&form("token=x"), Some(&header)).unwrap().is_none());
        for (text, header) in
            [("client_id=z", Some(&header)), ("client_id=a", None), ("token=x", None)]
        {
            let refused = of_form(&form(text), header).unwrap_err();
            assert_eq!(refused, OauthError::InvalidClient, "{text}");
        }
    }
}
