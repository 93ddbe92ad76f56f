use std::io::{self, BufRead};

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::fields::{flag, roles, seconds, tells_who_is_disabled, time};
use super::lines::Lines;
use super::records::{Numbered, Records};
use crate::accounts::UserRecord;

/// The records of a file with a JSON object in each line. Members that are not known are ignored.
pub(super) struct JsonRecords<R>(Lines<R>);

impl<R: BufRead> JsonRecords<R> {
    pub(super) fn new(lines: Lines<R>) -> Self {
        Self(lines)
    }
}

impl<R: BufRead> Records for JsonRecords<R> {
    fn next(&mut self) -> io::Result<Option<Numbered>> {
        let line = self.0.next_that_is_not_blank()?;
        Ok(line.map(|line| {
            let too_long = || "it is over 64 KiB long".to_owned();
            (line.number, line.text.ok_or_else(too_long).and_then(|text| record(&text)))
        }))
    }

    fn bytes_read(&self) -> u64 {
        self.0.bytes_read()
    }
}

/// Errors are our own words: the parser's may quote the line.
fn record(line: &[u8]) -> Result<UserRecord, String> {
    let line = std::str::from_utf8(line).map_err(|_| "it is not UTF-8".to_owned())?;
    let object: Map<String, Value> = serde_json::from_str(line).map_err(|error| {
        let column = error.column();
        match error.classify() {
            serde_json::error::Category::Data => "it is not a JSON object".to_owned(),
            _ => format!("it is not JSON, from column {column} on"),
        }
    })?;
    tells_who_is_disabled(object.keys().map(String::as_str))?;
    let get = |name: &str| object.get(name).filter(|value| !value.is_null());
    let text = |name: &str| match get(name) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(format!("{name}: it is not a string")),
        None => Err(format!("{name}: it is missing")),
    };
    let secret = get("totp_secret").map(|_| text("totp_secret")).transpose()?;
    Ok(UserRecord {
        username: text("username")?,
        password_hash: text("password_hash")?.into(),
        roles: get("roles").map(roles_of).transpose()?,
        created_at: get("created_at").map(time_of).transpose()?,
        disabled: get("disabled").map(flag_of).transpose()?.unwrap_or(false),
        totp_secret: secret.map(Into::into),
    })
}

fn roles_of(value: &Value) -> Result<Vec<String>, String> {
    let texts = match value {
        Value::String(text) => Some(roles(text)),
        Value::Array(values) => {
            values.iter().map(|value| value.as_str().map(str::to_owned)).collect()
        }
        _ => None,
    };
    texts.ok_or_else(|| "roles: they are neither an array of strings nor a string".to_owned())
}

fn time_of(value: &Value) -> Result<Timestamp, String> {
    match value {
        Value::Number(number) => number
            .as_f64()
            .and_then(seconds)
            .ok_or_else(|| "created_at: the number is too large".to_owned()),
        Value::String(text) => time(text),
        _ => Err("created_at: it is neither a string nor a number".to_owned()),
    }
}

fn flag_of(value: &Value) -> Result<bool, String> {
    match value {
        Value::Bool(disabled) => Ok(*disabled),
        Value::String(text) => flag(text),
        value => flag(&value.to_string()),
    }
}
