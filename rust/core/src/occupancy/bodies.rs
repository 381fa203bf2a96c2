//! Discs and balls, at rest or on their way from one point to another.

use std::f64::consts::PI;

use crate::{Error, Result, Rows};

/// Which part of the way of a disc or ball is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Where it begins.
    Start,
    /// All that it passes over.
    Way,
    /// All that it passes over but where it ends; where it stays if it does not move.
    WayButEnd,
}

/// Bodies in a table of `D` + `D` + 2 columns: from, to, radius, kind (0 [`Kind::Start`], 1 [`Kind::Way`], 2
/// [`Kind::WayButEnd`]).
#[derive(Debug, Clone, Copy)]
pub struct Bodies<'a, const D: usize> {
    rows: Rows<'a>,
}

impl<'a, const D: usize> Bodies<'a, D> {
    /// Checks the table.
    ///
    /// # Errors
    /// [`Error::Argument`] for another number of columns, a negative radius or an unknown kind.
    pub fn new(rows: Rows<'a>) -> Result<Self> {
        if rows.width() != 2 * D + 2 {
            return Err(Error::argument("bodies", format!("{} columns", 2 * D + 2), rows.width()));
        }
        for row in &rows {
            if row[2 * D] < 0.0 {
                return Err(Error::argument("radii", "at least 0", row[2 * D]));
            }
            if !matches!(row[2 * D + 1], 0.0 | 1.0 | 2.0) {
                return Err(Error::argument("bodies", "kind 0, 1 or 2", row[2 * D + 1]));
            }
        }
        Ok(Self { rows })
    }

    /// Number of bodies.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no body.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Option<Body<D>>> + 'a {
        self.rows.iter().map(Body::of)
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Body<const D: usize> {
    pub(super) from: [f64; D],
    pub(super) to: [f64; D],
    pub(super) radius: f64,
    pub(super) kind: Kind,
}

impl<const D: usize> Body<D> {
    /// None if a number is not finite.
    fn of(row: &[f64]) -> Option<Self> {
        if row.len() != 2 * D + 2 || !row.iter().all(|x| x.is_finite()) {
            return None;
        }
        let (mut from, mut to) = ([0.0; D], [0.0; D]);
        from.copy_from_slice(&row[..D]);
        to.copy_from_slice(&row[D..2 * D]);
        let moves = from != to;
        let kind = match row[2 * D + 1] {
            2.0 if moves => Kind::WayButEnd,
            1.0 if moves => Kind::Way,
            _ => Kind::Start,
        };
        Some(Self { from, to: if kind == Kind::Start { from } else { to }, radius: row[2 * D], kind })
    }

    /// How far it goes.
    pub(super) fn length(&self) -> f64 {
        self.from.iter().zip(&self.to).map(|(a, b)| (b - a) * (b - a)).sum::<f64>().sqrt()
    }

    /// Area or volume.
    pub(super) fn measure(&self) -> f64 {
        let r = self.radius;
        let (round, across) = if D == 2 { (PI * r * r, 2.0 * r) } else { (4.0 / 3.0 * PI * r * r * r, PI * r * r) };
        match self.kind {
            Kind::Start => round,
            Kind::Way => round + across * self.length(),
            Kind::WayButEnd => across * self.length(),
        }
    }

    /// Least and greatest coordinate on `axis`.
    pub(super) fn extent(&self, axis: usize) -> (f64, f64) {
        let (a, b) = (self.from[axis], self.to[axis]);
        (a.min(b) - self.radius, a.max(b) + self.radius)
    }
}
