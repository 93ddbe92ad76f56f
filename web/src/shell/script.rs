//! `hallpass.fetch`, for other scripts of the page: `fetch` with the access token where it may go.

use std::rc::Rc;

use hallpass_contract::Secret;
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Request, RequestInit, RequestRedirect, Response};

use super::dispatcher::Shell;
use super::fetch;
use super::fetches::Waiting;
use crate::app::{Event, FetchId, FetchOutcome};

/// The function that scripts hold.
pub(super) type Entry = Closure<dyn FnMut(JsValue, JsValue) -> Promise>;

/// Puts it into the page's `window`.
pub(super) fn offer(shell: &Rc<Shell>) -> Entry {
    let asked = Rc::clone(shell);
    let entry = Entry::new(move |input, init| {
        let mut ask = |resolve, reject| ask(&asked, &input, &init, resolve, reject);
        Promise::new(&mut ask)
    });
    let api = Object::new();
    Reflect::set(&api, &"fetch".into(), entry.as_ref()).ok();
    Reflect::set(&shell.window, &"hallpass".into(), &Object::freeze(&api)).ok();
    entry
}

fn ask(shell: &Rc<Shell>, input: &JsValue, init: &JsValue, resolve: Function, reject: Function) {
    match new_request(shell, input, init) {
        Ok((request, url)) => {
            let mut fetches = shell.fetches.borrow_mut();
            fetches.last = fetches.last.wrapping_add(1);
            let id = fetches.last;
            let outcome = Err(JsValue::UNDEFINED);
            fetches.waiting.push(Waiting { id, request, resolve, reject, outcome });
            drop(fetches);
            shell.dispatch(Event::FetchAsked(id, url));
        }
        Err(error) => {
            reject.call1(&JsValue::NULL, &error).ok();
        }
    }
}

/// As the browser itself reads the arguments of `fetch`.
fn new_request(
    shell: &Shell,
    input: &JsValue,
    init: &JsValue,
) -> Result<(Request, crate::interceptor::Url), JsValue> {
    let options = if init.is_object() { init.clone() } else { Object::new().into() };
    let options: &RequestInit = options.unchecked_ref();
    let request = match input.dyn_ref::<Request>() {
        Some(request) => Request::new_with_request_and_init(request, options)?,
        None => {
            let text: String = js_sys::JsString::from(input.clone()).into();
            Request::new_with_str_and_init(&text, options)?
        }
    };
    let url = fetch::resolve(&shell.window, &request.url())?.1;
    Ok((request, url))
}

/// A body can be read once, so a copy is sent.
pub(super) fn send(shell: &Rc<Shell>, id: FetchId, token: Option<&Secret>) {
    let shell = Rc::clone(shell);
    let copy = match shell.fetches.borrow().waiting.iter().find(|waiting| waiting.id == id) {
        Some(waiting) => Request::clone(&waiting.request),
        None => return,
    };
    let token = token.cloned();
    spawn_local(async move {
        let outcome = match copy {
            Ok(request) => exchange(&shell, &request, token.as_ref()).await,
            Err(error) => Err(error),
        };
        let told = match outcome.as_ref().ok().and_then(|it| it.dyn_ref::<Response>()) {
            Some(response) => {
                let challenge = response.headers().get("WWW-Authenticate").ok().flatten();
                FetchOutcome::Answered(response.status(), challenge.unwrap_or_default())
            }
            None => FetchOutcome::Failed,
        };
        let mut fetches = shell.fetches.borrow_mut();
        if let Some(waiting) = fetches.waiting.iter_mut().find(|waiting| waiting.id == id) {
            waiting.outcome = outcome;
        }
        drop(fetches);
        shell.dispatch(Event::Fetched(id, told));
    });
}

async fn exchange(
    shell: &Shell,
    request: &Request,
    token: Option<&Secret>,
) -> Result<JsValue, JsValue> {
    let init = RequestInit::new();
    if let Some(token) = token {
        request.headers().set("Authorization", &["Bearer ", token.expose()].concat())?;
        // Whatever the redirect leads to was not asked about.
        init.set_redirect(RequestRedirect::Error);
    }
    JsFuture::from(shell.window.fetch_with_request_and_init(request, &init)).await
}

pub(super) fn deliver(shell: &Shell, id: FetchId) {
    let mut fetches = shell.fetches.borrow_mut();
    let Some(index) = fetches.waiting.iter().position(|waiting| waiting.id == id) else {
        return;
    };
    let waiting = fetches.waiting.swap_remove(index);
    drop(fetches);
    match waiting.outcome {
        Ok(response) => waiting.resolve.call1(&JsValue::NULL, &response).ok(),
        Err(error) => waiting.reject.call1(&JsValue::NULL, &error).ok(),
    };
}
