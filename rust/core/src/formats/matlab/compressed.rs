//! Compressed elements: zlib streams of one matrix each.

use std::io::Read;

use flate2::bufread::ZlibDecoder;

use super::element::{Cursor, Element, MATRIX, Order, TAG_BYTES};
use super::matrix::Header;
use crate::{Control, Result};

/// Bytes that hold flags, dimensions and name of any variable.
const HEAD: u64 = 4096;
/// Bytes between two looks whether to go on.
const PIECE: u64 = 1 << 22;

/// The name of the variable, of which only the beginning is inflated.
pub(super) fn name(element: &Element<'_>, order: Order) -> Result<String> {
    let mut stream = ZlibDecoder::new(element.data);
    tag(element, &mut stream, order)?;
    let mut head = Vec::new();
    stream.take(HEAD).read_to_end(&mut head).map_err(|error| element.refused("a zlib stream", error))?;
    Ok(Header::read(&mut Cursor::inflated(&head, element.offset, order))?.name)
}

/// The content of the matrix; at most `most` bytes.
pub(super) fn inflate(element: &Element<'_>, order: Order, most: u64, control: &Control) -> Result<Vec<u8>> {
    let mut stream = ZlibDecoder::new(element.data);
    let size = u64::from(tag(element, &mut stream, order)?);
    if size > most {
        return Err(element.refused(format!("at most {most} bytes when inflated (the limit)"), size));
    }
    let mut content = Vec::new();
    while (content.len() as u64) < size {
        control.check()?;
        let piece = PIECE.min(size - content.len() as u64);
        let read = stream.by_ref().take(piece).read_to_end(&mut content);
        if read.map_err(|error| element.refused("a zlib stream", error))? == 0 {
            return Err(element.refused(format!("{size} bytes when inflated"), content.len()));
        }
    }
    // Reading on at the end compares the checksum.
    match stream.read(&mut [0]) {
        Ok(0) => Ok(content),
        Ok(_) => Err(element.refused(format!("{size} bytes when inflated"), "more")),
        Err(error) => Err(element.refused("a zlib stream", error)),
    }
}

/// The size of the matrix, from the first bytes of the stream.
fn tag(element: &Element<'_>, stream: &mut impl Read, order: Order) -> Result<u32> {
    let mut bytes = [0; TAG_BYTES];
    stream.read_exact(&mut bytes).map_err(|error| element.refused("a zlib stream", error))?;
    let [a, b, c, d, size @ ..] = bytes;
    match order.word([a, b, c, d]) {
        MATRIX => Ok(order.word(size)),
        other => Err(element.refused("a compressed matrix (type 14)", format!("type {other}"))),
    }
}
