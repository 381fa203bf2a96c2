//! Elements: a type, a size and as many bytes.

use super::FORMAT;
use crate::{Error, Result};

pub(super) const INT8: u32 = 1;
pub(super) const INT32: u32 = 5;
pub(super) const UINT32: u32 = 6;
pub(super) const MATRIX: u32 = 14;
pub(super) const COMPRESSED: u32 = 15;
pub(super) const UTF8: u32 = 16;
/// Bytes of type and size.
pub(super) const TAG_BYTES: usize = 8;
/// Most bytes of an element that fits into its tag.
const SMALL: u32 = 4;

/// Which byte of a number comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    pub(super) fn word(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    /// All whole words.
    pub(super) fn words(self, bytes: &[u8]) -> impl ExactSizeIterator<Item = u32> {
        bytes.as_chunks::<4>().0.iter().map(move |word| self.word(*word))
    }
}

/// An element and where it begins in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) kind: u32,
    pub(super) data: &'a [u8],
    pub(super) offset: u64,
    /// Whether the offset is that of the compressed element it lies in.
    fixed: bool,
}

impl<'a> Element<'a> {
    /// The elements in this one.
    pub(super) fn inside(&self, order: Order) -> Cursor<'a> {
        let origin = if self.fixed { self.offset } else { self.offset + TAG_BYTES as u64 };
        Cursor { bytes: self.data, at: 0, origin, fixed: self.fixed, order }
    }

    /// That it should have been something else.
    pub(super) fn refused(&self, expected: impl ToString, found: impl ToString) -> Error {
        Error::format(FORMAT, self.offset, expected, found)
    }
}

/// Goes through elements that follow each other.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    origin: u64,
    fixed: bool,
    order: Order,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8], order: Order) -> Self {
        Self { bytes, at: 0, origin: 0, fixed: false, order }
    }

    /// Over bytes that were compressed in the element at `origin`.
    pub(super) fn inflated(bytes: &'a [u8], origin: u64, order: Order) -> Self {
        Self { bytes, at: 0, origin, fixed: true, order }
    }

    pub(super) fn order(&self) -> Order {
        self.order
    }

    pub(super) fn offset(&self) -> u64 {
        if self.fixed { self.origin } else { self.origin + self.at as u64 }
    }

    /// Bytes that are left.
    pub(super) fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    pub(super) fn skip(&mut self, count: usize) -> Result<()> {
        self.take(count).map(drop)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let Some(taken) = self.at.checked_add(count).and_then(|end| self.bytes.get(self.at..end)) else {
            let found = format!("{} (cut off?)", self.left());
            return Err(Error::format(FORMAT, self.offset(), format!("{count} bytes"), found));
        };
        self.at += count;
        Ok(taken)
    }

    fn word(&mut self) -> Result<u32> {
        let order = self.order;
        let bytes = self.take(size_of::<u32>())?;
        Ok(order.words(bytes).next().unwrap_or_default())
    }

    /// The next element; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Element<'a>>> {
        if self.left() == 0 {
            return Ok(None);
        }
        let (offset, fixed) = (self.offset(), self.fixed);
        let first = self.word()?;
        let (kind, small) = (first & 0xFFFF, first >> 16);
        if small > 0 {
            let data = self.take(SMALL as usize)?;
            let Some(data) = data.get(..small as usize) else {
                return Err(Error::format(FORMAT, offset, "up to 4 bytes in a tag", small));
            };
            return Ok(Some(Element { kind, data, offset, fixed }));
        }
        let size = self.word()? as usize;
        let data = self.take(size)?;
        if !matches!(kind, MATRIX | COMPRESSED) {
            self.at = self.at.next_multiple_of(TAG_BYTES).min(self.bytes.len());
        }
        Ok(Some(Element { kind, data, offset, fixed }))
    }

    /// The next element, which must be there and of one of some types.
    pub(super) fn require(&mut self, what: &str, kinds: &[u32]) -> Result<Element<'a>> {
        let offset = self.offset();
        let Some(element) = self.next()? else {
            return Err(Error::format(FORMAT, offset, what, "the end"));
        };
        if !kinds.contains(&element.kind) {
            return Err(element.refused(what, format!("an element of type {}", element.kind)));
        }
        Ok(element)
    }
}
