use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use hallpass_contract::Secret;

use crate::data_dir;
use crate::keys::{Algorithm, KeySettings};

/// The environment variable that may hold the HS256 secret. There is no flag for it, since everyone
/// on the machine can read a process's arguments.
pub const SECRET_VARIABLE: &str = "HALLPASS_HS256_SECRET";

/// How tokens are signed.
#[derive(Args, Clone, Debug)]
pub struct KeyArgs {
    /// How new access tokens are signed. By default, a new data directory or database gets ES256,
    /// and one that has keys keeps their algorithm. If it differs from before, the new algorithm
    /// takes over at the start, and older tokens stay valid. HS256 needs a secret of at least 32
    /// bytes, in the environment variable HALLPASS_HS256_SECRET or in a file
    #[arg(long, value_name = "ALG", value_enum)]
    pub alg: Option<Algorithm>,

    /// Where the HS256 secret is.
    #[command(flatten)]
    pub secret: SecretArgs,
}

/// The file with the HS256 secret, if it is in a file.
#[derive(Args, Clone, Debug)]
pub struct SecretArgs {
    /// File that holds the HS256 secret; a newline at its end does not belong to it
    #[arg(long, value_name = "FILE")]
    pub hs256_secret_file: Option<PathBuf>,
}

impl SecretArgs {
    /// The secret from the file or from the environment, if there is one.
    ///
    /// # Errors
    ///
    /// If both have one, or the file can't be read.
    pub fn read(&self, from_environment: Option<Secret>) -> anyhow::Result<Option<Secret>> {
        match (from_environment, &self.hs256_secret_file) {
            (Some(_), Some(_)) => bail!(
                "there are two HS256 secrets; give {SECRET_VARIABLE} or --hs256-secret-file, not \
                 both"
            ),
            (secret, None) => Ok(secret),
            (None, Some(path)) => Ok(Some(read_secret(path)?)),
        }
    }
}

impl KeyArgs {
    /// The key settings, with the secret from the environment if it holds one.
    ///
    /// # Errors
    ///
    /// If there are two secrets, the file can't be read, or [`KeySettings::new`] fails.
    pub fn settings(
        &self,
        from_environment: Option<Secret>,
        access_ttl: Duration,
    ) -> anyhow::Result<KeySettings> {
        KeySettings::new(self.alg, self.secret.read(from_environment)?, access_ttl)
    }
}

/// The value of [`SECRET_VARIABLE`]. None if it is empty.
///
/// # Errors
///
/// If it is not UTF-8.
pub fn secret_from_environment() -> anyhow::Result<Option<Secret>> {
    let secret = env::var_os(SECRET_VARIABLE).filter(|secret| !secret.is_empty());
    let text = secret.map(OsString::into_string).transpose();
    // The original error is dropped, since it would show the secret.
    Ok(text.map_err(|_| anyhow!("{SECRET_VARIABLE} is not UTF-8 text"))?.map(Secret::from))
}

fn read_secret(path: &Path) -> anyhow::Result<Secret> {
    let failed = || format!("can't read --hs256-secret-file {}", path.display());
    let text = fs::read_to_string(path).with_context(failed)?;
    data_dir::warn_if_others_can_read(path);
    let secret = text.strip_suffix("\r\n").or_else(|| text.strip_suffix('\n'));
    Ok(secret.unwrap_or(&text).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "a secret of 32 bytes, no more...";
    const TTL: Duration = Duration::from_secs(900);

    fn args(alg: Algorithm, file: Option<&Path>) -> KeyArgs {
        KeyArgs {
            alg: Some(alg),
            secret: SecretArgs { hs256_secret_file: file.map(Path::to_owned) },
        }
    }

    fn error(args: &KeyArgs, from_environment: Option<&str>) -> String {
        let settings = args.settings(from_environment.map(Secret::from), TTL);
        format!("{:#}", settings.unwrap_err())
    }

    #[test]
    fn hs256_without_a_secret_is_refused_and_both_ways_to_give_one_are_named() {
        let error = error(&args(Algorithm::HS256, None), None);
        assert!(error.contains("HALLPASS_HS256_SECRET"), "{error}");
        assert!(error.contains("--hs256-secret-file"), "{error}");
    }

    #[test]
    fn a_secret_under_32_bytes_is_refused_whatever_the_algorithm() {
        for alg in [Algorithm::HS256, Algorithm::EdDSA] {
            let error = error(&args(alg, None), Some(&SECRET[1..]));
            assert!(error.contains("31 bytes") && error.contains("at least 32"), "{error}");
            assert!(!error.contains(&SECRET[1..]), "{error}");
            assert!(args(alg, None).settings(Some(SECRET.into()), TTL).is_ok());
        }
    }

    #[test]
    fn two_secrets_are_refused_even_if_they_are_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("secret");
        fs::write(&file, SECRET).unwrap();
        let error = error(&args(Algorithm::HS256, Some(&file)), Some(SECRET));
        assert!(error.contains("not both"), "{error}");
    }

    #[test]
    fn one_newline_at_the_end_of_the_file_is_not_part_of_the_secret() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("secret");
        for (content, secret) in [
            (SECRET.to_owned(), SECRET.to_owned()),
            (format!("{SECRET}\n"), SECRET.to_owned()),
            (format!("{SECRET}\r\n"), SECRET.to_owned()),
            (format!("{SECRET}\n\n"), format!("{SECRET}\n")),
        ] {
            fs::write(&file, content).unwrap();
            assert_eq!(read_secret(&file).unwrap().expose(), secret);
        }
    }

    #[test]
    fn a_file_that_is_missing_or_not_text_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("secret");
        assert!(error(&args(Algorithm::HS256, Some(&file)), None).contains("secret"));
        fs::write(&file, [0xff; 32]).unwrap();
        let error = error(&args(Algorithm::HS256, Some(&file)), None);
        assert!(error.contains(file.to_str().unwrap()) && error.contains("UTF-8"), "{error}");
    }

    #[test]
    fn debug_shows_no_secret() {
        let settings = args(Algorithm::HS256, None).settings(Some(SECRET.into()), TTL).unwrap();
        assert!(!format!("{settings:?}").contains(SECRET));
    }
}
