use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use age::{Decryptor, Identity, IdentityFile};
use anyhow::{Context as _, anyhow, bail, ensure};
use clap::Args;

use super::seal::read_passphrase;

/// What encrypted files begin with.
const AGE: &[u8] = b"age-encryption.org/";

/// What opens an encrypted backup.
#[derive(Args, Clone, Debug)]
#[group(multiple = false)]
pub(crate) struct Opener {
    /// The file with the private age key that opens the backup, as `age-keygen` wrote it
    #[arg(long, value_name = "FILE")]
    pub(super) identity: Option<PathBuf>,

    /// The file with the passphrase that opens the backup in its first line
    #[arg(long, value_name = "FILE")]
    pub(super) passphrase_file: Option<PathBuf>,
}

/// Opens a backup, encrypted or not.
///
/// # Errors
///
/// If there is no such file, or nothing that opens it.
pub(crate) fn open(path: &Path, opener: &Opener) -> anyhow::Result<Box<dyn Read>> {
    let failed = || format!("can't open {}", path.display());
    let mut file = BufReader::new(File::open(path).with_context(failed)?);
    if !file.fill_buf().with_context(failed)?.starts_with(AGE) {
        return Ok(Box::new(file));
    }
    let identities = opener.identities()?;
    ensure!(
        !identities.is_empty(),
        "{} is encrypted; give --identity FILE or --passphrase-file FILE",
        path.display()
    );
    let decryptor = Decryptor::new_buffered(file).with_context(failed)?;
    let identities = identities.iter().map(|identity| &**identity as &dyn Identity);
    let opened = decryptor.decrypt(identities).map_err(|error| match error {
        age::DecryptError::NoMatchingKeys
        | age::DecryptError::DecryptionFailed
        | age::DecryptError::KeyDecryptionFailed => {
            anyhow!("this key or passphrase does not open {}; use another one", path.display())
        }
        error => anyhow!("can't decrypt {}: {error}", path.display()),
    })?;
    Ok(Box::new(BufReader::with_capacity(1 << 16, opened)))
}

impl Opener {
    fn identities(&self) -> anyhow::Result<Vec<Box<dyn Identity>>> {
        if let Some(file) = &self.passphrase_file {
            return Ok(vec![Box::new(age::scrypt::Identity::new(read_passphrase(file)?))]);
        }
        let Some(file) = &self.identity else { return Ok(Vec::new()) };
        let shown = file.display();
        let text = BufReader::new(File::open(file).with_context(|| format!("can't open {shown}"))?);
        let identities = IdentityFile::from_buffer(text).map(IdentityFile::into_identities);
        let Ok(Ok(identities)) = identities else { bail!("{shown} holds no age key") };
        ensure!(!identities.is_empty(), "{shown} holds no age key");
        Ok(identities.into_iter().map(|identity| identity as Box<dyn Identity>).collect())
    }
}
