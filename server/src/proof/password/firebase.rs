//! Firebase's hashes: the key that scrypt derives encrypts a key of the project.

use std::fmt;

use anyhow::{Context as _, ensure};
use data_encoding::{BASE64, BASE64URL};
use hallpass_contract::Secret;

use super::StoredHash;
use super::kdf::Kdf;
use super::parts::{number, salt_of_bytes};
use super::signer::Signer;

const PREFIX: &str = "$fbscrypt$";

/// What a project's console shows of how its passwords are hashed.
pub struct FirebaseProject {
    signer_key: String,
    salt_separator: String,
    rounds: u32,
    mem_cost: u32,
}

impl fmt::Debug for FirebaseProject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rounds, mem_cost, .. } = self;
        f.debug_struct("FirebaseProject")
            .field("rounds", rounds)
            .field("mem_cost", mem_cost)
            .finish_non_exhaustive()
    }
}

impl FirebaseProject {
    /// Reads what the console shows under "Password hash parameters".
    ///
    /// # Errors
    ///
    /// Which parameter is missing or wrong. Nothing of the key is quoted.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let value = |name: &str| {
            let of_line = |line: &str| {
                let (key, value) = line.split_once([':', '='])?;
                (key.trim().trim_matches('"') == name).then(|| {
                    value.trim().trim_end_matches([',', ';']).trim().trim_matches('"').to_owned()
                })
            };
            text.lines().find_map(of_line).with_context(|| format!("{name} is missing"))
        };
        let small =
            |name: &str| number(&value(name)?).with_context(|| format!("{name} is not a number"));
        let project = Self {
            signer_key: value("base64_signer_key")?,
            salt_separator: value("base64_salt_separator")?,
            rounds: small("rounds")?,
            mem_cost: small("mem_cost")?,
        };
        Signer::new(bytes(&project.signer_key).context("base64_signer_key")?)?;
        bytes(&project.salt_separator).context("base64_salt_separator")?;
        Kdf::scrypt_log(project.mem_cost, project.rounds, 1)?;
        Ok(project)
    }

    /// The hash of one user, with all that it takes to verify it. Supabase writes it in this form,
    /// too.
    pub fn hash(&self, salt: &str, key: &str) -> Secret {
        let Self { signer_key, salt_separator, rounds, mem_cost } = self;
        let [salt, key] = [salt, key].map(|text| text.replace('-', "+").replace('_', "/"));
        format!(
            "{PREFIX}v=1,n={mem_cost},r={rounds},p=1,ss={salt_separator},sk={signer_key}${salt}${key}"
        )
        .into()
    }
}

/// Reads `$fbscrypt$v=1,n=14,r=8,p=1,ss=<base64>,sk=<base64>$<salt>$<key>`.
pub(super) fn parse(text: &str) -> anyhow::Result<StoredHash> {
    let rest = text.strip_prefix(PREFIX).context("not a hash of Firebase")?;
    let mut parts = rest.split('$');
    let (Some(params), Some(salt), Some(key), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        anyhow::bail!("not the parameters, the salt and the key of Firebase")
    };
    let find = |name| params.split(',').find_map(|it| it.strip_prefix(name)?.strip_prefix('='));
    let small = |name| number(find(name).context("a parameter is missing")?);
    ensure!(small("v")? == 1, "not version 1 of Firebase's hashes");
    let kdf = Kdf::scrypt_log(small("n")?, small("r")?, small("p")?)?;
    let signer = Signer::new(bytes(find("sk").context("no signer key")?)?)?;
    let separator = bytes(find("ss").unwrap_or_default())?;
    let (salt, key) = (bytes(salt).context("the salt")?, bytes(key).context("the key")?);
    ensure!(key.len() == signer.len(), "the key is not as long as the signer key");
    let salt = salt_of_bytes([salt, separator].concat())?;
    Ok(StoredHash { kdf, salt, key, is_foreign: true, signer: Some(signer) })
}

/// The export has the usual base64, and Google's API the one for URLs.
fn bytes(text: &str) -> anyhow::Result<Vec<u8>> {
    let bytes = BASE64.decode(text.as_bytes()).or_else(|_| BASE64URL.decode(text.as_bytes()));
    bytes.ok().context("not base64 with padding")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Published with Firebase's own scrypt utility.
    const CONSOLE: &str = "hash_config {\n  algorithm: SCRYPT,\n  base64_signer_key: \
        jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==,\n  \
        base64_salt_separator: Bw==,\n  rounds: 8,\n  mem_cost: 14,\n}\n";
    const SALT: &str = "42xEC+ixf3L2lw==";
    const KEY: &str =
        "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==";

    fn verifies(hash: &str, password: &str) -> bool {
        let stored = StoredHash::parse(hash).unwrap();
        assert!(stored.is_foreign);
        stored.matches(&stored.kdf.derive(password.as_bytes(), &stored.salt))
    }

    #[test]
    fn the_published_hash_verifies_with_its_password_only() {
        let project = FirebaseProject::parse(CONSOLE).unwrap();
        for key in [KEY, &KEY.replace('+', "-").replace('/', "_")] {
            let hash = project.hash(SALT, key);
            assert!(verifies(hash.expose(), "user1password"));
            assert!(!verifies(hash.expose(), "user2password"));
        }
        assert!(!format!("{project:?}").contains("jxspr8"));
    }

    #[test]
    fn parameters_that_are_missing_or_wrong_are_named_and_not_quoted() {
        for (from, to, told) in [
            ("base64_signer_key", "key", "base64_signer_key is missing"),
            ("jxspr8Ki", "jx,", "base64_signer_key"),
            ("rounds: 8", "rounds: many", "rounds is not a number"),
            ("mem_cost: 14", "mem_cost: 20", "256 MiB"),
            ("Bw==", "Bw", "base64_salt_separator"),
        ] {
            let error = FirebaseProject::parse(&CONSOLE.replace(from, to)).unwrap_err();
            let error = format!("{error:#}");
            assert!(error.contains(told), "{error}");
            assert!(!error.contains("10wjLNmdZJzxUEC") && !error.contains("many"), "{error}");
        }
        let json = r#"{
            "base64_signer_key": "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==",
            "base64_salt_separator": "Bw==",
            "rounds": 8,
            "mem_cost": 14
        }"#;
        assert!(FirebaseProject::parse(json).is_ok());
    }

    #[test]
    fn damaged_hashes_are_refused() {
        let good = FirebaseProject::parse(CONSOLE).unwrap().hash(SALT, KEY);
        for (from, to, told) in [
            ("v=1", "v=2", "not version 1"),
            ("n=14", "n=30", "256 MiB"),
            ("n=14", "m=14", "a parameter is missing"),
            (",sk=", ",no=", "no signer key"),
            ("sk=jxspr8", "sk=jxspr", "not base64"),
            (SALT, "42xEC", "the salt"),
            (KEY, "lSrfV15cpx95", "not as long"),
            (KEY, "", "not as long"),
            (SALT, "$", "not the parameters"),
        ] {
            let bad = good.expose().replace(from, to);
            let error = format!("{:#}", StoredHash::parse(&bad).unwrap_err());
            assert!(error.contains(told), "{bad}: {error}");
            assert!(!error.contains("NmdZJzxUEC") && !error.contains(SALT), "{error}");
        }
    }
}
