//! A server of the run's own.

use std::path::PathBuf;

/// The binary of a started server and where its data are.
#[derive(Clone, Debug)]
pub(crate) struct OwnServer {
    pub(crate) binary: PathBuf,
    pub(crate) data_dir: PathBuf,
}
