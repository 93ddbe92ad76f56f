//! What is read again at SIGHUP, while the server goes on.

use std::fmt;

type Read = Box<dyn Fn() -> anyhow::Result<()> + Send + Sync>;

/// The parts of the server that can be read again.
#[derive(Default)]
pub struct Reload(Vec<(&'static str, Read)>);

impl Reload {
    /// Adds a part, by the name that the log calls it. `read` takes the new state over as a whole, or
    /// fails and leaves the old one in use.
    #[must_use]
    pub fn with(
        mut self,
        name: &'static str,
        read: impl Fn() -> anyhow::Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.0.push((name, Box::new(read)));
        self
    }

    /// Reads each part again, and logs how that went.
    pub fn run(&self) {
        if self.0.is_empty() {
            tracing::info!("SIGHUP: nothing is read again; settings change with a restart");
        }
        for (name, read) in &self.0 {
            match read() {
                Ok(()) => tracing::info!("SIGHUP: {name} was read again"),
                Err(error) => tracing::error!(
                    "SIGHUP: can't read {name} again, the old state stays in use: {error:#}"
                ),
            }
        }
    }
}

impl fmt::Debug for Reload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use anyhow::bail;

    use super::*;

    #[test]
    fn a_part_that_can_not_be_read_keeps_no_other_from_being_read() {
        let read = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&read);
        let reload =
            Reload::default().with("a file", || bail!("it is gone")).with("another", move || {
                counted.fetch_add(1, Ordering::Relaxed);
                Ok(())
            });
        reload.run();
        reload.run();
        assert_eq!(read.load(Ordering::Relaxed), 2);
    }
}
