//! Page objects: what a person can do and see on each page. They find things by the hooks that
//! `web/README.md` promises.

mod account;
mod admin;
mod bad_day;
mod credentials;
mod header;
mod protected;
mod reset;
mod resets;
mod second_step;
mod security;
mod setup;

pub use account::{AccountPage, FreshnessPrompt};
pub use admin::AdminPage;
pub use bad_day::BadDay;
pub use credentials::{CredentialsForm, LoginPage, RegisterPage};
pub use header::Header;
pub use protected::ProtectedPage;
pub use reset::ResetPage;
pub use second_step::SecondStep;
pub use security::Security;
pub use setup::SetUp;
