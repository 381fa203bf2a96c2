//! Small files that are read, and bytes for kernels, to start from.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// Bytes of several lengths and characters.
pub(crate) fn noise() -> Vec<Vec<u8>> {
    let mut state = 0x9E37_79B9_u64;
    let mut next = move |most: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        ((state >> 33) % most) as u8
    };
    // Bytes below 160 are plain numbers.
    let lists = [(0, 1), (64, 160), (256, 160), (1024, 160), (1024, 240), (4096, 250), (512, 256)];
    lists.map(|(length, most)| (0..length).map(|_| next(most)).collect()).to_vec()
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// Two buffers of pairs as the camera writes them, with a header and without.
pub(crate) fn adac_forte() -> Vec<Vec<u8>> {
    let (no_x, no_y, second, first_head) = (1 << 7, 1 << 9, 1 << 22, 1 << 23);
    let pair = |tag: u32, v: u32| {
        let word = |bits: u32| tag << 24 | v << 10 | bits;
        let head = |bits: u32| [word(bits | no_y), word(bits | no_x), word(bits | no_x | no_y)];
        [head(first_head), head(second)].concat()
    };
    let buffer = |clock: u32| {
        let pairs = (0..6).flat_map(|k| pair((clock + k) % 256, 37 * k % 16));
        [0xFACE_FACE, clock].into_iter().chain(pairs).collect::<Vec<u32>>()
    };
    let body = words(&[buffer(1), buffer(12), buffer(23)].concat());
    let mut file = vec![0; 1008];
    file[..4].copy_from_slice(&500_i32.to_le_bytes());
    file.extend(&body);
    vec![file, body]
}

pub(crate) fn modular_camera() -> Vec<Vec<u8>> {
    let events = (0..64_u32).map(|k| 0x2000 | k.wrapping_mul(0x0421_0841));
    vec![words(&events.collect::<Vec<_>>()), words(&[0x2000, u32::MAX, 7, 0x2000])]
}

/// Files of two frames of 3 x 2 pixels, without the four bytes of the version and with them.
pub(crate) fn asd() -> Vec<Vec<u8>> {
    let mut file = vec![0; 165];
    let fields = [(0, 1), (4, 165), (24, 0x5054), (36, 2), (48, 3), (52, 2), (56, 30), (60, 20), (133, 0x4_0000)];
    for (at, value) in fields.into_iter().chain([(137, 12)]) {
        file[at..at + 4].copy_from_slice(&i32::to_le_bytes(value));
    }
    file.extend([1; 24]);
    let mut first = vec![0; 150];
    first[4..6].copy_from_slice(&0x5054_i16.to_le_bytes());
    for (at, value) in [(28, 3_i16), (30, 2), (32, 30), (34, 20)] {
        first[at..at + 2].copy_from_slice(&value.to_le_bytes());
    }
    for (at, value) in [(48, 0x4_0000_i32), (52, 12), (95, 2)] {
        first[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
    vec![file[4..].to_vec(), first[4..].to_vec(), file, first]
}

fn element(kind: u32, data: &[u8]) -> Vec<u8> {
    let mut bytes = words(&[kind, data.len() as u32]);
    bytes.extend(data);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}

fn matrix(class: u32, shape: [u32; 2], name: &str, rest: &[u8]) -> Vec<u8> {
    let parts = [element(6, &words(&[class, 0])), element(5, &words(&shape)), element(1, name.as_bytes())];
    element(14, &[parts.concat(), rest.to_vec()].concat())
}

/// Numbers, text, a cell, a struct, and a compressed variable, behind the header.
pub(crate) fn matlab() -> Vec<Vec<u8>> {
    let numbers = |name: &str| matrix(6, [2, 1], name, &element(2, &[7, 9]));
    let text = |name: &str| matrix(4, [1, 3], name, &element(16, b"abc"));
    let cell = matrix(1, [1, 2], "c", &[numbers(""), text("")].concat());
    let fields = [element(5, &words(&[8])), element(1, b"one\0\0\0\0\0two\0\0\0\0\0")].concat();
    let record = matrix(2, [1, 1], "s", &[fields, numbers(""), text("")].concat());
    let mut stream = ZlibEncoder::new(Vec::new(), Compression::default());
    let written = stream.write_all(&record);
    let zipped = written.and_then(|()| stream.finish()).unwrap_or_default();
    let zipped = [words(&[15, zipped.len() as u32]), zipped].concat();
    vec![[numbers("a"), text("t"), cell].concat(), record, zipped]
}
