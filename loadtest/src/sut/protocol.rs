//! Requests as a target's file describes them.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri};
use url::Url;
use url::form_urlencoded::Serializer;

use super::call::{BadLogin, BadToken, Call, TwoStep};
use super::outcome::Outcome;
use super::spec::{BodyForm, Method, SecondFactor, Spec};
use super::values::{Codes, Path};
use super::{Account, RefreshToken, Token};

/// A server and its language. Cheap to share; requests are whole, with an absolute URI.
///
/// A login goes like this, whatever client carries it:
///
/// ```text
/// let request = target.login_request(&account);
/// let response = send(request).await;             // http::Response<Bytes>, or Failure::transport
/// let signed_in = target.read_login(&account, &response, received)?;     // or a Failure
/// let request = target.verify_request(&signed_in.token);
/// target.read_verify(&signed_in, &send(request).await)?;
/// ```
///
/// Each `read_` function says what is wrong with an answer, and in which [`Outcome`] it is counted.
/// [`classify`](Target::classify) does the same by the status alone.
#[derive(Debug)]
pub(crate) struct Target {
    pub(super) spec: Spec,
    host: Url,
    register: Option<Endpoint>,
    login: Endpoint,
    verify: Endpoint,
    refresh: Option<Endpoint>,
    sign_out: Option<Endpoint>,
    keys: Option<Endpoint>,
    pub(super) two_step: Option<TwoStepEndpoints>,
}

/// Where one-time codes are set up and shown.
#[derive(Debug)]
pub(super) struct TwoStepEndpoints {
    pub(super) begin: Endpoint,
    pub(super) confirm: Endpoint,
    pub(super) code: Endpoint,
}

/// A request's fixed parts, parsed once.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    method: http::Method,
    uri: Uri,
    path: String,
    headers: HeaderMap,
}

impl Target {
    /// The target of this description at this host, of which only scheme, host and port count.
    pub(crate) fn new(spec: Spec, host: &Url) -> anyhow::Result<Self> {
        let get = Some(Method::Get);
        let end =
            |method, path: &Path, headers: &HeaderMap| Endpoint::new(host, method, path, headers);
        let refresh = spec.refresh.as_ref().map(|r| end(r.method, &r.path, &r.headers.0));
        let sign_out = spec.sign_out.as_ref().map(|s| end(s.method, &s.path, &s.headers.0));
        let register = spec.register.as_ref().map(|r| end(r.method, &r.path, &r.headers.0));
        let keys = spec.keys.as_ref().map(|keys| end(get, &keys.path, &HeaderMap::new()));
        let two_step = spec.second_factor.as_ref().map(|it| TwoStepEndpoints::new(host, it));
        Ok(Self {
            host: host.clone(),
            register: register.transpose()?,
            login: end(spec.login.method, &spec.login.path, &spec.login.headers.0)?,
            verify: end(spec.verify.method.or(get), &spec.verify.path, &spec.verify.headers.0)?,
            refresh: refresh.transpose()?,
            sign_out: sign_out.transpose()?,
            keys: keys.transpose()?,
            two_step: two_step.transpose()?,
            spec,
        })
    }

    pub(crate) fn spec(&self) -> &Spec {
        &self.spec
    }

    pub(crate) fn host(&self) -> &Url {
        &self.host
    }

    /// Whether the target's file says how to make this call.
    pub(crate) fn supports(&self, call: Call) -> bool {
        match call {
            Call::Register => self.register.is_some(),
            Call::Refresh => self.refresh.is_some(),
            Call::SignOut => self.sign_out.is_some(),
            Call::BadToken(BadToken::AlgHs256) => self.keys.is_some(),
            Call::TwoStep(_) => self.two_step.is_some(),
            _ => true,
        }
    }

    /// Method and path, as a row's name has them; the path of `verify` for what is not supported.
    pub(crate) fn endpoint(&self, call: Call) -> (&http::Method, &str) {
        let endpoint = match call {
            Call::Register => self.register.as_ref(),
            Call::Login | Call::BadLogin(_) => Some(&self.login),
            Call::Verify | Call::BadToken(_) => Some(&self.verify),
            Call::Refresh => self.refresh.as_ref(),
            Call::SignOut => self.sign_out.as_ref(),
            Call::TwoStep(TwoStep::Password) => Some(&self.login),
            Call::TwoStep(TwoStep::Begin) => self.two_step.as_ref().map(|it| &it.begin),
            Call::TwoStep(TwoStep::Confirm) => self.two_step.as_ref().map(|it| &it.confirm),
            Call::TwoStep(TwoStep::Code) => self.two_step.as_ref().map(|it| &it.code),
        };
        let endpoint = endpoint.unwrap_or(&self.verify);
        (&endpoint.method, &endpoint.path)
    }

    /// Creates the account; `None` if the target's file does not say how.
    pub(crate) fn register_request(&self, account: &Account) -> Option<Request<Bytes>> {
        let register = self.spec.register.as_ref()?;
        let fields = register.fields.fill(account);
        Some(self.register.as_ref()?.with_fields(register.body, &fields))
    }

    /// Signs the account in, rightly or wrongly as its name and password are.
    pub(crate) fn login_request(&self, account: &Account) -> Request<Bytes> {
        self.login.with_fields(self.spec.login.body, &self.spec.login.fields.fill(account))
    }

    /// Asks for what only the token's bearer may have.
    pub(crate) fn verify_request(&self, token: &Token) -> Request<Bytes> {
        self.verify_request_with(token.authorization.clone())
    }

    /// The same with any `Authorization`, such as a forged one.
    pub(crate) fn verify_request_with(&self, authorization: HeaderValue) -> Request<Bytes> {
        let mut request = self.verify.request(Bytes::new());
        request.headers_mut().insert(AUTHORIZATION, authorization);
        request
    }

    /// Exchanges the refresh token; `None` if the target's file does not say how.
    pub(crate) fn refresh_request(&self, refresh: &RefreshToken) -> Option<Request<Bytes>> {
        let mut request = self.refresh.as_ref()?.request(Bytes::new());
        request.headers_mut().insert(refresh.name.clone(), refresh.value.clone());
        Some(request)
    }

    /// Ends the session of this token; `None` if the target's file does not say how.
    pub(crate) fn sign_out_request(&self, token: &Token) -> Option<Request<Bytes>> {
        let mut request = self.sign_out.as_ref()?.request(Bytes::new());
        request.headers_mut().insert(AUTHORIZATION, token.authorization.clone());
        Some(request)
    }

    /// Asks for the public keys; `None` if the target's file does not say where they are.
    pub(crate) fn keys_request(&self) -> Option<Request<Bytes>> {
        Some(self.keys.as_ref()?.request(Bytes::new()))
    }

    /// The class of an answer to this call, by its status alone.
    pub(crate) fn classify(&self, call: Call, status: StatusCode) -> Outcome {
        match self.expected(call) {
            Some(codes) if codes.contain(status) && call.accepted().is_none() => Outcome::Ok,
            Some(codes) if codes.contain(status) => Outcome::Expected401,
            _ => Outcome::of_other(status),
        }
    }

    /// The status codes that this call asks for; `None` for what is not supported.
    pub(crate) fn expected(&self, call: Call) -> Option<&Codes> {
        let Spec { register, login, verify, refresh, sign_out, second_factor, .. } = &self.spec;
        match call {
            Call::Register => register.as_ref().map(|register| &register.ok),
            Call::Login => Some(&login.ok),
            Call::Verify => Some(&verify.ok),
            Call::Refresh => refresh.as_ref().map(|refresh| &refresh.ok),
            Call::SignOut => sign_out.as_ref().map(|sign_out| &sign_out.ok),
            Call::BadLogin(BadLogin::WrongPassword) => Some(&login.wrong_password),
            Call::BadLogin(BadLogin::UnknownUser) => Some(&login.unknown_user),
            Call::BadToken(BadToken::Expired) => Some(&verify.expired),
            Call::BadToken(_) => Some(&verify.invalid),
            Call::TwoStep(step) => second_factor.as_ref().map(|it| it.expected(step)),
        }
    }
}

impl TwoStepEndpoints {
    fn new(host: &Url, spec: &SecondFactor) -> anyhow::Result<Self> {
        let SecondFactor { begin, confirm, .. } = spec;
        Ok(Self {
            begin: Endpoint::new(host, begin.method, &begin.path, &begin.headers.0)?,
            confirm: Endpoint::new(host, confirm.method, &confirm.path, &confirm.headers.0)?,
            code: Endpoint::new(host, spec.method, &spec.path, &spec.headers.0)?,
        })
    }
}

impl Endpoint {
    fn new(
        host: &Url,
        method: Option<Method>,
        path: &Path,
        headers: &HeaderMap,
    ) -> anyhow::Result<Self> {
        let method = match method.unwrap_or(Method::Post) {
            Method::Get => http::Method::GET,
            Method::Post => http::Method::POST,
            Method::Put => http::Method::PUT,
        };
        let uri = host.join(&path.0)?.as_str().parse()?;
        Ok(Self { method, uri, path: path.0.clone(), headers: headers.clone() })
    }

    pub(super) fn request(&self, body: Bytes) -> Request<Bytes> {
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }

    pub(super) fn with_fields(
        &self,
        form: BodyForm,
        fields: &BTreeMap<&str, String>,
    ) -> Request<Bytes> {
        let (media_type, body) = match form {
            BodyForm::Json => {
                // Text under text keys can always be written.
                ("application/json", serde_json::to_vec(fields).unwrap_or_default())
            }
            BodyForm::Form => {
                let form = Serializer::new(String::new()).extend_pairs(fields).finish();
                ("application/x-www-form-urlencoded", form.into_bytes())
            }
        };
        let mut request = self.request(Bytes::from(body));
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        request
    }
}
