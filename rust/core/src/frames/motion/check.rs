//! Numbers that a reference and a search may have.

use super::{Reference, Search};
use crate::{Error, Result};

/// Tiles of a frame, at most: those of a frame are solved for together.
const MOST_TILES: usize = 1024;
/// Pixels that tiles move against the whole, at most.
const MOST_LAGS: usize = 32;

pub(super) fn check(reference: &Reference<'_>, search: &Search) -> Result<()> {
    let [rows, columns] = reference.shape;
    let Some(size) = rows.checked_mul(columns).filter(|size| *size > 0) else {
        return Err(Error::argument("reference", "rows and columns", format!("{:?}", reference.shape)));
    };
    for (name, own) in [("even", reference.even), ("odd", reference.odd), ("rate", reference.rate)] {
        if own.len() != size || !own.iter().all(|value| value.is_finite()) {
            return Err(Error::argument(name, format!("{size} finite values"), format!("{} values", own.len())));
        }
    }
    if !reference.rate.iter().all(|value| *value > 0.0) {
        return Err(Error::argument("rate", "positive values", "others"));
    }
    if reference.bin == 0 || reference.bin > rows.min(columns) {
        return Err(Error::argument("bin", format!("1 to {}", rows.min(columns)), reference.bin));
    }
    let fits = (1..=rows).contains(&search.tiles[0]) && (1..=columns).contains(&search.tiles[1]);
    if !fits || search.tiles[0] * search.tiles[1] > MOST_TILES {
        return Err(Error::argument("tiles", format!("at most {MOST_TILES}"), format!("{:?}", search.tiles)));
    }
    if !(2..=MOST_LAGS).contains(&search.lags) {
        return Err(Error::argument("lags", format!("2 to {MOST_LAGS}"), search.lags));
    }
    if search.reach >= rows.max(columns) {
        return Err(Error::argument("reach", format!("less than {}", rows.max(columns)), search.reach));
    }
    let positive = |value: f64| value.is_finite() && value > 0.0;
    if !positive(search.gain)
        || !search.zero.is_finite()
        || search.roughness.is_some_and(|own| !(positive(own.pixels) && own.growth > 0.0 && own.growth < 2.0))
    {
        return Err(Error::argument("search", "a positive gain and roughness, a finite zero", format!("{search:?}")));
    }
    Ok(())
}
