//! The body of a request by an OAuth client.

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use url::form_urlencoded;

use super::OauthError;

/// The parameters that there are. Others are ignored (RFC 6749 section 3.2).
const KNOWN: [&str; 4] = ["token", "token_type_hint", "client_id", "client_secret"];

/// A form as RFC 6749 appendix B has it. A parameter without a value counts as left out.
#[derive(Debug)]
pub(crate) struct OauthForm(Vec<(String, String)>);

impl OauthForm {
    /// The most bytes: those of any token of ours several times, and of credentials.
    pub(crate) const MAX_BYTES: usize = 32 * 1024;

    /// Whether the body is declared as a form.
    pub(crate) fn is_declared(headers: &HeaderMap) -> bool {
        let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        declared.and_then(|value| value.parse::<mime::Mime>().ok()).is_some_and(|media_type| {
            media_type.essence_str() == mime::APPLICATION_WWW_FORM_URLENCODED.essence_str()
        })
    }

    /// Reads a body.
    ///
    /// # Errors
    ///
    /// If one of the known parameters is there twice.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, OauthError> {
        let known = form_urlencoded::parse(body).filter(|(name, _)| KNOWN.contains(&name.as_ref()));
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (name, value) in known {
            if pairs.iter().any(|(known, _)| *known == name) {
                return Err(OauthError::InvalidRequest("send each parameter once"));
            }
            pairs.push((name.into_owned(), value.into_owned()));
        }
        pairs.retain(|(_, value)| !value.is_empty());
        Ok(Self(pairs))
    }

    /// The value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The token that it is about. A `token_type_hint` changes nothing: the two types of tokens
    /// look so different that there is nothing to search (RFC 7009 section 2.1).
    ///
    /// # Errors
    ///
    /// If there is none.
    pub(crate) fn token(&self) -> Result<&str, OauthError> {
        self.get("token").ok_or(OauthError::InvalidRequest("send a token"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_there_once_and_has_a_value() {
        let form = OauthForm::parse(b"token=a%2Bb+c&token_type_hint=&x=1").unwrap();
        assert_eq!((form.token().unwrap(), form.get("token_type_hint")), ("a+b c", None));
        for twice in ["token=a&token=b", "client_id=&token=a&client_id=", "token=a&token="] {
            assert!(OauthForm::parse(twice.as_bytes()).is_err(), "{twice}");
        }
        assert_eq!(OauthForm::parse(b"x=1&token=a&x=2").unwrap().token().unwrap(), "a");
        for none in ["", "token=", "Token=a", "token"] {
            assert!(OauthForm::parse(none.as_bytes()).unwrap().token().is_err(), "{none}");
        }
    }

    #[test]
    fn a_form_is_declared_as_one() {
        let headers = |value: &'static str| {
            HeaderMap::from_iter([(CONTENT_TYPE, http::HeaderValue::from_static(value))])
        };
        assert!(OauthForm::is_declared(&headers("application/x-www-form-urlencoded")));
        assert!(OauthForm::is_declared(&headers(
            "Application/X-WWW-Form-Urlencoded; charset=utf-8"
        )));
        assert!(!OauthForm::is_declared(&headers("application/json")));
        assert!(!OauthForm::is_declared(&HeaderMap::new()));
    }
}
