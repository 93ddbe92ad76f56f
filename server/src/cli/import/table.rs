//! What the columns of a CSV file mean.

use anyhow::{bail, ensure};

use super::fields::{roles, tells_who_is_disabled, time};
use super::records::Found;
use super::row::{Fields, Row};
use super::source::Source;
use super::tables;
use crate::accounts::UserRecord;
use crate::cli::export::COLUMNS;
use crate::cli::terminal::{note, printable};
use crate::proof::password::UNUSABLE;

/// The columns of a file, and whose they are.
pub(super) struct Table {
    source: Source,
    /// In small letters.
    names: Vec<String>,
}

impl Table {
    /// # Errors
    ///
    /// If it is no header of users.
    pub(super) fn of(header: &Fields) -> anyhow::Result<Self> {
        let names: Vec<String> = header
            .iter()
            .map(|name| String::from_utf8_lossy(name).trim().to_ascii_lowercase())
            .collect();
        let has = |name: &str| names.iter().any(|is| is == name);
        let source = if has("username") && has("password_hash") {
            Source::Csv
        } else if has("encrypted_password") {
            Source::Supabase
        } else if has("tokenkey") && (has("passwordhash") || has("password")) {
            Source::Pocketbase
        } else if has("username") && has("password") && has("is_superuser") {
            Source::Django
        } else {
            bail!(
                "its first line is no header with the columns username and password_hash, with \
                 commas between, nor one of Django, Supabase or PocketBase"
            );
        };
        for (n, name) in names.iter().enumerate() {
            let is_read = source != Source::Csv || COLUMNS.contains(&name.as_str());
            let is_first = !names[..n].contains(name);
            ensure!(is_first || !is_read, "its header has the column {} twice", printable(name));
        }
        if source == Source::Csv {
            tells_who_is_disabled(names.iter().map(String::as_str)).map_err(anyhow::Error::msg)?;
            say_what_is_ignored(&names);
        }
        Ok(Self { source, names })
    }

    pub(super) fn source(&self) -> Source {
        self.source
    }

    pub(super) fn checked(&self, fields: Fields) -> Result<Fields, String> {
        let (found, count) = (fields.len(), self.names.len());
        match found == count {
            true => Ok(fields),
            false => Err(format!("it has {found} fields, and the header has {count}")),
        }
    }

    /// The user that a record stands for.
    pub(super) fn user(&self, fields: &Fields) -> Result<Found, String> {
        let row = Row { names: &self.names, fields };
        match self.source {
            Source::Supabase => tables::supabase(&row),
            Source::Pocketbase => tables::pocketbase(&row),
            Source::Django => tables::django(&row),
            _ => own(&row).map(Found::from),
        }
    }
}

fn say_what_is_ignored(names: &[String]) {
    let ignored: Vec<String> = names
        .iter()
        .filter(|name| !COLUMNS.contains(&name.as_str()))
        .map(|name| printable(name))
        .collect();
    if !ignored.is_empty() {
        note(format_args!("ignoring the columns {}", ignored.join(", ")));
    }
}

fn own(row: &Row<'_>) -> Result<UserRecord, String> {
    Ok(UserRecord {
        username: row.any("username")?.unwrap_or_default().to_owned(),
        password_hash: row.text("password_hash")?.unwrap_or(UNUSABLE).into(),
        // Empty roles mean something: a user without any.
        roles: row.any("roles")?.map(roles),
        created_at: row.text("created_at")?.map(time).transpose()?,
        disabled: row.flag("disabled")?.unwrap_or(false),
        totp_secret: row.text("totp_secret")?.map(Into::into),
    })
}
