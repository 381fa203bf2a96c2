//! Variables of MATLAB 5 to 7 files (`.mat` of version 5; those of version 7.3 are HDF5).
//!
//! A header of 128 bytes is followed by elements: a type, a size and that many bytes. A variable is an element of type
//! matrix, alone or compressed with zlib; a matrix holds more elements: flags, dimensions, a name, and numbers, text or
//! further matrices. Source: `MathWorks`, "MAT-File Format", version 5.
//!
//! Sizes and counts are compared with the bytes that are there before memory is taken, compressed elements are
//! inflated up to a limit, and matrices lie in each other up to a depth.

mod compressed;
mod element;
mod matrix;
#[cfg(test)]
mod tests;
mod value;

use std::collections::HashSet;

use self::element::{COMPRESSED, Cursor, MATRIX, Order};
use self::matrix::{Budget, Header, variable};
pub use self::value::{Kind, Numbers, Value, Variable};
use crate::{Control, Error, Result};

const FORMAT: &str = "MATLAB 5";
const HEADER_BYTES: usize = 128;

/// What a file may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all compressed variables together when they are inflated.
    pub bytes: u64,
    /// Arrays, cells and fields.
    pub values: usize,
}

/// Reads all variables of a file, or those of one name; cost O(n) in the bytes read and inflated.
///
/// # Errors
/// [`Error::Format`] if the bytes do not follow the format or exceed a limit; [`Error::Cancelled`].
///
/// ```
/// use lumentrace::{Control, formats::matlab};
///
/// let mut file = vec![b' '; 128];
/// file[124..].copy_from_slice(&[0, 1, b'I', b'M']);
/// let limits = matlab::Limits { bytes: 1 << 20, values: 1000 };
/// assert_eq!(matlab::read(&file, None, limits, &Control::new())?, []);
/// # Ok::<(), lumentrace::Error>(())
/// ```
pub fn read(bytes: &[u8], wanted: Option<&str>, limits: Limits, control: &Control) -> Result<Vec<Variable>> {
    let mut elements = Cursor::new(bytes, order(bytes)?);
    elements.skip(HEADER_BYTES)?;
    let mut budget = Budget { values: limits.values, control };
    let (mut found, mut names, mut left) = (Vec::new(), HashSet::new(), limits.bytes);
    while let Some(element) = elements.next()? {
        control.check()?;
        let order = elements.order();
        let is_wanted = |name: &str| !name.is_empty() && wanted.is_none_or(|own| own == name);
        let one = match element.kind {
            MATRIX if is_wanted(&Header::read(&mut element.inside(order))?.name) => {
                variable(element.inside(order), &mut budget)?
            }
            COMPRESSED if is_wanted(&compressed::name(&element, order)?) => {
                let content = compressed::inflate(&element, order, left, control)?;
                left -= content.len() as u64;
                variable(Cursor::inflated(&content, element.offset, order), &mut budget)?
            }
            MATRIX | COMPRESSED => continue,
            other => {
                return Err(Error::format(
                    FORMAT,
                    element.offset,
                    "a variable (type 14 or 15)",
                    format!("type {other}"),
                ));
            }
        };
        if !names.insert(one.name.clone()) {
            return Err(Error::format(FORMAT, element.offset, "names that differ", format!("{} again", one.name)));
        }
        found.push(one);
    }
    Ok(found)
}

fn order(bytes: &[u8]) -> Result<Order> {
    let Some((header, _)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
        return Err(Error::format(FORMAT, 0, "a header of 128 bytes", format!("{} bytes", bytes.len())));
    };
    let [.., low, high, first, second] = *header;
    let (order, version) = match &[first, second] {
        b"IM" => (Order::Little, u16::from_le_bytes([low, high])),
        b"MI" => (Order::Big, u16::from_be_bytes([low, high])),
        _ => return Err(Error::format(FORMAT, 126, "the letters IM or MI", "something else (MATLAB 4, or no MATLAB)")),
    };
    match version {
        0x0100 => Ok(order),
        0x0200 => Err(Error::format(FORMAT, 124, "version 5", "version 7.3, which is HDF5 (save it with -v7)")),
        _ => Err(Error::format(FORMAT, 124, "version 5 (0x0100)", format!("{version:#06x}"))),
    }
}
