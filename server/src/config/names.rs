use clap::Args;

use super::{List, list};

/// Which names nobody may register.
#[derive(Args, Clone, Debug, Default)]
pub struct NameArgs {
    /// Names that nobody may register, in any spelling, and no name that looks like one of them.
    /// They are added to the built-in ones, such as admin, root, support, security and postmaster.
    /// The command line and an import may still create such users. Repeat the option, or separate
    /// names by spaces or commas
    #[arg(long, alias = "reserved-name", value_name = "NAME", value_parser = names)]
    pub reserved_names: Vec<List<String>>,
}

impl NameArgs {
    /// The names besides the built-in ones.
    pub fn reserved(&self) -> Vec<String> {
        List::flat(&self.reserved_names).cloned().collect()
    }
}

fn names(text: &str) -> Result<List<String>, String> {
    list(text, |name| Ok(name.to_owned()))
}
