//! Every target with mutated seeds, on stable Rust: some thousand inputs each, the same in every run.
//!
//! `LUMENTRACE_FUZZ_SECONDS` (default 0.4) is the time for a target; more of it reaches later inputs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use lumentrace_fuzz_targets::{TARGETS, Target};

/// A kernel that takes more ends the test: "memory allocation failed".
#[global_allocator]
static MEMORY: cap::Cap<std::alloc::System> = cap::Cap::new(std::alloc::System, 1 << 30);

/// Longer than any input may take on a busy machine.
const HANGS: Duration = Duration::from_secs(60);
/// Most inputs of a target.
const MOST: u64 = 50_000;
const LONGEST: usize = 4096;

fn main() -> ExitCode {
    let seconds = std::env::var("LUMENTRACE_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(0.4);
    let only: Vec<String> = std::env::args().skip(1).filter(|name| !name.starts_with('-')).collect();
    let wanted = |target: &&Target| only.is_empty() || only.iter().any(|name| target.name.contains(name.as_str()));
    let failed = TARGETS.iter().filter(wanted).filter(|target| !passes(target, Duration::from_secs_f64(seconds)));
    if failed.count() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether a target stands all its inputs; tells of the first that it does not.
fn passes(target: &Target, time: Duration) -> bool {
    eprint!("fuzz {} ... ", target.name);
    let current = Arc::new(Mutex::new(Vec::new()));
    let (send, receive) = channel();
    let (own, run, seeds) = (Arc::clone(&current), target.run, (target.seeds)());
    std::thread::spawn(move || {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let (mut mutator, begin, mut count) = (Mutator(0x5EED), Instant::now(), 0);
            while count < MOST && (count < seeds.len() as u64 || begin.elapsed() < time) {
                let input = seeds.get(count as usize).cloned().unwrap_or_else(|| mutator.input(&seeds));
                own.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&input);
                run(&input);
                count += 1;
            }
            count
        }));
        // The receiver has left only if this took too long.
        drop(send.send(outcome));
    });
    let problem = match receive.recv_timeout(time + HANGS) {
        Ok(Ok(count)) => {
            eprintln!("{count} inputs");
            return true;
        }
        Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => "panicked",
        Err(RecvTimeoutError::Timeout) => "does not end",
    };
    let input = current.lock().unwrap_or_else(PoisonError::into_inner);
    let path = std::env::temp_dir().join(format!("lumentrace-fuzz-{}", target.name));
    let kept = std::fs::write(&path, &*input).map(|()| path.display().to_string());
    eprintln!("{problem}, with the input of {}", kept.unwrap_or_else(|error| format!("{input:?} ({error})")));
    false
}

/// Makes inputs from seeds; a linear congruential generator.
struct Mutator(u64);

impl Mutator {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % most.max(1) as u64) as usize
    }

    fn input(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut input = seeds.get(self.below(seeds.len())).cloned().unwrap_or_default();
        for _ in 0..=self.below(12) {
            self.mutate(&mut input, seeds);
        }
        input.truncate(LONGEST);
        input
    }

    fn mutate(&mut self, input: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let place = self.below(input.len());
        let length = (1 + self.below(32)).min(input.len() - place);
        match self.below(8) {
            0 => input.truncate(place),
            1 => drop(input.drain(place..place + length)),
            2 => input.extend_from_within(place..place + length),
            3 => {
                let other = seeds.get(self.below(seeds.len())).map_or(&[][..], Vec::as_slice);
                input.truncate(place);
                input.extend_from_slice(&other[self.below(other.len())..]);
            }
            4 => input.splice(place..place, [self.below(256) as u8; 4]).for_each(drop),
            5 if !input.is_empty() => input[place] ^= 1 << self.below(8),
            6 if !input.is_empty() => input[place] = [0, 1, 0x7F, 0x80, 0xFF, 0xFE][self.below(6)],
            _ => input[place..place + length].iter_mut().for_each(|byte| *byte = self.below(256) as u8),
        }
    }
}
