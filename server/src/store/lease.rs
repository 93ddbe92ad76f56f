use crate::clock::BootTime;

/// For how long what a store answers from memory can be trusted.
#[derive(Clone, Copy, Debug)]
pub struct Lease(Option<BootTime>);

impl Lease {
    /// Of a store that no other process uses.
    pub const ENDLESS: Self = Self(None);

    /// Until this time.
    pub fn until(end: BootTime) -> Self {
        Self(Some(end))
    }

    /// Whether it holds. The clock itself is asked: whoever was stopped for a while notices.
    pub fn holds(self) -> bool {
        self.0.is_none_or(|end| BootTime::now() < end)
    }
}
