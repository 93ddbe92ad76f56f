//! The frontend's WebAssembly module, whose `main` runs once it is loaded. It is a binary so that
//! no exported function needs the `unsafe` that `#[wasm_bindgen]` expands to.

/// A third of the size of the standard library's.
#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

fn main() {
    hallpass_web::run();
}
