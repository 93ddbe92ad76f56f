use serde_json::Value as Reference;

use super::*;

fn from_reference(value: &Reference) -> Value {
    match value {
        Reference::String(text) => Value::Text(text.clone()),
        Reference::Number(number) => number.as_i64().map_or(Value::Other, Value::Integer),
        Reference::Array(values) => Value::List(values.iter().map(from_reference).collect()),
        Reference::Object(members) => Value::Object(
            members.iter().map(|(name, value)| (name.clone(), from_reference(value))).collect(),
        ),
        Reference::Bool(_) | Reference::Null => Value::Other,
    }
}

#[test]
fn documents_are_read_as_serde_json_reads_them() {
    for text in [
        "{}",
        " [ ] ",
        r#"{"a":{"b":[1,-2,0,{"c":null}]},"d":"x"}"#,
        "[true,false,null,1.5,1e3,0,9223372036854775807,9223372036854775808]",
        r#"["\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00","é😀","\u0000"]"#,
        "\"text\"",
        "\n{ \"a\" : \t1 , \"b\" : [ 2 , 3 ] }\r\n",
    ] {
        let reference = serde_json::from_str(text).unwrap();
        assert_eq!(parse(text), Some(from_reference(&reference)), "{text}");
    }
}

#[test]
fn what_serde_json_refuses_is_refused() {
    for text in [
        "",
        " ",
        "{",
        "[",
        "\"",
        "[1",
        "[1,",
        "[1,]",
        "[,]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{} x",
        "nul",
        "True",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u+123\"",
        "\"\\ud800\"",
        "\"\\ud800\\u0041\"",
        "\"\\udc00\"",
        "\"a\nb\"",
        "<html>",
        "\"\\u12é\"",
        "\"\\",
    ] {
        assert!(serde_json::from_str::<Reference>(text).is_err(), "{text}");
        assert_eq!(parse(text), None, "{text}");
    }
}

#[test]
fn a_document_without_bottom_is_refused() {
    assert_eq!(parse(&"[".repeat(100_000)), None);
}

#[test]
fn written_text_is_read_back_by_serde_json() {
    let all: String = (0..0x300).filter_map(char::from_u32).chain(['\u{2028}', '😀']).collect();
    let mut json = String::new();
    write_text(&mut json, &all);
    assert_eq!(serde_json::from_str::<String>(&json).unwrap(), all);
}

#[test]
fn members_are_read_by_name_and_kind() {
    let value = parse(r#"{"n":300,"t":"x","l":["a","b"],"mixed":["a",1]}"#).unwrap();
    assert_eq!(value.integer::<u16>("n"), Some(300));
    assert_eq!(value.integer::<u8>("n"), None);
    assert_eq!(value.integer::<u16>("t"), None);
    assert_eq!(value.text("t").as_deref(), Some("x"));
    assert_eq!(value.text("absent"), None);
    assert_eq!(value.list("l", Value::as_text), Some(vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(value.list("mixed", Value::as_text), None);
}
