//! The frontend's WebAssembly module, whose `main` runs once it is loaded. It is a binary so that
//! no exported function needs the `unsafe` that `#[wasm_bindgen]` expands to.

fn main() {
    hallpass_web::run();
}
