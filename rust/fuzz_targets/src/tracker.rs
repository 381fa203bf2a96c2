//! Tracers among lines.

use lumentrace::Control;
use lumentrace::tracker::{LOCATION, Stream, Times, Tracker};

use crate::made::{Made, Table};

fn times(made: &mut Made<'_>) -> Times {
    match made.upto(2) {
        0 => Times::Rate,
        1 => Times::Every(made.number()),
        _ => {
            let count = made.upto(10);
            Times::At(made.list(count, Made::number))
        }
    }
}

/// Lines of a tracer that stands still, and others; some are odd.
fn lines(made: &mut Made<'_>) -> Table {
    let count = made.upto(400);
    let mut values = Vec::new();
    let mut state = made.seed() | 1;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let (step, meet) = (made.number().abs().min(1e3), made.yes());
    for number in 0..count {
        let direction = [0; 3].map(|_| 400.0 * (random() - 0.5));
        let centre = if meet { [0; 3].map(|_| random()) } else { [0; 3].map(|_| 300.0 * random()) };
        values.push(number as f64 * step);
        values.extend((0..3).map(|axis| centre[axis] - direction[axis]));
        values.extend((0..3).map(|axis| centre[axis] + direction[axis]));
    }
    for _ in 0..made.upto(20) {
        let place = made.upto(values.len());
        let odd = made.number();
        values.iter_mut().skip(place).take(1).for_each(|value| *value = odd);
    }
    Table { values, width: 7 }
}

pub(crate) fn whole(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let tracker = Tracker { tracers: made.yes().then(|| made.count()), times: times(&mut made) };
    let (lines, threads) = (lines(&mut made), made.threads());
    let Some(rows) = lines.rows() else { return };
    if let Ok(found) = tracker.track(rows, threads, &Control::new()) {
        assert!(found.locations.len().is_multiple_of(LOCATION));
        assert!(found.unused <= rows.len());
    }
}

pub(crate) fn stream(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let (tracers, lag) = (made.yes().then(|| made.count()), made.yes().then(|| made.number()));
    let Ok(mut stream) = Stream::new(tracers, times(&mut made), lag) else { return };
    let (lines, threads) = (lines(&mut made), made.threads());
    let Some(rows) = lines.rows() else { return };
    let piece = 1 + made.upto(100);
    for start in (0..rows.len()).step_by(piece) {
        if stream.feed(rows.slice(start, start + piece), threads, &Control::new()).is_err() {
            return;
        }
    }
    let _ = stream.finish(threads, &Control::new());
}
