//! The threads that long kernels run on, beside the one that called.
//!
//! They are kept from call to call: the allocator gives each thread pages of its own, so that a new thread for each of
//! many short calls would take and give back megabytes again and again. A pool belongs to the process that built it, as
//! those of `lumentrace::pool` do.

use std::mem;
use std::sync::{Mutex, TryLockError};

use rayon::{Scope, ThreadPool, ThreadPoolBuilder};

/// Most threads that wait for work.
const MOST: usize = 16;

struct Idle {
    process: u32,
    pool: ThreadPool,
}

static IDLE: Mutex<Vec<Idle>> = Mutex::new(Vec::new());

/// Calls `meanwhile` on this thread, with a scope in which it can start work on another one; waits for both.
///
/// `None` if there is no thread to be had.
pub(crate) fn beside<'scope, T>(meanwhile: impl FnOnce(&Scope<'scope>) -> T) -> Option<T> {
    let idle = taken().or_else(built)?;
    let outcome = idle.pool.in_place_scope(meanwhile);
    give_back(idle);
    Some(outcome)
}

fn built() -> Option<Idle> {
    let name = |_| "lumentrace".to_owned();
    let pool = ThreadPoolBuilder::new().num_threads(1).thread_name(name).build().ok()?;
    Some(Idle { process: std::process::id(), pool })
}

/// A thread that waits in this process.
///
/// The lock may be held for ever by a thread that a fork left behind: nobody waits for it.
fn taken() -> Option<Idle> {
    let process = std::process::id();
    with_idle(|idle| {
        while let Some(one) = idle.pop() {
            if one.process == process {
                return Some(one);
            }
            mem::forget(one); // its thread did not come along with the fork
        }
        None
    })
    .flatten()
}

fn give_back(one: Idle) {
    with_idle(|idle| {
        if idle.len() < MOST {
            idle.push(one);
        }
    });
}

fn with_idle<T>(act: impl FnOnce(&mut Vec<Idle>) -> T) -> Option<T> {
    match IDLE.try_lock() {
        Ok(mut idle) => Some(act(&mut idle)),
        Err(TryLockError::Poisoned(idle)) => Some(act(&mut idle.into_inner())),
        Err(TryLockError::WouldBlock) => None,
    }
}
