//! Page objects: what a person can do and see on each page. They find things by the hooks that
//! `web/README.md` promises.

mod credentials;
mod header;
mod protected;

pub use credentials::{CredentialsForm, LoginPage, RegisterPage};
pub use header::Header;
pub use protected::ProtectedPage;
