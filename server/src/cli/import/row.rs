use super::fields::flag;

/// The fields of a record, in the order of its columns.
pub(super) type Fields = Vec<Vec<u8>>;

/// The fields of a record, by the names of their columns.
pub(super) struct Row<'a> {
    pub(super) names: &'a [String],
    pub(super) fields: &'a Fields,
}

impl Row<'_> {
    /// The text of a field. None if there is no such column.
    pub(super) fn any(&self, name: &str) -> Result<Option<&str>, String> {
        let Some(at) = self.names.iter().position(|is| is == name) else { return Ok(None) };
        let text = std::str::from_utf8(&self.fields[at]);
        text.map(Some).map_err(|_| format!("{name}: it is not UTF-8"))
    }

    /// The text of a field. An empty one is as good as none.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, String> {
        Ok(self.any(name)?.filter(|text| !text.trim().is_empty()))
    }

    /// Whether the file has one of these columns.
    pub(super) fn any_of(&self, names: &[&str]) -> bool {
        self.names.iter().any(|name| names.contains(&name.as_str()))
    }

    /// Whether a field is true, if it says so or the opposite.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, String> {
        let value = self.text(name)?.map(flag).transpose();
        value.map_err(|_| format!("{name}: it is neither true nor false"))
    }
}
