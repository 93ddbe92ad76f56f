//! The lock that all tabs of this server share (Web Locks), so that one refresh serves them all.
//! Without Web Locks each tab refreshes by itself, and the server takes two at once for a race.

use std::rc::Rc;

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};

use super::dispatcher::Shell;
use crate::app::Event;

const NAME: &str = "hallpass.refresh";

/// Waits for the lock; [`Event::Locked`] says when it is held.
pub(super) fn acquire(shell: &Rc<Shell>) {
    if request(shell).is_none() {
        locked(shell);
    }
}

/// Lets go of the lock, if it is held.
pub(super) fn release(shell: &Shell) {
    if let Some(release) = shell.release_lock.take() {
        release.call0(&JsValue::NULL).ok();
    }
}

/// `navigator.locks.request(NAME, callback)`: the lock is held until the promise that the callback
/// returns is resolved.
fn request(shell: &Rc<Shell>) -> Option<()> {
    let navigator = Reflect::get(&shell.window, &"navigator".into()).ok()?;
    let locks = Reflect::get(&navigator, &"locks".into()).ok()?;
    let request: Function = Reflect::get(&locks, &"request".into()).ok()?.dyn_into().ok()?;
    let callback = {
        let shell = Rc::clone(shell);
        Closure::once_into_js(move || {
            let held = Promise::new(&mut |resolve, _| {
                shell.release_lock.replace(Some(resolve));
            });
            locked(&shell);
            held
        })
    };
    let promise: Promise =
        request.call2(&locks, &shell.kept.key(NAME).into(), &callback).ok()?.dyn_into().ok()?;
    let shell = Rc::clone(shell);
    spawn_local(async move {
        // Where storage is blocked there are no locks either.
        if JsFuture::from(promise).await.is_err() {
            locked(&shell);
        }
    });
    Some(())
}

fn locked(shell: &Rc<Shell>) {
    shell.dispatch(Event::Locked(shell.kept.read()));
}
