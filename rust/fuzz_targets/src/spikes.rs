//! Events of calcium traces.

use lumentrace::Control;
use lumentrace::spikes::{Bootstrap, Request, deconvolve, statistics};

use crate::made::Made;

pub(crate) fn spikes(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let (count, frames) = (made.upto(3), if made.upto(31) == 0 { made.count() } else { made.upto(40) });
    let root = |made: &mut Made<'_>| if made.yes() { made.number() } else { made.upto(99) as f64 / 100.0 };
    let requests: Vec<Request> = (0..count)
        .map(|_| Request {
            roots: [root(&mut made), if made.yes() { 0.0 } else { root(&mut made) }],
            sigma: if made.yes() { f64::NAN } else { made.number() },
            baseline: if made.yes() { f64::NAN } else { made.number() },
            penalty: if made.yes() { f64::NAN } else { made.number() },
        })
        .collect();
    let size = count.saturating_mul(frames).min(200);
    let traces = made.nearly(size, Made::number);
    let least = if made.yes() { 0.0 } else { made.number() };
    let (threads, control) = (made.threads(), Control::new());
    let mut events = vec![0.0; traces.len()];
    let _ = deconvolve(&traces, frames, &requests, least, &mut events, threads, &control);
    let lags = [0, 1, made.count()];
    let _ = statistics(&traces, frames, &lags, threads, &control);
    let (replicates, coverage) = (made.upto(6), made.number());
    let bootstrap = Bootstrap { replicates, coverage, least, seed: made.seed(), first: made.count() };
    let events = if made.yes() { events } else { made.nearly(size, Made::number) };
    let baselines = made.nearly(count, Made::number);
    let _ = bootstrap.events(&traces, &events, &baselines, frames, &requests, threads, &control);
}
