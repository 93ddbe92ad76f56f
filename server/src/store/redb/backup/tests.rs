use redb::{ReadableDatabase as _, TableHandle as _};

use super::*;
use crate::store::backup::Beside;
use crate::store::redb::open::open_in_memory;
use crate::store::redb::schema;
use jiff::Timestamp;

struct Names(Vec<String>);

impl Visit for Names {
    fn table<K: Key + 'static, V: Value + 'static>(
        &mut self,
        definition: TableDefinition<'static, K, V>,
    ) -> anyhow::Result<()> {
        self.0.push(definition.name().to_owned());
        Ok(())
    }
}

fn beside() -> Beside {
    Beside { keys: None, now: Timestamp::UNIX_EPOCH, made_by: "a test".to_owned() }
}

#[test]
fn each_table_of_a_database_is_backed_up() {
    let db = open_in_memory().unwrap();
    schema::migrate(&db).unwrap();
    let txn = db.begin_read().unwrap();
    let mut there: Vec<_> =
        txn.list_tables().unwrap().map(|table| table.name().to_owned()).collect();
    let mut visited = Names(Vec::new());
    each_table(&mut visited).unwrap();
    there.sort();
    visited.0.sort();
    assert_eq!(visited.0, there);
}

#[test]
fn a_table_that_would_be_left_out_is_an_error() {
    let db = open_in_memory().unwrap();
    schema::migrate(&db).unwrap();
    let txn = db.begin_write().unwrap();
    txn.open_table(TableDefinition::<&str, &str>::new("later")).unwrap();
    txn.commit().unwrap();
    let error = save(&db, beside(), Vec::new(), &|| false).unwrap_err();
    assert!(error.to_string().contains("later"), "{error}");
}

#[test]
fn a_backup_gives_way_when_the_database_must_be_opened_again() {
    let db = open_in_memory().unwrap();
    schema::migrate(&db).unwrap();
    let txn = db.begin_write().unwrap();
    let mut admins = txn.open_table(tables::ADMINS).unwrap();
    for n in 0..2_000u128 {
        admins.insert(&n.to_be_bytes(), ()).unwrap();
    }
    drop(admins);
    txn.commit().unwrap();
    save(&db, beside(), Vec::new(), &|| false).unwrap();
    let error = save(&db, beside(), Vec::new(), &|| true).unwrap_err();
    assert!(error.to_string().contains("try again"), "{error}");
}

#[test]
fn a_row_that_is_none_is_refused() {
    use crate::store::backup::{Head, TableHead, Writer};
    let head = Head {
        made_at: Timestamp::UNIX_EPOCH,
        made_by: String::new(),
        schema: 1,
        users: 0,
        sessions: 0,
    };
    let (key, value) = types::<&str, &[u8; 16]>();
    for (types, row) in [
        ((key.clone(), value.clone()), (&b"\xff"[..], &[0; 16][..])),
        ((key.clone(), value), (b"ada", &[0; 15])),
        ((key, "&str".to_owned()), (b"ada", &[0; 16])),
    ] {
        let mut bytes = Vec::new();
        let mut writer = Writer::begin(&mut bytes, &head, None).unwrap();
        let table = "user_ids_by_name".to_owned();
        writer.table(&TableHead { table, key: types.0, value: types.1 }).unwrap();
        writer.row(row.0, row.1).unwrap();
        writer.end().unwrap();
        assert!(check_backup(&bytes[..]).unwrap_err().is::<BadBackup>());
    }
}
