//! Photons of annihilations: which way they fly, and where they meet two screens.
//!
//! Vectors stand column after column: all x, all y, all z. Lengths are in millimetres, angles in radians. The cost is O(n).

use crate::{Error, Result};

type Vector = [f64; 3];

/// `n` vectors, column after column.
#[derive(Clone, Copy)]
struct Vectors<'a> {
    x: &'a [f64],
    y: &'a [f64],
    z: &'a [f64],
}

impl<'a> Vectors<'a> {
    fn new(argument: &'static str, values: &'a [f64], count: usize) -> Result<Self> {
        if values.len() != 3 * count {
            return Err(Error::argument(argument, format!("{count} vectors"), format!("{} numbers", values.len())));
        }
        let (x, rest) = values.split_at(count);
        let (y, z) = rest.split_at(count);
        Ok(Self { x, y, z })
    }

    fn each(self) -> impl Iterator<Item = Vector> {
        self.x.iter().zip(self.y).zip(self.z).map(|((&x, &y), &z)| [x, y, z])
    }
}

/// Vectors, one after the other, as columns.
fn columns(count: usize, vectors: impl Iterator<Item = Vector>) -> Vec<f64> {
    let mut found = vec![0.0; 3 * count];
    let (x, rest) = found.split_at_mut(count);
    let (y, z) = rest.split_at_mut(count);
    for (((vector, x), y), z) in vectors.zip(x).zip(y).zip(z) {
        [*x, *y, *z] = vector;
    }
    found
}

fn same(argument: &'static str, values: &[f64], count: usize) -> Result<()> {
    if values.len() == count {
        return Ok(());
    }
    Err(Error::argument(argument, format!("{count} numbers"), format!("{} numbers", values.len())))
}

/// Unit vectors with some cosines of the angle to the z axis at some azimuths, each times a sign.
///
/// # Errors
/// [`Error::Argument`] if there are not as many of each.
pub fn directions(cosines: &[f64], azimuths: &[f64], signs: &[f64]) -> Result<Vec<f64>> {
    let count = cosines.len();
    same("azimuths", azimuths, count)?;
    same("signs", signs, count)?;
    let each = cosines.iter().zip(azimuths).zip(signs).map(|((&cosine, &azimuth), &sign)| {
        let sine = (1.0 - cosine * cosine).sqrt();
        [sine * azimuth.cos() * sign, sine * azimuth.sin() * sign, cosine * sign]
    });
    Ok(columns(count, each))
}

/// Unit vectors turned by some angles, to sides that some azimuths tell.
///
/// The azimuth is counted from the cross product with the axis that a vector is least along.
///
/// # Errors
/// [`Error::Argument`] if there are not as many of each.
pub fn turned(directions: &[f64], angles: &[f64], azimuths: &[f64]) -> Result<Vec<f64>> {
    let count = angles.len();
    let directions = Vectors::new("directions", directions, count)?;
    same("azimuths", azimuths, count)?;
    let each = directions.each().zip(angles).zip(azimuths).map(|((along, &angle), &azimuth)| {
        let side = across(along);
        let other = cross(along, side);
        let (cosine, sine) = (angle.cos(), angle.sin());
        let (to_side, to_other) = (azimuth.cos(), azimuth.sin());
        std::array::from_fn(|k| along[k] * cosine + (side[k] * to_side + other[k] * to_other) * sine)
    });
    Ok(columns(count, each))
}

/// A unit vector across another one.
fn across([x, y, z]: Vector) -> Vector {
    let side = if x.abs() <= y.abs() && x.abs() <= z.abs() {
        [0.0, z, -y]
    } else if y.abs() <= z.abs() {
        [-z, 0.0, x]
    } else {
        [y, -x, 0.0]
    };
    let length = (side[0] * side[0] + side[1] * side[1] + side[2] * side[2]).sqrt();
    side.map(|component| component / length)
}

fn cross([a, b, c]: Vector, [x, y, z]: Vector) -> Vector {
    [b * z - c * y, c * x - a * z, a * y - b * x]
}

/// Two screens of one size across the z axis: their lowest and highest x and y, and the z of each.
#[derive(Debug, Clone, Copy)]
pub struct Screens {
    /// Lowest and highest, mm.
    pub x: [f64; 2],
    /// Lowest and highest, mm.
    pub y: [f64; 2],
    /// Of the one that photons meet which fly towards lower z, and of the other one, mm.
    pub z: [f64; 2],
}

impl Screens {
    /// Where photons meet the planes of the screens, and whether they meet a screen there.
    ///
    /// # Errors
    /// [`Error::Argument`] if there are not as many directions as origins, or the numbers are not those of vectors.
    pub fn hits(&self, origins: &[f64], directions: &[f64]) -> Result<(Vec<f64>, Vec<bool>)> {
        let count = origins.len() / 3;
        let origins = Vectors::new("origins", origins, count)?;
        let directions = Vectors::new("directions", directions, count)?;
        let mut hit = Vec::with_capacity(count);
        let each = origins.each().zip(directions.each()).map(|(origin, direction)| {
            let screen = if direction[2] < 0.0 { self.z[0] } else { self.z[1] };
            let steps = (screen - origin[2]) / direction[2];
            let (x, y) = (origin[0] + steps * direction[0], origin[1] + steps * direction[1]);
            hit.push(x >= self.x[0] && x <= self.x[1] && y >= self.y[0] && y <= self.y[1]);
            [x, y, screen]
        });
        let points = columns(count, each);
        Ok((points, hit))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{Screens, directions, turned};

    #[test]
    fn a_direction_has_its_cosine_azimuth_and_sign() {
        let found = directions(&[0.6, 1.0], &[0.0, 2.0], &[1.0, -1.0]).unwrap();
        let expected = [0.8, 0.0, 0.0, 0.0, 0.6, -1.0];
        assert!(found.iter().zip(expected).all(|(one, other)| (one - other).abs() < 1e-15), "{found:?}");
    }

    #[test]
    fn what_is_turned_has_the_angle_to_what_it_was() {
        let (x, y, z) = (0.48, 0.6, 0.64);
        for azimuth in [0.0, 1.0, 4.0] {
            let found = turned(&[x, y, z], &[0.3], &[azimuth]).unwrap();
            let (along, length) =
                (found[0] * x + found[1] * y + found[2] * z, found.iter().map(|v| v * v).sum::<f64>());
            assert!((along - 0.3_f64.cos()).abs() < 1e-15 && (length - 1.0).abs() < 1e-15);
        }
    }

    #[test]
    fn photons_meet_the_screen_they_fly_to_or_miss_it() {
        let screens = Screens { x: [0.0, 10.0], y: [0.0, 10.0], z: [-5.0, 5.0] };
        let origins = [5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 0.0, 0.0, 0.0];
        let (points, hit) = screens.hits(&origins, &[0.0, 0.8, 0.9, 0.0, 0.0, 0.0, -1.0, 0.8, 0.3]).unwrap();
        assert_eq!(hit, [true, true, false]);
        assert_eq!(points, [5.0, 10.0, 20.0, 5.0, 5.0, 5.0, -5.0, 5.0, 5.0]);
    }

    #[test]
    fn numbers_that_do_not_fit_are_refused() {
        assert!(directions(&[1.0], &[], &[1.0]).is_err());
        assert!(turned(&[1.0, 0.0], &[0.1], &[0.1]).is_err());
        let screens = Screens { x: [0.0, 1.0], y: [0.0, 1.0], z: [0.0, 1.0] };
        assert!(screens.hits(&[1.0; 4], &[1.0; 3]).is_err());
    }
}
