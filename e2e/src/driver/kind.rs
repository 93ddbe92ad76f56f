//! Which browsers there are, and what their users may have set.

use std::fmt;

use clap::ValueEnum;

/// A browser of those that the suite knows.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, ValueEnum)]
pub enum Kind {
    /// Chromium or Chrome, by way of `ChromeDriver`
    Chromium,
    /// Firefox, by way of `geckodriver`
    Firefox,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
        })
    }
}

/// What the browser's user has set; by default nothing.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Media {
    /// A dark colour scheme.
    pub dark: bool,
    /// Less motion.
    pub reduced_motion: bool,
    /// No cookies and no storage, for any site.
    pub storage_blocked: bool,
    /// So many CSS pixels for text whose size no page sets, where browsers take 16.
    pub font_size: Option<u32>,
    /// The time zone, such as `Asia/Kolkata`, where the machine has another one.
    pub zone: Option<&'static str>,
}

/// A host name that browsers take to this machine, and that they do not trust as they do
/// `localhost`.
pub const PLAIN_HOST: &str = "hallpass.test";
