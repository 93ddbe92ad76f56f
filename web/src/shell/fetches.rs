//! The requests of other scripts that are under way.

use js_sys::Function;
use wasm_bindgen::JsValue;
use web_sys::Request;

use crate::app::FetchId;

/// All of them, and the number of the last one.
#[derive(Default)]
pub(super) struct Fetches {
    pub(super) last: FetchId,
    pub(super) waiting: Vec<Waiting>,
}

pub(super) struct Waiting {
    pub(super) id: FetchId,
    pub(super) request: Request,
    pub(super) resolve: Function,
    pub(super) reject: Function,
    /// What `fetch` came to last.
    pub(super) outcome: Result<JsValue, JsValue>,
}
