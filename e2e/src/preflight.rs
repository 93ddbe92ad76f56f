//! Whether the run can begin at all.

use std::env;
use std::ffi::OsString;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use anyhow::bail;

use crate::Result;
use crate::options::Options;
use crate::target::Target;

/// Checks what the options ask for, and returns what is to be tested.
pub(crate) async fn check(options: &Options) -> Result<Target> {
    if options.headed && cfg!(target_os = "linux") {
        check_display(|variable| env::var_os(variable).filter(|value| !value.is_empty()))?;
    }
    Target::of(options).await
}

/// Browsers that are shown need a display; without one their drivers fail in many words.
fn check_display(variable: impl Fn(&str) -> Option<OsString>) -> Result {
    const INSTEAD: &str = "leave --headed out, or run the suite under xvfb-run";
    if let Some(socket) = wayland_socket(&variable)
        && UnixStream::connect(socket).is_ok()
    {
        return Ok(());
    }
    let Some(display) = variable("DISPLAY") else {
        bail!("--headed needs a display, and DISPLAY is not set; {INSTEAD}");
    };
    let display = display.to_string_lossy();
    // A display of another machine, such as `host:0`, shows itself when the browser starts.
    let local = display.strip_prefix(':').and_then(|rest| rest.split('.').next());
    let is_there = |number: &str| UnixStream::connect(format!("/tmp/.X11-unix/X{number}")).is_ok();
    if local.is_some_and(|number| !is_there(number)) {
        bail!("--headed needs a display, and nothing answers at DISPLAY={display}; {INSTEAD}");
    }
    Ok(())
}

fn wayland_socket(variable: &impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let dir = PathBuf::from(variable("XDG_RUNTIME_DIR").unwrap_or_default());
    Some(dir.join(variable("WAYLAND_DISPLAY")?))
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::check_display;

    fn refusal(set: &[(&str, &str)]) -> String {
        let variable = |name: &str| {
            set.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).into())
        };
        check_display(variable).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn browsers_without_a_display_are_refused_in_one_line() {
        for set in [&[][..], &[("DISPLAY", ":54321")], &[("WAYLAND_DISPLAY", "wayland-54321")]] {
            let line = refusal(set);
            assert!(line.starts_with("--headed needs a display"), "{set:?}: {line}");
            assert!(line.contains("xvfb-run") && !line.contains('\n'), "{line}");
        }
    }

    #[test]
    fn a_display_that_answers_or_is_far_away_is_good() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("wayland-7");
        let _display = UnixListener::bind(&socket).unwrap();
        let path = socket.to_str().unwrap();
        assert_eq!(refusal(&[("WAYLAND_DISPLAY", path)]), "");
        let runtime_dir = dir.path().to_str().unwrap();
        let set = [("XDG_RUNTIME_DIR", runtime_dir), ("WAYLAND_DISPLAY", "wayland-7")];
        assert_eq!(refusal(&set), "");
        assert_eq!(refusal(&[("DISPLAY", "far.example:0")]), "");
    }
}
