//! Ordered parallel map over independent pieces of work, in thread pools of our own.
//!
//! A pool belongs to the process that built it: a forked child finds no pool under its own id and
//! builds a new one, where the global rayon pool would wait forever for threads that do not exist.

use crate::{Control, Result};

/// Applies `work` to `0..pieces` and returns the results in order.
///
/// Each thread owns one scratch value made by `scratch`, reused from piece to piece. `threads` of 0
/// means one per core; 1 runs on the calling thread. The result does not depend on `threads`.
///
/// # Errors
/// The error of a piece, or [`crate::Error::Cancelled`]; the rest is then not run.
#[cfg_attr(not(feature = "rayon"), allow(unused_variables))] // one thread, whatever is asked for
pub fn map<S, T: Send>(
    pieces: usize,
    threads: usize,
    control: &Control,
    scratch: impl Fn() -> S + Sync + Send,
    work: impl Fn(&mut S, usize) -> Result<T> + Sync + Send,
) -> Result<Vec<T>> {
    let threads = resolve(threads).min(pieces.max(1));
    let step = |state: &mut S, piece: usize| {
        control.check()?;
        work(state, piece)
    };
    #[cfg(feature = "rayon")]
    if threads > 1
        && let Some(pool) = pools::find(threads)
    {
        use rayon::prelude::*;
        let pieces = (0..pieces).into_par_iter();
        return pool.install(|| pieces.map_init(&scratch, step).collect());
    }
    let mut state = scratch();
    (0..pieces).map(|piece| step(&mut state, piece)).collect()
}

/// Applies `work` to pieces of `size` values each, in place, and returns the results in order; otherwise like [`map`].
///
/// # Errors
/// The error of a piece, or [`crate::Error::Cancelled`]; the rest is then left as it is.
#[cfg_attr(not(feature = "rayon"), allow(unused_variables))] // one thread, whatever is asked for
pub fn for_chunks<S, V: Send, T: Send>(
    values: &mut [V],
    size: usize,
    threads: usize,
    control: &Control,
    scratch: impl Fn() -> S + Sync + Send,
    work: impl Fn(&mut S, usize, &mut [V]) -> Result<T> + Sync + Send,
) -> Result<Vec<T>> {
    let size = size.max(1);
    let threads = resolve(threads).min((values.len() / size).max(1));
    let step = |state: &mut S, (number, piece): (usize, &mut [V])| {
        control.check()?;
        work(state, number, piece)
    };
    #[cfg(feature = "rayon")]
    if threads > 1
        && let Some(pool) = pools::find(threads)
    {
        use rayon::prelude::*;
        let pieces = values.par_chunks_mut(size).enumerate();
        return pool.install(|| pieces.map_init(&scratch, step).collect());
    }
    let mut state = scratch();
    values.chunks_mut(size).enumerate().map(|piece| step(&mut state, piece)).collect()
}

/// Threads that work under one control.
#[derive(Debug, Clone, Copy)]
pub struct Workers<'a> {
    /// As of [`map`].
    pub threads: usize,
    /// Progress and cancelling.
    pub control: &'a Control,
}

impl Workers<'_> {
    /// [`map`] for work that needs no scratch and cannot fail.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub fn map<T: Send>(&self, pieces: usize, work: impl Fn(usize) -> T + Sync + Send) -> Result<Vec<T>> {
        map(pieces, self.threads, self.control, || (), |(), piece| Ok(work(piece)))
    }

    /// [`for_chunks`] of one value each, for work that needs no scratch and cannot fail.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub fn for_each<V: Send, T: Send>(
        &self,
        values: &mut [V],
        work: impl Fn(usize, &mut V) -> T + Sync + Send,
    ) -> Result<Vec<T>> {
        let one = |(): &mut (), number: usize, values: &mut [V]| Ok(work(number, &mut values[0]));
        for_chunks(values, 1, self.threads, self.control, || (), one)
    }
}

/// No machine has more cores, and more threads than cores are of no use.
const MOST_THREADS: usize = 1024;

/// The number of threads that `threads` stands for: itself up to 1024, or one per core if 0.
pub fn resolve(threads: usize) -> usize {
    if threads > 0 { threads.min(MOST_THREADS) } else { std::thread::available_parallelism().map_or(1, usize::from) }
}

#[cfg(feature = "rayon")]
mod pools {
    use std::sync::OnceLock;

    /// One pool of the list; pools are few (one per process and thread count) and live on.
    struct Node {
        process: u32,
        threads: usize,
        pool: Option<rayon::ThreadPool>,
        next: OnceLock<Box<Node>>,
    }

    static FIRST: OnceLock<Box<Node>> = OnceLock::new();

    /// This process's pool of `threads` threads, built at first use; `None` if it cannot be built.
    pub(super) fn find(threads: usize) -> Option<&'static rayon::ThreadPool> {
        let process = std::process::id();
        let mut slot = &FIRST;
        loop {
            let node = slot.get_or_init(|| Box::new(build(process, threads)));
            if node.process == process && node.threads == threads {
                return node.pool.as_ref();
            }
            slot = &node.next;
        }
    }

    fn build(process: u32, threads: usize) -> Node {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|i| format!("lumentrace-{i}"))
            .build()
            .ok();
        Node { process, threads, pool, next: OnceLock::new() }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn order_and_values_do_not_depend_on_threads() {
        let run = |threads| map(1000, threads, &Control::new(), || 0_usize, |_, i| Ok(i * i)).unwrap();
        assert_eq!(run(1), run(2));
        assert_eq!(run(3)[999], 998_001);
    }

    #[test]
    fn a_cancelled_control_stops_the_run() {
        let control = Control::new();
        control.cancel();
        let result = map(10, 2, &control, || (), |(), i| Ok(i));
        assert_eq!(result, Err(crate::Error::Cancelled));
    }

    #[test]
    fn no_machine_has_endless_threads() {
        assert_eq!(resolve(7), 7);
        assert_eq!(resolve(usize::MAX), MOST_THREADS);
        assert!(resolve(0) >= 1);
    }
}
