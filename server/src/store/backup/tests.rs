use super::*;

const HEAD: &str =
    r#"{"made_at":"2027-01-15T08:00:00Z","made_by":"0.1.0","schema":1,"users":1,"sessions":0}"#;

fn sample() -> Vec<u8> {
    let (mut bytes, head) = (Vec::new(), serde_json::from_str(HEAD).unwrap());
    let mut writer = Writer::begin(&mut bytes, &head, Some(&"the keys".into())).unwrap();
    let name = |name: &str| name.to_owned();
    let table = TableHead { table: name("users"), key: name("[u8;16]"), value: name("&[u8]") };
    writer.table(&table).unwrap();
    writer.row(b"key", b"value").unwrap();
    writer.row(b"", b"").unwrap();
    writer.end().unwrap();
    bytes
}

#[test]
fn what_is_written_is_read() {
    let sample = sample();
    let (mut reader, head) = Reader::begin(&sample[..]).unwrap();
    assert_eq!(serde_json::to_string(&head).unwrap(), HEAD);
    assert!(matches!(reader.next().unwrap(), Record::Keys(keys) if keys.expose() == "the keys"));
    assert!(matches!(reader.next().unwrap(), Record::Table { name, .. } if name == "users"));
    assert!(matches!(reader.next().unwrap(), Record::Row(key, _) if key == b"key"));
    assert!(matches!(reader.next().unwrap(), Record::Row(_, value) if value.is_empty()));
    assert!(matches!(reader.next().unwrap(), Record::End));
    assert_eq!(verify(&sample[..]).unwrap().0, head);
}

#[test]
fn whatever_byte_is_changed_added_or_lost_it_is_refused() {
    let sample = sample();
    for at in 0..sample.len() {
        let mut changed = sample.clone();
        changed[at] ^= 1;
        assert!(verify(&changed[..]).is_err(), "byte {at}");
        assert!(verify(&sample[..at]).is_err(), "cut at {at}");
    }
    assert!(verify(&[&sample[..], b"\n"].concat()[..]).is_err());
}

#[test]
fn a_later_format_is_told_from_nonsense() {
    let refusal = |bytes: &[u8]| verify(bytes).unwrap_err().downcast::<NotSound>().unwrap();
    assert!(matches!(refusal(b"hallpass backup 2\nwhatever it holds"), NotSound::TooNew));
    assert!(matches!(refusal(b"SQLite format 3\0 and more of it"), NotSound::NoBackup));
    assert!(matches!(refusal(b""), NotSound::NoBackup));
}
