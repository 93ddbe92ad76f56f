//! The machine that was measured on.

use std::fmt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde::Serialize;

use crate::cores::{self, Cores};
use crate::disk::{self, Syncs};

/// The machine, as far as it affects the figures.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// The processor's name.
    pub cpu: String,
    /// The number of cores that this process may use.
    pub cores: usize,
    /// The relevant instruction sets that the processor has.
    pub flags: Vec<&'static str>,
    /// Memory, in bytes.
    pub memory: u64,
    /// The operating system and its kernel.
    pub system: String,
    /// How fast the disk makes writes durable.
    pub disk: Syncs,
    /// The compiler and the libraries that figures depend on.
    pub versions: Vec<String>,
    /// The commit, with a `+` if the tree has changes.
    pub commit: String,
    /// The core of a server on one core, and the core of its load.
    pub pinned: [usize; 2],
}

/// The instruction sets that hashing and signing use.
const FLAGS: [&str; 9] =
    ["sha_ni", "aes", "avx2", "adx", "bmi2", "avx512f", "avx512ifma", "sha2", "asimd"];

impl Machine {
    /// Examines this machine. `root` is the checkout, `work` a directory on the disk to measure.
    pub fn describe(root: &Path, work: &Path, cores: Cores) -> anyhow::Result<Self> {
        let cpuinfo = read("/proc/cpuinfo");
        let flags = field(&cpuinfo, "flags").or_else(|| field(&cpuinfo, "Features"));
        let flags: Vec<&str> = flags.unwrap_or_default().split_whitespace().collect();
        let meminfo = read("/proc/meminfo");
        let total = field(&meminfo, "MemTotal").and_then(|kb| kb.strip_suffix(" kB"));
        Ok(Self {
            cpu: field(&cpuinfo, "model name").unwrap_or("unknown").to_owned(),
            cores: cores::allowed()?.len(),
            flags: FLAGS.into_iter().filter(|flag| flags.contains(flag)).collect(),
            memory: total.and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) * 1024,
            system: system(),
            disk: disk::measure(work, Duration::from_secs(1))?,
            versions: versions(),
            commit: commit(root),
            pinned: [cores.server, cores.load],
        })
    }
}

/// The distribution and the kernel.
fn system() -> String {
    let release = read("/etc/os-release");
    let name = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("{}, Linux {}", name.unwrap_or("Linux").trim_matches('"'), kernel.trim())
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Syncs { per_second, p50_us, p99_us } = self.disk;
        let gib = self.memory as f64 / f64::from(1u32 << 30);
        let [server, load] = self.pinned;
        writeln!(f, "{}, {} cores ({})", self.cpu, self.cores, self.flags.join(" "))?;
        writeln!(f, "{gib:.0} GiB of memory, {}", self.system)?;
        writeln!(
            f,
            "disk: {per_second:.0} durable 4 KiB writes/s one after the other (fdatasync p50 {p50_us} us, \
             p99 {p99_us} us)"
        )?;
        writeln!(f, "{}; commit {}", self.versions.join(", "), self.commit)?;
        write!(f, "\"one core\" is core {server} for the server and core {load} for its load")
    }
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// The value after `name` and a colon, on the first line that begins with `name`.
fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        (found.trim() == name).then_some(value.trim())
    })
}

fn versions() -> Vec<String> {
    let openssl = "import ssl; print('Python', __import__('platform').python_version() + ', ' + ssl.OPENSSL_VERSION)";
    let asked = [output("rustc", &["--version"]), output("python3", &["-c", openssl])];
    asked.into_iter().flatten().collect()
}

fn commit(root: &Path) -> String {
    let root = root.display().to_string();
    let git = |args: &[&str]| output("git", &[&["-C", &root], args].concat());
    let Some(commit) = git(&["rev-parse", "--short", "HEAD"]) else { return "unknown".to_owned() };
    let is_clean = git(&["status", "--porcelain"]).is_some_and(|changes| changes.is_empty());
    if is_clean { commit } else { format!("{commit}+") }
}

fn output(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn fields_have_whole_names() {
        let text = "MemTotal:  7 kB\nmodel\t: 1\nmodel name\t: Some CPU: fast\n";
        assert_eq!(field(text, "model name"), Some("Some CPU: fast"));
        assert_eq!(field(text, "MemTotal"), Some("7 kB"));
        assert_eq!(field(text, "Mem"), None);
    }
}
