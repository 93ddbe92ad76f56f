use std::collections::HashSet;
use std::io::{BufWriter, Write};

use anyhow::{Context as _, bail};
use redb::{
    Database, Key, ReadTransaction, ReadableDatabase as _, ReadableTableMetadata as _,
    TableDefinition, TableHandle as _, Value,
};

use super::{Visit, each_table, types};
use crate::priority::Rests;
use crate::store::backup::{Beside, Head, TableHead, Writer};
use crate::store::redb::schema;
use crate::store::redb::tables::{SESSIONS, USERS};

/// Rows between two rests, each with a look at whether the backup has to stop.
const ROWS_BETWEEN_RESTS: u64 = 500;

/// Writes a backup of what is in the database now.
///
/// # Errors
///
/// If a page can't be read, `out` takes no more, or `must_stop` says so.
pub(in crate::store::redb) fn save(
    db: &Database,
    beside: Beside,
    out: impl Write,
    must_stop: &dyn Fn() -> bool,
) -> anyhow::Result<Head> {
    let txn = db.begin_read().context("can't read")?;
    let head = Head {
        made_at: beside.now,
        made_by: beside.made_by,
        schema: schema::VERSION,
        users: txn.open_table(USERS)?.len()?,
        sessions: txn.open_table(SESSIONS)?.len()?,
    };
    let left = txn.list_tables()?.map(|table| table.name().to_owned()).collect();
    let out = BufWriter::with_capacity(1 << 16, out);
    let writer = Writer::begin(out, &head, beside.keys.as_ref())?;
    let mut saving = Saving { txn: &txn, writer, left, must_stop, rests: Rests::begin() };
    each_table(&mut saving)?;
    if let Some(unknown) = saving.left.iter().next() {
        bail!("the table {unknown} is unknown here, and a backup would lack it");
    }
    saving.writer.end()?;
    Ok(head)
}

struct Saving<'a, W> {
    txn: &'a ReadTransaction,
    writer: Writer<W>,
    /// The tables that are not written yet.
    left: HashSet<String>,
    must_stop: &'a dyn Fn() -> bool,
    rests: Rests,
}

impl<W: Write> Visit for Saving<'_, W> {
    fn table<K: Key + 'static, V: Value + 'static>(
        &mut self,
        definition: TableDefinition<'static, K, V>,
    ) -> anyhow::Result<()> {
        let name = definition.name();
        let ((key, value), table) = (types::<K, V>(), name.to_owned());
        self.writer.table(&TableHead { table, key, value })?;
        self.left.remove(name);
        let mut rows = 0u64;
        for row in self.txn.open_table(definition)?.range::<K::SelfType<'_>>(..)? {
            let (key, value) = row?;
            let (key, value) = (key.value(), value.value());
            self.writer.row(K::as_bytes(&key).as_ref(), V::as_bytes(&value).as_ref())?;
            rows += 1;
            if rows.is_multiple_of(ROWS_BETWEEN_RESTS) {
                self.rests.rest();
                if (self.must_stop)() {
                    bail!("the database is being opened again; try again");
                }
            }
        }
        Ok(())
    }
}
