//! What is done to the cluster during a run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};

use crate::parse::parse_duration;

/// From the kill of a node to the next kill. The script starts a node again after 5 s.
const NODE_PERIOD: Duration = Duration::from_secs(15);
/// The same for the primary: until another one takes over, and the old one has caught up with it.
const PRIMARY_PERIOD: Duration = Duration::from_secs(50);

/// A command for the cluster's script, at a time after the warm-up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Act {
    /// In whole seconds.
    pub(super) at: Duration,
    /// Its words; none of an act that does nothing.
    words: Vec<String>,
}

impl Act {
    /// Nothing.
    const NONE: Self = Self { at: Duration::ZERO, words: Vec::new() };

    /// An act that kills a node, one that starts it again, and one that kills the primary.
    pub(super) fn usual() -> Vec<Self> {
        let act = |seconds, words: &str| Self {
            at: Duration::from_secs(seconds),
            words: words.split(' ').map(str::to_owned).collect(),
        };
        vec![act(10, "kill-node 1"), act(60, "start-node 1"), act(80, "kill-primary")]
    }

    /// So many kills, one after the other: of each node in turn, and of the primary at each second
    /// of four. With the time at which the last of them is over.
    pub(super) fn kills(count: u32, nodes: usize) -> (Vec<Self>, Duration) {
        let (mut acts, mut at) = (Vec::new(), Duration::from_secs(5));
        let mut next_node = (1..=nodes.max(1)).cycle();
        for number in 0..count {
            let (words, period) = match number % 4 {
                1 => ("kill-primary".to_owned(), PRIMARY_PERIOD),
                _ => {
                    let node = next_node.next().unwrap_or(1);
                    (format!("restart-node {node}"), NODE_PERIOD)
                }
            };
            acts.push(Self { at, words: words.split(' ').map(str::to_owned).collect() });
            at += period;
        }
        (acts, at)
    }

    pub(super) fn is_none(&self) -> bool {
        *self == Self::NONE
    }

    /// As it was written, without its time.
    pub(super) fn text(&self) -> String {
        self.words.join(" ")
    }

    /// What it does, to whichever node.
    pub(super) fn kind(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }
}

impl FromStr for Act {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text == "none" {
            return Ok(Self::NONE);
        }
        let (at, words) = text
            .split_once(' ')
            .ok_or_else(|| format!("{text:?} is no act: write it like '10s kill-node 1'"))?;
        let at = parse_duration(at)?;
        if at.subsec_nanos() != 0 {
            return Err(format!("{text:?}: give whole seconds, such as 4s"));
        }
        Ok(Self { at, words: words.split_whitespace().map(str::to_owned).collect() })
    }
}

/// Carries acts out when their time comes.
#[derive(Debug)]
pub(super) struct Acting {
    script: PathBuf,
    /// With the time of each after the run's start.
    due: std::vec::IntoIter<(Duration, Act)>,
    begun: Vec<(String, JoinHandle<anyhow::Result<Duration>>)>,
}

impl Acting {
    /// The acts are in the order of their times, which count from `start` on.
    pub(super) fn new(script: &Path, acts: &[Act], start: Duration) -> Self {
        let due: Vec<_> = acts.iter().map(|act| (start + act.at, act.clone())).collect();
        Self { script: script.to_owned(), due: due.into_iter(), begun: Vec::new() }
    }

    /// Begins what is due, so long after the run's start, and does not wait for it.
    pub(super) fn look(&mut self, elapsed: Duration) {
        while let Some((at, act)) = self.due.as_slice().first().cloned()
            && elapsed >= at
        {
            self.due.next();
            eprintln!("{}: {}", self.script.display(), act.text());
            let script = self.script.clone();
            let (text, words) = (act.text(), act.words);
            self.begun.push((text, thread::spawn(move || carry_out(&script, &words))));
        }
    }

    /// How long each act took that was begun, once all of them have ended.
    ///
    /// # Errors
    ///
    /// The script failed.
    pub(super) fn end(self) -> anyhow::Result<Vec<Duration>> {
        let took = self.begun.into_iter().map(|(text, thread)| {
            let ended = thread.join().map_err(|_| anyhow!("its thread panicked"));
            ended.and_then(|took| took).with_context(|| format!("the act {text:?}"))
        });
        took.collect()
    }
}

fn carry_out(script: &Path, words: &[String]) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let mut command = Command::new(script);
    command.args(words).stdin(Stdio::null()).stdout(Stdio::null());
    let status = command.status().with_context(|| format!("cannot run {}", script.display()))?;
    if !status.success() {
        bail!("{} ended with {status}", script.display());
    }
    Ok(start.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_act_is_a_time_and_words_for_the_script() {
        let act: Act = " 80s kill-primary".parse().unwrap();
        assert_eq!((act.at, act.text()), (Duration::from_secs(80), "kill-primary".to_owned()));
        assert!(act.kind() == "kill-primary" && !act.is_none());
        assert_eq!(Act::usual()[0], "10s kill-node 1".parse().unwrap());
        assert!("none".parse::<Act>().unwrap().is_none());
        for refused in ["", "10s", "kill-node 1", "500ms kill-primary"] {
            assert!(refused.parse::<Act>().is_err(), "{refused}");
        }
    }

    #[test]
    fn kills_take_turns() {
        let (acts, end) = Act::kills(6, 3);
        let told: Vec<_> =
            acts.iter().map(|act| format!("{} {}", act.at.as_secs(), act.text())).collect();
        let expected = [
            "5 restart-node 1",
            "20 kill-primary",
            "70 restart-node 2",
            "85 restart-node 3",
            "100 restart-node 1",
            "115 kill-primary",
        ];
        assert_eq!((told, end.as_secs()), (expected.map(str::to_owned).to_vec(), 165));
    }

    #[test]
    fn acts_begin_when_their_time_comes_and_each_of_them_once() {
        let acts = ["1s one", "2s two", "2s three"].map(|text| text.parse().unwrap());
        let mut acting = Acting::new(Path::new("true"), &acts, Duration::from_secs(5));
        let mut begun = |seconds| {
            acting.look(Duration::from_secs(seconds));
            acting.begun.len()
        };
        assert_eq!([5, 6, 6, 7, 8].map(&mut begun), [0, 1, 1, 3, 3]);
        assert_eq!(acting.end().unwrap().len(), 3);
    }

    #[test]
    fn a_script_that_fails_is_named() {
        let mut acting = Acting::new(Path::new("false"), &Act::usual(), Duration::ZERO);
        acting.look(Duration::from_secs(10));
        let error = format!("{:#}", acting.end().unwrap_err());
        assert!(error.contains("kill-node 1") && error.contains("false ended with"), "{error}");
    }
}
