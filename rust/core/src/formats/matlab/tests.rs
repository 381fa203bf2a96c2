//! Files made by hand, and any bytes.
#![allow(clippy::unwrap_used)]

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits { bytes: 1 << 20, values: 1000 };

fn file(body: &[u8]) -> Vec<u8> {
    let mut file = vec![b' '; 124];
    file.extend([0, 1, b'I', b'M']);
    file.extend(body);
    file
}

fn element(kind: u32, data: &[u8]) -> Vec<u8> {
    let mut bytes = kind.to_le_bytes().to_vec();
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(data);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}

fn matrix(class: u32, shape: &[i32], name: &str, rest: &[u8]) -> Vec<u8> {
    let flags = [class.to_le_bytes(), [0; 4]].concat();
    let shape: Vec<u8> = shape.iter().flat_map(|n| n.to_le_bytes()).collect();
    element(14, &[element(6, &flags), element(5, &shape), element(1, name.as_bytes()), rest.to_vec()].concat())
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut stream = ZlibEncoder::new(Vec::new(), Compression::default());
    stream.write_all(bytes).unwrap();
    let data = stream.finish().unwrap();
    [15_u32.to_le_bytes().to_vec(), (data.len() as u32).to_le_bytes().to_vec(), data].concat()
}

fn all(file: &[u8]) -> Result<Vec<Variable>> {
    read(file, None, LIMITS, &Control::new())
}

fn message(body: &[u8]) -> String {
    all(&file(body)).unwrap_err().to_string()
}

#[test]
fn numbers_come_as_they_are_stored_compressed_or_not() {
    let one = matrix(6, &[2, 1], "a", &element(2, &[7, 9]));
    let two = zipped(&matrix(6, &[1, 1], "b", &element(9, &2.5_f64.to_le_bytes())));
    let found = all(&file(&[one, two].concat())).unwrap();
    let numbers = |kind, bytes| Numbers { kind, bytes };
    let value = |shape, real| Value::Numbers { shape, real, imaginary: None };
    assert_eq!(found[0].value, value(vec![2, 1], numbers(Kind::Uint8, vec![7, 9])));
    assert_eq!(found[1].value, value(vec![1, 1], numbers(Kind::Float64, 2.5_f64.to_le_bytes().to_vec())));
    assert_eq!(found[1].name, "b");
}

#[test]
fn what_was_not_asked_for_is_not_inflated() {
    let bomb = zipped(&matrix(9, &[1, 1 << 19], "bomb", &element(2, &vec![0; 1 << 19])));
    let body = [bomb, zipped(&matrix(9, &[1, 1], "a", &element(2, &[3])))].concat();
    let limits = Limits { bytes: 1000, values: 10 };
    assert_eq!(read(&file(&body), Some("a"), limits, &Control::new()).unwrap().len(), 1);
    let error = read(&file(&body), None, limits, &Control::new()).unwrap_err().to_string();
    assert!(error.contains("at most 1000 bytes when inflated (the limit)"), "{error}");
}

#[test]
fn claims_are_compared_with_what_is_there() {
    let empty: &[u8] = &[];
    assert!(message(&matrix(6, &[1 << 30, 1 << 30], "a", &element(9, empty))).contains("numbers"));
    assert!(message(&matrix(1, &[1 << 20, 1], "a", empty)).contains("values for an array"));
    let fields = [element(5, &8_i32.to_le_bytes()), element(1, empty)].concat();
    assert!(message(&matrix(2, &[i32::MAX, 1], "a", &fields)).contains("the limit"));
    assert!(message(&matrix(6, &[-1, 1], "a", &element(9, empty))).contains("0 or more"));
}

#[test]
fn a_damaged_stream_is_found_by_its_checksum() {
    let mut body = zipped(&matrix(9, &[1, 4], "a", &element(2, &[1, 2, 3, 4])));
    *body.last_mut().unwrap() ^= 1;
    assert!(message(&body).contains("a zlib stream"), "{}", message(&body));
}

#[test]
fn cells_may_not_lie_in_each_other_for_ever() {
    let mut inner = matrix(6, &[0, 0], "", &element(9, &[]));
    for _ in 0..100 {
        inner = matrix(1, &[1, 1], "a", &inner);
    }
    assert!(message(&inner).contains("at most 64 values around"));
}

#[test]
fn texts_run_along_the_last_axis() {
    let text = matrix(4, &[2, 3], "a", &element(16, "adbecf".as_bytes()));
    let found = all(&file(&text)).unwrap();
    assert_eq!(found[0].value, Value::Text { shape: vec![2], rows: vec!["abc".into(), "def".into()] });
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        drop(all(&bytes));
        drop(all(&file(&bytes)));
    }

    #[test]
    fn any_change(place in 0..2000_usize, bit in 0..8_u32) {
        let inner = matrix(4, &[1, 2], "", &element(4, &[65, 0, 66, 0]));
        let fields = [element(5, &2_i32.to_le_bytes()), element(1, b"a\0b\0"), inner.clone(), inner].concat();
        let mut bytes = file(&matrix(2, &[1, 1], "s", &fields));
        let place = 124 + place % (bytes.len() - 124);
        bytes[place] ^= 1 << bit;
        drop(all(&bytes));
    }
}
