//! The configuration file and `hallpass config`, as the real process has them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use hallpass_process::command::hallpass;
use rustix::process::Signal;
use tempfile::TempDir;

use crate::app::PASSWORD;
use crate::binary::{Process, command, serve_command};
use crate::certificates::Authority;

/// A directory with a configuration file.
pub(crate) struct Written {
    dir: TempDir,
    file: PathBuf,
}

impl Written {
    pub(crate) fn new(text: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("hallpass.toml");
        fs::write(&file, text).unwrap();
        Self { dir, file }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// `hallpass` with these arguments and this file, and no settings but those.
    pub(crate) fn run(&self, args: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut command = hallpass(Path::new(env!("CARGO_BIN_EXE_hallpass")));
        command.args(args).arg("--config").arg(&self.file).current_dir(self.path());
        command.envs(variables.iter().copied()).output().unwrap()
    }

    /// What `hallpass config` prints, with the file's name shortened.
    fn config(&self, args: &[&str], variables: &[(&str, &str)]) -> String {
        let output = self.run(&[&["config"], args].concat(), variables);
        assert!(output.status.success(), "{output:?}");
        text(output.stdout).replace(&self.file.display().to_string(), "FILE")
    }

    fn refused(&self, args: &[&str]) -> String {
        let output = self.run(args, &[]);
        assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
        self.told(&output)
    }

    /// What was said of the settings, with the file's name shortened.
    pub(crate) fn told(&self, output: &Output) -> String {
        text(output.stderr.clone()).replace(&self.file.display().to_string(), "FILE")
    }
}

pub(crate) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[test]
fn flags_count_before_variables_and_variables_before_the_file() {
    let written = Written::new(
        "audience = \"file\"\nissuer = \"file\"\nleeway = \"3s\"\npassword-min = 12\n\
         trusted-proxy = [\"::1\", \"10.0.0.0/8\"]\n",
    );
    let variables = [("HALLPASS_AUDIENCE", "variable"), ("HALLPASS_ISSUER", "variable")];
    let shown = written.config(&["--issuer", "flag"], &variables);
    for line in [
        "issuer = \"flag\"  # a flag",
        "audience = \"variable\"  # HALLPASS_AUDIENCE",
        "leeway = \"3s\"  # FILE, line 3",
        "password-min = 12  # FILE, line 4",
        "trusted-proxy = [\"::1\", \"10.0.0.0/8\"]  # FILE, line 5",
        "access-ttl = \"15m\"  # the default",
        "# public-url is not set",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}: {shown}");
    }
    let by_variable = written.file.to_str().unwrap();
    let mut config = hallpass(Path::new(env!("CARGO_BIN_EXE_hallpass")));
    let output = config.arg("config").env("HALLPASS_CONFIG", by_variable).output().unwrap();
    assert!(text(output.stdout).contains("audience = \"file\""));
}

#[test]
fn what_hallpass_config_prints_is_a_configuration_file() {
    let defaults = Written::new("").config(&[], &[]);
    let written = Written::new(&defaults);
    let again = written.config(&[], &[]);
    let values = |text: &str| {
        let value = |line: &str| line.split("  # ").next().unwrap().to_owned();
        text.lines().map(value).collect::<Vec<_>>()
    };
    assert_eq!(values(&again), values(&defaults));
    assert!(defaults.lines().filter(|line| line.ends_with("# the default")).count() > 20);
    for line in again.lines().filter(|line| !line.starts_with('#')) {
        assert!(line.contains("# FILE, line "), "{line}");
    }
}

#[test]
fn secrets_are_not_shown() {
    const SECRET: &str = "a secret of thirty-two characters";
    let url = "postgresql://ada:hidden@db.example/hallpass?sslmode=require";
    let written = Written::new(&format!("database-url = \"{url}\"\n"));
    let master = written.path().join("master");
    let made = written.run(&["keys", "new-master", master.to_str().unwrap()], &[]);
    assert!(made.status.success(), "{made:?}");
    let master = ["--master-key-file", master.to_str().unwrap()];
    let by_file = written.config(&master, &[("HALLPASS_HS256_SECRET", SECRET)]);
    assert!(
        by_file.contains("# database-url is not shown; it comes from FILE, line 1"),
        "{by_file}"
    );
    assert!(by_file.contains("# HALLPASS_HS256_SECRET is set, and is not shown"), "{by_file}");
    let by_variable = Written::new("").config(&master, &[("HALLPASS_DATABASE_URL", url)]);
    let told = "# database-url is not shown; it comes from HALLPASS_DATABASE_URL";
    assert!(by_variable.contains(told), "{by_variable}");
    for shown in [by_file, by_variable] {
        assert!(!shown.contains("hidden") && !shown.contains(SECRET), "{shown}");
    }
    let bad = Written::new("database-url = [\"hidden\"]\n").refused(&["config"]);
    assert!(bad.contains("FILE, line 1: database-url") && !bad.contains("hidden"), "{bad}");
}

#[tokio::test]
async fn the_server_and_the_command_line_find_the_same_database_by_the_file() {
    let written = Written::new("listen = \"127.0.0.1:0\"\ndata-dir = \"data\"\nalg = \"ES256\"\n");
    let in_its_place = |mut command: Command| {
        for name in ["LISTEN", "DATA_DIR"] {
            command.env_remove(format!("HALLPASS_{name}"));
        }
        command.current_dir(written.path()).env("HALLPASS_CONFIG", "hallpass.toml");
        command
    };
    let unused = written.path().join("unused");
    let mut server = Process::of(in_its_place(serve_command(&unused, &[])));
    assert_eq!(server.post("/api/register", "ada", PASSWORD).await.status(), 201);
    let list = in_its_place(command(&unused, &["user", "list"])).output().unwrap();
    assert!(text(list.stdout).contains("ada"));
    let keys = in_its_place(command(&unused, &["keys", "list"])).output().unwrap();
    assert!(text(keys.stdout).contains("ES256"));
    server.end(Signal::TERM);
    assert!(written.path().join("data/hallpass.redb").exists() && !unused.exists());
}

#[test]
fn what_is_wrong_with_the_file_is_told_with_its_place() {
    for (content, told) in [
        ("\nlistn = \"x\"", "FILE, line 2: listn is no setting; the nearest name is listen"),
        ("access-ttl = \"soon\"", "FILE, line 1: access-ttl: invalid value 'soon'"),
        ("from = \"x\"", "FILE, line 1: from is no setting"),
        (
            "listen = \"203.0.113.1:80\"",
            "can't listen on 203.0.113.1:80, as --listen says: Cannot assign requested address \
             (os error 99); --listen is set in FILE, line 1",
        ),
        (
            "tls-cert = \"/no/such/file\"\ntls-key = \"x\"",
            "can't read --tls-cert /no/such/file: No such file or directory (os error 2); \
             --tls-cert is set in FILE, line 1",
        ),
    ] {
        let written = Written::new(content);
        let error = written.refused(&["serve"]);
        assert!(error.contains(told), "{content}: {error}");
    }
    let written = Written::new("listn = \"x\"");
    for args in [&["config"][..], &["user", "list"], &[]] {
        assert!(written.refused(args).contains("listn is no setting"), "{args:?}");
    }
    fs::remove_file(&written.file).unwrap();
    let error = written.refused(&["serve"]);
    assert!(error.contains("can't read the configuration file FILE"), "{error}");
}

#[test]
fn the_packages_file_is_good_with_every_suggestion_in_it() {
    let packaged = include_str!("../../deploy/hallpass.toml");
    let suggested = packaged.lines().map(|line| match line.strip_prefix('#') {
        Some(setting) if !setting.starts_with(' ') => setting,
        _ => line,
    });
    let suggested: Vec<&str> = suggested.collect();
    let there = tempfile::tempdir().unwrap();
    let issued = Authority::new().issue(there.path());
    fs::rename(issued.cert, there.path().join("fullchain.pem")).unwrap();
    fs::rename(issued.key, there.path().join("privkey.pem")).unwrap();
    fs::write(there.path().join("backup-passphrase"), "open sesame\n").unwrap();
    let in_place = ["/etc/hallpass/", "/var/backups/hallpass"]
        .iter()
        .fold(suggested.join("\n"), |text, place| {
            text.replace(place, &format!("{}/", there.path().display()))
        });
    let shown = Written::new(&in_place).config(&[], &[]);
    let settings = suggested.iter().filter(|line| !line.is_empty() && !line.starts_with('#'));
    assert_eq!(shown.matches("# FILE, line ").count(), settings.count());
}
