//! Two servers on one machine, measured in turn in short blocks of load. Whatever the machine does
//! meanwhile happens to both.

mod pin;
mod proxy;
mod side;
mod subject;

pub(crate) use pin::Pin;
pub(crate) use side::{Contestant, Side};
pub(crate) use subject::Subject;

use crate::closed::{Block, Span};

/// Blocks of both sides that were measured one right after the other.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) a: Block,
    pub(crate) b: Block,
}

/// A pair of blocks. Every second one begins with the other side (`ABBA`), so that a drift of the
/// machine cancels out.
pub(crate) fn pair(
    number: usize,
    sides: &mut [Side; 2],
    subject: Subject,
    connections: usize,
    span: Span,
) -> Pair {
    let [a, b] = sides;
    let block = |side: &mut Side| side.block(subject, connections, span);
    if number.is_multiple_of(2) {
        let a = block(a);
        Pair { a, b: block(b) }
    } else {
        let b = block(b);
        Pair { a: block(a), b }
    }
}
