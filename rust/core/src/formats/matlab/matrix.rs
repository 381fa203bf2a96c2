//! Matrices: flags, dimensions, name, and what they hold.

use std::collections::HashSet;

use super::FORMAT;
use super::element::{Cursor, Element, INT8, INT32, MATRIX, Order, TAG_BYTES, UINT32, UTF8};
use super::value::{Kind, Numbers, Value, Variable};
use crate::{Control, Error, Result};

/// Most matrices around a matrix.
const DEPTH: usize = 64;
const MOST_AXES: usize = 32;
const COMPLEX: u32 = 0x0800;
const UTF16: u32 = 17;
const UTF32: u32 = 18;
const OPAQUE: u32 = 17;

/// What may still be taken.
pub(super) struct Budget<'a> {
    pub(super) values: usize,
    pub(super) control: &'a Control,
}

impl Budget<'_> {
    fn spend(&mut self, count: usize, offset: u64) -> Result<()> {
        self.control.check()?;
        let Some(left) = self.values.checked_sub(count) else {
            let expected = format!("at most {} more values (the limit)", self.values);
            return Err(Error::format(FORMAT, offset, expected, count));
        };
        self.values = left;
        Ok(())
    }
}

/// How a matrix begins.
pub(super) struct Header {
    class: u32,
    complex: bool,
    shape: Vec<usize>,
    /// Empty for matrices in others.
    pub(super) name: String,
}

impl Header {
    pub(super) fn read(inside: &mut Cursor<'_>) -> Result<Self> {
        let flags = inside.require("array flags", &[UINT32])?;
        let Some(first) = inside.order().words(flags.data).next() else {
            return Err(flags.refused("array flags of 8 bytes", flags.data.len()));
        };
        let class = first & 0xFF;
        let shape =
            if class == OPAQUE { Vec::new() } else { axes(&inside.require("dimensions", &[INT32])?, inside.order())? };
        let name = inside.require("a name", &[INT8, UTF8])?;
        let Ok(name) = std::str::from_utf8(name.data) else {
            return Err(name.refused("a name", format!("{:?}", String::from_utf8_lossy(name.data))));
        };
        Ok(Self { class, complex: first & COMPLEX != 0, shape, name: name.to_owned() })
    }

    /// Number of values; compared with the bytes there are for them.
    fn count(&self, inside: &Cursor<'_>, bytes_each: usize) -> Result<usize> {
        let count = self.shape.iter().try_fold(1_usize, |product, axis| product.checked_mul(*axis));
        match count.filter(|count| count.checked_mul(bytes_each).is_some_and(|bytes| bytes <= inside.left())) {
            Some(count) => Ok(count),
            None => Err(Error::format(
                FORMAT,
                inside.offset(),
                format!("values for an array of {:?}", self.shape),
                format!("{} bytes", inside.left()),
            )),
        }
    }
}

fn axes(dimensions: &Element<'_>, order: Order) -> Result<Vec<usize>> {
    let words = order.words(dimensions.data);
    if !(2..=MOST_AXES).contains(&words.len()) {
        return Err(dimensions.refused("2 to 32 dimensions", words.len()));
    }
    words
        .map(|word| match i32::try_from(word) {
            Ok(length) => Ok(length as usize),
            Err(_) => Err(dimensions.refused("dimensions of 0 or more", word as i32)),
        })
        .collect()
}

/// The variable of a matrix.
pub(super) fn variable(inside: Cursor<'_>, budget: &mut Budget<'_>) -> Result<Variable> {
    let (name, value) = matrix(inside, 0, budget)?;
    Ok(Variable { name, value })
}

fn matrix(mut inside: Cursor<'_>, depth: usize, budget: &mut Budget<'_>) -> Result<(String, Value)> {
    let offset = inside.offset();
    if depth > DEPTH {
        return Err(Error::format(FORMAT, offset, format!("at most {DEPTH} values around a value"), "more"));
    }
    budget.spend(1, offset)?;
    let header = Header::read(&mut inside)?;
    let value = match header.class {
        1 => cell(&header, inside, depth, budget)?,
        2 => structure(&header, inside, depth, budget)?,
        3 => {
            inside.require("the name of a class", &[INT8, UTF8])?;
            structure(&header, inside, depth, budget)?
        }
        4 => text(&header, inside, budget)?,
        5 => Value::Unread("sparse array"),
        6..=15 => numbers(&header, inside)?,
        16 => Value::Unread("function handle"),
        OPAQUE => Value::Unread("object of a class"),
        other => return Err(Error::format(FORMAT, offset, "a class from 1 to 17", other)),
    };
    Ok((header.name, value))
}

/// A matrix in another one; without any bytes it is empty.
fn next_value(inside: &mut Cursor<'_>, depth: usize, budget: &mut Budget<'_>) -> Result<Value> {
    let element = inside.require("a value", &[MATRIX])?;
    if element.data.is_empty() {
        let real = Numbers { kind: Kind::Float64, bytes: Vec::new() };
        return Ok(Value::Numbers { shape: vec![0, 0], real, imaginary: None });
    }
    Ok(matrix(element.inside(inside.order()), depth + 1, budget)?.1)
}

fn values(inside: &mut Cursor<'_>, count: usize, depth: usize, budget: &mut Budget<'_>) -> Result<Vec<Value>> {
    (0..count).map(|_| next_value(inside, depth, budget)).collect()
}

fn cell(header: &Header, mut inside: Cursor<'_>, depth: usize, budget: &mut Budget<'_>) -> Result<Value> {
    let count = header.count(&inside, TAG_BYTES)?;
    let items = values(&mut inside, count, depth, budget)?;
    Ok(Value::Cell { shape: header.shape.clone(), items })
}

fn structure(header: &Header, mut inside: Cursor<'_>, depth: usize, budget: &mut Budget<'_>) -> Result<Value> {
    let length = inside.require("the length of field names", &[INT32])?;
    let width = match inside.order().words(length.data).next() {
        Some(width @ 1..=0xFFFF) => width as usize,
        other => return Err(length.refused("a length from 1 to 65535", other.unwrap_or_default())),
    };
    let names = inside.require("field names", &[INT8, UTF8])?;
    let fields = names.data.chunks(width).map(|name| field(&names, name)).collect::<Result<Vec<_>>>()?;
    if fields.iter().collect::<HashSet<_>>().len() < fields.len() {
        return Err(names.refused("field names that differ", fields.join(", ")));
    }
    let records = header.count(&inside, fields.len().saturating_mul(TAG_BYTES))?;
    // Records without fields take no bytes, but memory.
    budget.spend(records, inside.offset())?;
    let items = values(&mut inside, records * fields.len(), depth, budget)?;
    Ok(Value::Struct { shape: header.shape.clone(), fields, items })
}

/// A name up to its first zero.
fn field(names: &Element<'_>, bytes: &[u8]) -> Result<String> {
    let own = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    match std::str::from_utf8(own) {
        Ok(name) => Ok(name.to_owned()),
        Err(_) => Err(names.refused("a field name", format!("{:?}", String::from_utf8_lossy(own)))),
    }
}

fn numbers(header: &Header, mut inside: Cursor<'_>) -> Result<Value> {
    let count = header.count(&inside, 0)?;
    let real = part(&mut inside, count)?;
    let imaginary = if header.complex { Some(part(&mut inside, count)?) } else { None };
    Ok(Value::Numbers { shape: header.shape.clone(), real, imaginary })
}

fn part(inside: &mut Cursor<'_>, count: usize) -> Result<Numbers> {
    let element = inside.require("numbers", &[1, 2, 3, 4, 5, 6, 7, 9, 12, 13])?;
    let Some(kind) = Kind::of(element.kind) else {
        return Err(element.refused("numbers", format!("type {}", element.kind)));
    };
    if count.checked_mul(kind.size()) != Some(element.data.len()) {
        let found = format!("{} bytes of {}", element.data.len(), kind.name());
        return Err(element.refused(format!("{count} numbers"), found));
    }
    let mut bytes = element.data.to_vec();
    if inside.order() == Order::Big {
        bytes.chunks_exact_mut(kind.size()).for_each(<[u8]>::reverse);
    }
    Ok(Numbers { kind, bytes })
}

fn text(header: &Header, mut inside: Cursor<'_>, budget: &mut Budget<'_>) -> Result<Value> {
    let Some((_, leading)) = header.shape.split_last() else {
        return Err(Error::format(FORMAT, inside.offset(), "two dimensions of a text", 0));
    };
    let count = header.count(&inside, 0)?;
    let shape = leading.to_vec();
    if count == 0 {
        return Ok(Value::Text { shape: vec![1], rows: vec![String::new()] });
    }
    let element = inside.require("characters", &[INT8, 2, 4, UTF8, UTF16, UTF32])?;
    let characters = decode(&element, inside.order())?;
    // The product is at most that of all axes.
    let places: usize = leading.iter().product();
    let units: usize = characters.chars().map(char::len_utf16).sum();
    let letters = characters.chars().count();
    if letters != count && !(places == 1 && units == count) {
        return Err(element.refused(format!("{count} characters"), letters));
    }
    if places == 1 {
        return Ok(Value::Text { shape, rows: vec![characters] });
    }
    budget.spend(places, element.offset)?;
    let mut rows = vec![String::new(); places];
    let order = (0..places).cycle();
    for (place, letter) in order.zip(characters.chars()) {
        if let Some(row) = rows.get_mut(place) {
            row.push(letter);
        }
    }
    Ok(Value::Text { shape, rows })
}

fn decode(element: &Element<'_>, order: Order) -> Result<String> {
    let data = element.data;
    let halves = || {
        data.as_chunks::<2>().0.iter().map(move |pair| match order {
            Order::Little => u16::from_le_bytes(*pair),
            Order::Big => u16::from_be_bytes(*pair),
        })
    };
    let found = match element.kind {
        4 | UTF16 => char::decode_utf16(halves()).collect::<std::result::Result<_, _>>().ok(),
        UTF8 => std::str::from_utf8(data).ok().map(str::to_owned),
        UTF32 => order.words(data).map(char::from_u32).collect(),
        _ => Some(data.iter().map(|byte| char::from(*byte)).collect()),
    };
    found.ok_or_else(|| element.refused("characters of Unicode", "others"))
}
