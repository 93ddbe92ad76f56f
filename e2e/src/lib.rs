//! Browser tests of a Hallpass server over WebDriver: what a suite needs beside its steps.
//!
//! A test is a scenario that is handed a [`Browser`] on a server of its own:
//!
//! ```no_run
//! use hallpass_e2e::{Scenario, pages::LoginPage};
//!
//! #[tokio::test]
//! async fn a_stranger_is_not_let_in() {
//!     Scenario::new("a_stranger_is_not_let_in")
//!         .run(async |browser| {
//!             let login = LoginPage::open(browser).await?;
//!             login.submit("nobody", "no such password").await?;
//!             login.expect_alert("wrong").await
//!         })
//!         .await;
//! }
//! ```

mod browser;
mod driver;
mod evidence;
pub mod pages;
mod process;
mod scenario;
mod server;

pub use browser::Browser;
pub use evidence::evidence_dir;
pub use scenario::Scenario;
