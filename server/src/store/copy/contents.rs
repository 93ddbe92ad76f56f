use sha2::{Digest as _, Sha256};

use super::rows::{Kind, Row, Rows};

/// The rows of a store, to be compared with those of another one.
#[derive(Clone, Default)]
pub(super) struct Contents {
    count: u64,
    digest: Sha256,
}

impl Contents {
    /// All that a store holds.
    pub(super) async fn of(store: &mut dyn Rows) -> anyhow::Result<Self> {
        let mut contents = Self::default();
        for kind in Kind::ALL {
            let mut after = None;
            loop {
                let rows = store.page(kind, after).await?;
                let Some(last) = rows.last() else { break };
                after = Some(last.key());
                contents.add(&rows)?;
            }
        }
        Ok(contents)
    }

    /// Adds the next rows.
    pub(super) fn add(&mut self, rows: &[Row]) -> anyhow::Result<()> {
        self.count += rows.len() as u64;
        for row in rows {
            let json = serde_json::to_vec(row)?;
            self.digest.update((json.len() as u64).to_be_bytes());
            self.digest.update(json);
        }
        Ok(())
    }
}

impl PartialEq for Contents {
    fn eq(&self, other: &Self) -> bool {
        let digest = |contents: &Self| contents.digest.clone().finalize();
        self.count == other.count && digest(self) == digest(other)
    }
}
