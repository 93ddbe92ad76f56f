//! Tests: async functions, each with what it needs.

use std::fmt;
use std::pin::Pin;

use crate::{Context, Kind, Media, Result};

type Story<'a> = Pin<Box<dyn Future<Output = Result> + 'a>>;

/// What a test needs of the server. Where it can't be had the test is skipped, and the report says
/// why.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Needs {
    /// The server in hand: to start it with arguments, stop it, or stand between it and the
    /// browser.
    pub server: bool,
    /// New users.
    pub users: bool,
    /// A user that the test signs in as and leaves as it was.
    pub account: bool,
    /// The same, with the role `admin`.
    pub admin: bool,
    /// Several nodes behind one address, which the test kills and starts.
    pub cluster: bool,
}

/// A test with what it needs; [`tests!`](crate::tests) makes it of a function.
#[derive(Clone)]
pub struct Test {
    pub(crate) module: &'static str,
    pub(crate) name: &'static str,
    pub(crate) needs: Needs,
    pub(crate) server_args: &'static [&'static str],
    pub(crate) base: &'static str,
    pub(crate) media: Media,
    pub(crate) only_on: Option<(Kind, &'static str)>,
    pub(crate) story: for<'a> fn(&'a Context) -> Story<'a>,
}

impl Test {
    /// A test that needs a site and a browser; use [`tests!`](crate::tests).
    pub fn new(
        module: &'static str,
        name: &'static str,
        story: for<'a> fn(&'a Context) -> Story<'a>,
    ) -> Self {
        let (needs, media) = (Needs::default(), Media::default());
        let (server_args, base, only_on) = (&[], "", None);
        Self { module, name, needs, server_args, base, media, only_on, story }
    }

    /// Starts the server with further arguments of `hallpass serve`.
    #[must_use]
    pub fn server_args(mut self, args: &'static [&'static str]) -> Self {
        self.server_args = args;
        self.needs_server()
    }

    /// Starts the server below this path of its host, such as `/auth`.
    #[must_use]
    pub fn below(mut self, path: &'static str) -> Self {
        self.base = path;
        self.needs_server()
    }

    /// The test stops the server, changes its settings, or holds requests back.
    #[must_use]
    pub fn needs_server(mut self) -> Self {
        self.needs.server = true;
        self
    }

    /// The test makes users: on a deployment, registration has to be open.
    #[must_use]
    pub fn needs_users(mut self) -> Self {
        self.needs.users = true;
        self
    }

    /// The test signs in as [`Context::account`].
    #[must_use]
    pub fn needs_account(mut self) -> Self {
        self.needs.account = true;
        self
    }

    /// The test signs in as [`Context::admin`].
    #[must_use]
    pub fn needs_admin(mut self) -> Self {
        self.needs.admin = true;
        self
    }

    /// The test kills nodes: only where `--cluster` names the script that can.
    #[must_use]
    pub fn needs_cluster(mut self) -> Self {
        self.needs.cluster = true;
        self
    }

    /// What the browser says that its user prefers.
    #[must_use]
    pub fn media(mut self, media: Media) -> Self {
        self.media = media;
        self
    }

    /// The test can be done with this browser alone, for the reason that the report gives.
    #[must_use]
    pub fn only_on(mut self, browser: Kind, why: &'static str) -> Self {
        self.only_on = Some((browser, why));
        self
    }

    /// The module in the suite, without the crate's name.
    pub(crate) fn group(&self) -> &'static str {
        self.module.split_once("::").map_or("", |(_, group)| group)
    }

    pub(crate) fn full_name(&self) -> String {
        format!("{}::{}", self.group(), self.name)
    }
}

impl fmt::Debug for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Test({}::{})", self.module, self.name)
    }
}

/// Makes a `Vec<Test>` of async functions that take a [`&Context`](crate::Context), each with what
/// it needs behind its name:
///
/// ```
/// # use hallpass_e2e::{Context, Result, Test};
/// # async fn the_front_page_is_there(t: &Context) -> Result { Ok(()) }
/// # async fn a_token_ends(t: &Context) -> Result { Ok(()) }
/// fn tests() -> Vec<Test> {
///     hallpass_e2e::tests![
///         the_front_page_is_there,
///         a_token_ends.server_args(&["--access-ttl", "3s"]),
///     ]
/// }
/// # assert_eq!(tests().len(), 2);
/// ```
///
/// A test that is not in such a list is dead code, which the compiler warns of.
#[macro_export]
macro_rules! tests {
    ($($name:ident $(.$option:ident($($argument:expr),* $(,)?))*),* $(,)?) => {
        ::std::vec![$(
            $crate::Test::new(module_path!(), stringify!($name), |t| {
                ::std::boxed::Box::pin($name(t))
            })$(.$option($($argument),*))*
        ),*]
    };
}
