//! Takes what waits in a queue, all at once, and notices when nothing comes for a while.

use std::io;
use std::time::Duration;

use tokio::runtime::{self, Runtime};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// The most writes of one commit: bounds how long the first of them waits for the last.
pub(super) const MAX_GROUP: usize = 256;

/// How long nothing comes before it is quiet. One client that writes without a pause is faster than
/// that, so it never waits for what is done then.
const QUIET: Duration = Duration::from_millis(50);

/// What [`Groups::next`] found.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Next {
    /// A group that waited.
    Group,
    /// Nothing for a while. Said once between two groups.
    Quiet,
    /// Nothing comes any more.
    End,
}

/// What waits in a queue, by groups.
pub(super) struct Groups<T> {
    queue: mpsc::Receiver<T>,
    timer: Runtime,
    is_quiet: bool,
}

impl<T> Groups<T> {
    pub(super) fn of(queue: mpsc::Receiver<T>) -> io::Result<Self> {
        let timer = runtime::Builder::new_current_thread().enable_time().build()?;
        Ok(Self { queue, timer, is_quiet: false })
    }

    /// Waits for the next group, and puts it into `group`.
    pub(super) fn next(&mut self, group: &mut Vec<T>) -> Next {
        let receive = self.queue.recv_many(group, MAX_GROUP);
        let received = match self.is_quiet {
            true => Ok(self.timer.block_on(receive)),
            false => self.timer.block_on(async { timeout(QUIET, receive).await }),
        };
        self.is_quiet = received.is_err();
        match received {
            Ok(0) => Next::End,
            Ok(_) => Next::Group,
            Err(_) => Next::Quiet,
        }
    }

    /// Says no [`Next::Quiet`] before the next group.
    pub(super) fn skip_quiet(&mut self) {
        self.is_quiet = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_is_said_once_between_two_groups() {
        let (sender, queue) = mpsc::channel(2);
        let mut groups = Groups::of(queue).unwrap();
        let mut group = Vec::new();
        assert_eq!(groups.next(&mut group), Next::Quiet);
        let later = std::thread::spawn(move || {
            for n in [1, 2] {
                sender.blocking_send(n).unwrap();
            }
        });
        while group.len() < 2 {
            assert_eq!(groups.next(&mut group), Next::Group);
        }
        later.join().unwrap();
        assert_eq!((groups.next(&mut group), group), (Next::End, vec![1, 2]));
    }
}
