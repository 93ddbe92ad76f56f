//! The tables in which other systems keep their users.

use serde_json::Value;

use super::fields::time;
use super::json::strings;
use super::records::{Found, UNCONFIRMED};
use super::row::Row;

/// `auth.users` of Supabase.
pub(super) fn supabase(row: &Row<'_>) -> Result<Found, String> {
    if row.flag("is_anonymous")? == Some(true) {
        return Err("it is an anonymous user, who has no name".to_owned());
    }
    if row.text("deleted_at")?.is_some() {
        return Err("deleted_at: the user was deleted".to_owned());
    }
    let name = match row.text("email")? {
        Some(name) => name,
        None => row.text("phone")?.ok_or("username: there is neither email nor phone")?,
    };
    let mut found = Found::with_hash(name, row.text("encrypted_password")?);
    found.record.created_at = row.text("created_at")?.map(time).transpose()?;
    // A ban for a time would never end here, and one that is over would begin anew.
    found.record.disabled = row.text("banned_until")?.is_some();
    found.remark_if(found.record.disabled, "banned_until is set: the user is disabled");
    let metadata = row.text("raw_app_meta_data")?;
    let metadata: Value = metadata.and_then(|it| serde_json::from_str(it).ok()).unwrap_or_default();
    found.give_roles(strings(metadata.get("roles").or_else(|| metadata.get("role"))));
    let was_asked = row.any_of(&["email_confirmed_at", "phone_confirmed_at"]);
    let confirmed = row.text("email_confirmed_at")?.or(row.text("phone_confirmed_at")?);
    found.remark_if(was_asked && confirmed.is_none(), UNCONFIRMED);
    Ok(found)
}

/// `users` of PocketBase. Since version 0.23 the column of the hash is called `password`, and users
/// need no name.
pub(super) fn pocketbase(row: &Row<'_>) -> Result<Found, String> {
    let name = match row.text("username")? {
        Some(name) => name,
        None => row.text("email")?.ok_or("username: there is neither username nor email")?,
    };
    let hash = match row.text("passwordhash")? {
        Some(hash) => Some(hash),
        None => row.text("password")?,
    };
    let mut found = Found::with_hash(name, hash);
    found.record.created_at = row.text("created")?.map(time).transpose()?;
    found.remark_if(row.flag("verified")? == Some(false), UNCONFIRMED);
    Ok(found)
}

/// `auth_user` of Django.
pub(super) fn django(row: &Row<'_>) -> Result<Found, String> {
    let name = row.text("username")?.ok_or("username: it is missing")?;
    let mut found = Found::with_hash(name, row.text("password")?);
    found.record.created_at = row.text("date_joined")?.map(time).transpose()?;
    found.record.disabled = row.flag("is_active")? == Some(false);
    let is_admin = row.flag("is_superuser")? == Some(true);
    found.give_roles(is_admin.then_some(hallpass_contract::ADMIN_ROLE));
    Ok(found)
}
