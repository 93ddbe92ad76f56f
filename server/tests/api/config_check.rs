//! `hallpass config` finds what would keep the server from starting, and says it as the server does.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::certificates::Authority;
use crate::config_file::{Written, text};

/// Settings with the files that they name; `DIR` is the directory of the files.
fn written(settings: &str) -> Written {
    let written = Written::new("");
    let dir = written.path();
    let issued = Authority::new().issue(dir);
    fs::rename(issued.key, dir.join("other-key.pem")).unwrap();
    Authority::new().issue(dir);
    fs::write(dir.join("short"), "too short").unwrap();
    fs::write(dir.join("empty"), "\n").unwrap();
    fs::create_dir(dir.join("backups")).unwrap();
    let settings = settings.replace("DIR", dir.to_str().unwrap());
    fs::write(dir.join("hallpass.toml"), settings).unwrap();
    written
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn what_would_stop_the_start_is_told_as_the_start_tells_it() {
    for (settings, told) in [
        (
            "tls-cert = \"DIR/cert.pem\"\ntls-key = \"DIR/none.pem\"",
            "can't read --tls-key DIR/none.pem: No such file or directory (os error 2); \
             --tls-key is set in FILE, line 2",
        ),
        (
            "tls-cert = \"DIR/cert.pem\"\ntls-key = \"DIR/other-key.pem\"",
            "the key in --tls-key DIR/other-key.pem does not belong to the certificate",
        ),
        ("tls-cert = \"DIR/cert.pem\"", "--tls-cert needs its private key"),
        ("acme-domain = \"x.example\"\nacme-ca = \"DIR/none\"", "can't use --acme-ca DIR/none"),
        ("hs256-secret-file = \"DIR/none\"", "can't read --hs256-secret-file DIR/none"),
        ("alg = \"HS256\"", "--hs256-secret-file"),
        ("alg = \"HS256\"\nhs256-secret-file = \"DIR/short\"", "9 bytes"),
        ("backup-dir = \"DIR/none\"", "there is no directory DIR/none, as --backup-dir says"),
        ("backup-dir = \"DIR/backups\"", "--backup-dir needs one of"),
        (
            "backup-dir = \"DIR/backups\"\nbackup-passphrase-file = \"DIR/none\"",
            "can't use --backup-passphrase-file: can't read DIR/none",
        ),
        (
            "backup-dir = \"DIR/backups\"\nbackup-passphrase-file = \"DIR/empty\"",
            "the first line of DIR/empty is empty",
        ),
        ("master-key-file = \"DIR/none\"", "--master-key-file is for --database-url"),
        ("database-url = \"postgres://db.example/x\"", "make one with `hallpass keys new-master"),
        ("database-url = \"nonsense\"", "can't use --database-url: "),
        ("no-token-path = \"https://x.example/*\"", "is about no origin that gets the token"),
    ] {
        let written = written(settings);
        let before = names(written.path());
        let config = written.run(&["config"], &[]);
        let serve = written.run(&["serve"], &[]);
        let (told_by_config, told_by_serve) = (written.told(&config), written.told(&serve));
        assert_eq!((config.status.code(), serve.status.code()), (Some(1), Some(1)), "{settings}");
        // The log of `serve` has the time, too.
        let plain = told_by_config.lines().filter(|line| line.starts_with("hallpass: "));
        let plain: Vec<&str> = plain.collect();
        let of_serve = told_by_serve.lines().filter(|line| line.starts_with("hallpass: "));
        assert_eq!(plain, of_serve.collect::<Vec<_>>());
        let told = told.replace("DIR", written.path().to_str().unwrap());
        assert!(plain.len() == 1 && plain[0].contains(&told), "{settings}: {plain:?}");
        // The settings are shown all the same, and nothing was made.
        let shown = text(config.stdout);
        assert!(shown.contains("access-ttl = \"15m\"  # the default"), "{shown}");
        assert_eq!(names(written.path()), before, "{settings}");
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let written = written(
        "tls-key = \"DIR/key.pem\"\nbackup-dir = \"DIR/none\"\nalg = \"HS256\"\n\
         master-key-file = \"DIR/none\"\n",
    );
    for command in ["config", "serve"] {
        let told = written.told(&written.run(&[command], &[]));
        let flags = ["--backup-dir", "--tls-key", "--hs256-secret-file", "--master-key-file"];
        let lines = told.lines().filter(|line| line.starts_with("hallpass: "));
        let lines: Vec<&str> = lines.collect();
        assert_eq!(lines.len(), flags.len(), "{told}");
        for (line, flag) in lines.iter().zip(flags) {
            assert!(line.contains(flag), "{line}");
        }
    }
}

#[test]
fn settings_that_are_good_are_accepted_and_nothing_is_made() {
    let written = written(
        "tls-cert = \"DIR/cert.pem\"\ntls-key = \"DIR/key.pem\"\n\
         backup-dir = \"DIR/backups\"\nbackup-plain = \"on\"\n",
    );
    // This start would fail, since the address is not ours. It is not listened on.
    let key = written.path().join("key.pem");
    fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
    let before = names(written.path());
    let output = written.run(&["config", "--listen", "203.0.113.1:80"], &[]);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    assert_eq!(names(written.path()), before);
}

/// The operator would believe that there are backups.
#[test]
fn a_directory_for_backups_that_can_not_be_written_to_stops_the_start() {
    // Nobody may write there, not even root.
    let settings = "backup-dir = \"/proc/self\"\nbackup-plain = \"on\"\n";
    let written = written(settings);
    for command in ["config", "serve"] {
        let told = written.told(&written.run(&[command], &[]));
        let expected = "hallpass: can't write to --backup-dir /proc/self: ";
        assert!(told.lines().any(|line| line.starts_with(expected)), "{told}");
    }
    assert!(!written.path().join("hallpass-data").exists());
}
