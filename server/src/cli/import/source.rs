//! Which systems' files are read.

use clap::ValueEnum;

/// A format of users, as another system writes it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum Source {
    /// Comma-separated values; the header tells of which system
    Csv,
    /// JSON objects, one in each line or all in an array; their members tell of which system
    Jsonl,
    /// A realm export of Keycloak
    Keycloak,
    /// A user export of Auth0
    Auth0,
    /// What `firebase auth:export` writes, in JSON
    Firebase,
    /// The table `auth.users` of Supabase, as CSV
    Supabase,
    /// The table `users` of PocketBase, as CSV
    Pocketbase,
    /// The table `auth_user` of Django, as CSV
    Django,
    /// A password file of Apache or nginx
    Htpasswd,
}

impl Source {
    /// What messages call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Csv => "CSV with the columns of hallpass",
            Self::Jsonl => "JSON with the members of hallpass",
            Self::Keycloak => "a realm export of Keycloak",
            Self::Auth0 => "a user export of Auth0",
            Self::Firebase => "a user export of Firebase",
            Self::Supabase => "the table auth.users of Supabase",
            Self::Pocketbase => "the table users of PocketBase",
            Self::Django => "the table auth_user of Django",
            Self::Htpasswd => "an htpasswd file",
        }
    }
}
