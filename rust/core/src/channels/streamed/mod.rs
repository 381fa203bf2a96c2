//! Two channels whose pixels come in pieces: a region that is larger than memory, in two passes over it.
//!
//! Levels only: they are counted and summed in whole numbers, so that figures are those of the kernels that see all pixels
//! at once, bit for bit, whatever the pieces and their order. The first pass ([`Tally`]) counts; the second one
//! ([`Lookup`]) looks up ranks, sides of the means and bins of Costes' search, which the counts tell.

mod lookup;
mod tally;

pub use lookup::{Lookup, Wanted};
pub use tally::Tally;

use super::moments::in_pieces;
use super::pixels::Whole;
use crate::{Control, Error, Result, pool};

/// Pixels from which on a piece is worth several threads, each of which has counts of its own.
const LARGE: usize = 1 << 19;

fn same_length<T>(a: &[T], b: &[T]) -> Result<()> {
    if a.len() == b.len() {
        return Ok(());
    }
    Err(Error::argument("b", format!("{} pixels", a.len()), format!("{} pixels", b.len())))
}

/// Applies `work` to one part of the pixels per thread.
fn in_threads<T: Whole, R: Send>(
    a: &[T],
    b: &[T],
    threads: usize,
    control: &Control,
    work: impl Fn(&[T], &[T]) -> R + Sync + Send,
) -> Result<Vec<R>> {
    same_length(a, b)?;
    let threads = pool::resolve(threads);
    let length = a.len().div_ceil(threads).clamp(1, MOST_PART);
    in_pieces(a.len(), length, threads, control, |(): &mut (), start, end| work(&a[start..end], &b[start..end]))
}

/// Sums of products of so many levels are below 2⁶⁴.
const MOST_PART: usize = 1 << 31;
