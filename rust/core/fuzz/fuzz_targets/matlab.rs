//! Any bytes: no panic, and no more memory than the limits say; behind a header that opens the way, and without.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lumentrace::Control;
use lumentrace::formats::matlab::{Limits, read};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { bytes: 1 << 20, values: 1000 };
    let control = Control::new();
    let _ = read(bytes, None, limits, &control);
    for end in [[0, 1, b'I', b'M'], [1, 0, b'M', b'I']] {
        let mut file = vec![b' '; 124];
        file.extend(end);
        file.extend(bytes);
        let _ = read(&file, None, limits, &control);
        let _ = read(&file, Some("a"), limits, &control);
    }
});
