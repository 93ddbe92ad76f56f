use super::records::{Numbered, Records};
use super::*;
use crate::accounts::UserRecord;

const HASH: &str = "pbkdf2:sha1:1000$WDdeLlvU$28362305ec1b8e58c984a6416d6f69e965304496";

mod systems;

/// What a file reads as: where each record begins, and the record or what is wrong.
fn read(text: impl Into<Vec<u8>>, format: Option<Source>) -> Vec<Numbered> {
    let mut records = open_records(text, format).unwrap();
    std::iter::from_fn(|| records.next().unwrap()).collect()
}

fn open_records(
    text: impl Into<Vec<u8>>,
    format: Option<Source>,
) -> anyhow::Result<Box<dyn Records>> {
    recognized(text, format).map(|(_, records)| records)
}

fn recognized(
    text: impl Into<Vec<u8>>,
    format: Option<Source>,
) -> anyhow::Result<(Source, Box<dyn Records>)> {
    let input = input::utf8(io::Cursor::new(text.into())).unwrap();
    recognized::records(input, format, None)
}

fn names(read: &[Numbered]) -> Vec<(u64, &str)> {
    read.iter()
        .map(|(spot, found)| (spot.line, found.as_ref().map_or("bad", |it| &it.record.username)))
        .collect()
}

fn only(text: &str) -> UserRecord {
    let mut read = read(text, None);
    assert_eq!(read.len(), 1, "{text}");
    read.remove(0).1.unwrap().record
}

fn reason(text: impl Into<Vec<u8>>) -> String {
    read(text, None).into_iter().find_map(|(_, record)| record.err()).expect("a bad line")
}

#[test]
fn both_formats_say_the_same() {
    let csv = format!(
        "username,password_hash,roles,created_at,disabled\n\
         Zoë,{HASH},user admin,2024-02-29T12:00:00Z,true\n"
    );
    let jsonl = format!(
        r#"{{"username": "Zoë", "password_hash": "{HASH}", "roles": ["user", "admin"],
        "created_at": "2024-02-29T12:00:00Z", "disabled": true}}"#
    );
    let record = only(&csv);
    assert_eq!(record, only(&jsonl.replace('\n', "")));
    assert_eq!(record.username, "Zoë");
    assert_eq!(record.password_hash.expose(), HASH);
    assert_eq!(record.roles.unwrap(), ["user", "admin"]);
    assert_eq!(record.created_at.unwrap().to_string(), "2024-02-29T12:00:00Z");
    assert!(record.disabled);
}

#[test]
fn what_is_not_said_is_left_open_and_an_empty_list_of_roles_is_one() {
    for text in [
        format!("username,password_hash\nada,{HASH}\n"),
        format!("username,password_hash,created_at,disabled\nada,{HASH},,\n"),
        format!(r#"{{"username": "ada", "password_hash": "{HASH}"}}"#),
        format!(r#"{{"username":"ada","password_hash":"{HASH}","roles":null,"created_at":null}}"#),
    ] {
        let record = only(&text);
        assert_eq!((record.roles, record.created_at, record.disabled), (None, None, false));
    }
    for text in [
        format!("username,password_hash,roles\nada,{HASH},\n"),
        format!(r#"{{"username": "ada", "password_hash": "{HASH}", "roles": []}}"#),
        format!(r#"{{"username": "ada", "password_hash": "{HASH}", "roles": ""}}"#),
    ] {
        assert_eq!(only(&text).roles, Some(Vec::new()), "{text}");
    }
}

#[test]
fn columns_come_in_any_order_and_unknown_ones_are_ignored() {
    let text = format!("id, Password_Hash ,email,USERNAME\n7,{HASH},a@example.com,ada\n");
    assert_eq!(only(&text).username, "ada");
}

#[test]
fn a_byte_order_mark_and_carriage_returns_are_no_part_of_the_text() {
    let text =
        format!("\u{feff}username,password_hash,roles\r\nada,{HASH},user\r\n\r\nbob,{HASH},");
    let read = read(text, None);
    assert_eq!(names(&read), [(2, "ada"), (4, "bob")]);
    assert_eq!(read[0].1.as_ref().unwrap().record.roles.as_deref().unwrap(), ["user"]);
    assert_eq!(
        only(&format!("\u{feff}{{\"username\":\"ada\",\"password_hash\":\"{HASH}\"}}\r\n"))
            .username,
        "ada"
    );
}

#[test]
fn a_bad_line_costs_no_other() {
    let mut text = format!("username,bio,password_hash\nada,,{HASH}\n").into_bytes();
    text.extend_from_slice(b"b\xffb,,x\n");
    text.extend(format!("few,{HASH}\nmany,,{HASH},\n").bytes());
    text.extend(format!("carl,\"two\nlines, and a \"\" mark\",{HASH}\n").bytes());
    text.extend(format!("{},,x\n", "x".repeat(200_000)).bytes());
    text.extend(format!("dora,5\" disk,{HASH}\n").bytes());
    text.extend(format!("never,\"closed,{HASH}\nemil,,{HASH}\n").bytes());
    let expected = [
        (2, "ada"),
        (3, "bad"),
        (4, "bad"),
        (5, "bad"),
        (6, "carl"),
        (8, "bad"),
        (9, "dora"),
        (10, "bad"),
        (11, "emil"),
    ];
    assert_eq!(names(&read(text, None)), expected);
}

#[test]
fn lines_that_a_stray_quotation_mark_joins_are_read_again_one_by_one() {
    let text =
        format!("username,bio,password_hash\nada,\"x,{HASH}\nbob,,{HASH}\ncarl,\"y\",{HASH}\n");
    assert_eq!(names(&read(text, None)), [(2, "bad"), (3, "bob"), (4, "carl")]);
}

#[test]
fn a_bad_json_line_costs_no_other() {
    let good = format!(r#"{{"username": "ada", "password_hash": "{HASH}", "age": 36}}"#);
    let mut text = format!("{good}\n\n").into_bytes();
    text.extend_from_slice(b"{\"username\": \"b\xff\"}\n");
    for bad in ["[]", "7", "{", r#"{"username": 7}"#, r#"{"username": "ada"}"#, "null"] {
        text.extend(format!("{bad}\n").bytes());
    }
    text.extend(good.bytes());
    let read = read(text, None);
    let expected: Vec<(u64, &str)> = std::iter::once((1, "ada"))
        .chain((3..10).map(|line| (line, "bad")))
        .chain([(10, "ada")])
        .collect();
    assert_eq!(names(&read), expected);
}

#[test]
fn a_reason_names_the_field_and_quotes_nothing() {
    let csv =
        |field: &str, value: &str| format!("username,password_hash,{field}\nada,{HASH},{value}\n");
    let jsonl =
        |member: &str| format!(r#"{{"username": "ada", "password_hash": "{HASH}", {member}}}"#);
    for (text, told) in [
        (csv("created_at", "soon"), "created_at"),
        (csv("disabled", "maybe"), "disabled"),
        (jsonl(r#""created_at": true"#), "created_at"),
        (jsonl(r#""created_at": 1e300"#), "created_at"),
        (jsonl(r#""disabled": []"#), "disabled"),
        (jsonl(r#""roles": [7]"#), "roles"),
        (format!(r#"{{"username": "ada", "password_hash": ["{HASH}"]}}"#), "password_hash"),
        (format!(r#"{{"username": "ada", "password_hash": "{HASH}""#), "not JSON"),
        (format!("{{\"username\": \"ada\"}}\n\"{HASH}\""), "password_hash"),
    ] {
        let reason = reason(text);
        assert!(reason.contains(told), "{reason}");
        for quoted in [HASH, "soon", "maybe"] {
            assert!(!reason.contains(quoted), "{reason}");
        }
    }
}

#[test]
fn what_is_no_list_of_users_is_refused_at_once() {
    for (text, told) in [
        ("", "empty"),
        ("\n\n", "empty"),
        ("ada,hash\n", "username and password_hash"),
        ("username;password_hash\n", "commas"),
        ("username,password\n", "password_hash"),
        ("username,password_hash,username\n", "twice"),
        ("\"username", "header"),
        ("[{}", "line 1"),
        ("[7", "line 1"),
        ("{\n\"users\": 7}", "array users"),
        ("[{\"users\": []}]", "several realms"),
    ] {
        let error = open_records(text, None).err().map(|error| format!("{error:#}")).unwrap();
        assert!(error.contains(told), "{text:?}: {error}");
    }
}

#[test]
fn the_name_or_the_first_character_tells_the_format() {
    assert_eq!(format_of(Path::new("a/users.CSV")), Some(Source::Csv));
    assert_eq!(format_of(Path::new("users.ndjson")), Some(Source::Jsonl));
    assert_eq!(format_of(Path::new("users.txt")), None);
    let jsonl = format!("\n  {{\"username\": \"ada\", \"password_hash\": \"{HASH}\"}}");
    assert_eq!(names(&read(jsonl, None)), [(2, "ada")]);
    assert!(open_records("{}", Some(Source::Csv)).is_err());
}

#[test]
fn times_are_read_as_databases_print_them() {
    for text in [
        "2024-02-29T12:00:00Z",
        "2024-02-29T13:00:00+01:00",
        "2024-02-29 12:00:00",
        "2024-02-29 12:00:00+00",
        "2024-02-29 14:00:00+02:00",
        "2024-02-29 12:00:00.000499+00",
        "1709208000",
        "1709208000.0004",
    ] {
        assert_eq!(fields::time(text).unwrap().to_string(), "2024-02-29T12:00:00Z", "{text}");
    }
    assert_eq!(
        fields::time("2024-02-29 12:00:00.123456").unwrap().to_string(),
        "2024-02-29T12:00:00.123Z"
    );
    assert_eq!(fields::time("2024-02-29").unwrap().to_string(), "2024-02-29T00:00:00Z");
    for bad in ["", "soon", "29.02.2024", "2023-02-29", "inf", "NaN", "1e99", "12:00:00"] {
        assert!(fields::time(bad).is_err(), "{bad}");
    }
}

#[test]
fn roles_may_have_anything_between_them_that_is_in_no_role() {
    for text in ["user admin", "user,admin", " user; admin ", "user , admin"] {
        assert_eq!(fields::roles(text), ["user", "admin"], "{text}");
    }
}

#[test]
fn a_file_that_tells_who_is_active_instead_of_disabled_lets_nobody_in_again() {
    let csv = format!("username,password_hash,Is_Active\nada,{HASH},0\n");
    let error = open_records(csv, None).err().map(|error| format!("{error:#}")).unwrap();
    assert!(error.contains("NOT is_active AS disabled"), "{error}");
    let jsonl = |more| format!(r#"{{"username": "ada", "password_hash": "{HASH}", {more}}}"#);
    assert!(reason(jsonl(r#""active": false"#)).contains("disabled"));
    assert!(only(&jsonl(r#""active": false, "disabled": true"#)).disabled);
    // As a file for Auth0's bulk import has it.
    assert!(reason(jsonl(r#""email": "ada@x.example", "blocked": true"#)).contains("disabled"));
    // What `SELECT NOT is_active AS disabled` prints in SQLite.
    for (printed, disabled) in [("1", true), ("0", false)] {
        let csv = format!("username,password_hash,disabled\nada,{HASH},{printed}\n");
        assert_eq!(only(&csv).disabled, disabled);
    }
}
