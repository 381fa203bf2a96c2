//! Ranges of rows.

use lumentrace::samples::{adaptive_windows, time_windows};

use crate::made::Made;

pub(crate) fn samples(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let events = made.events(40, 1);
    let (window, overlap, most) = (made.number(), made.number(), made.count());
    // Windows by the million are their caller's wish.
    if window / (window - overlap) > 1e4 {
        return;
    }
    let count = events.values.len();
    let inside = |ranges: &[(usize, usize)]| ranges.iter().all(|(start, end)| start < end && *end <= count);
    if let Ok(ranges) = time_windows(&events.values, window, overlap) {
        assert!(inside(&ranges));
    }
    if let Ok(ranges) = adaptive_windows(&events.values, window, overlap, most) {
        assert!(inside(&ranges));
        assert!(ranges.iter().all(|(start, end)| end - start <= most));
    }
}
