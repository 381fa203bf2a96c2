//! Motion of frames, and frames without it.

use lumentrace::Control;
use lumentrace::frames::motion::{Field, Reference, Roughness, Sampling, Search, Template, apply};

use crate::made::Made;

/// Mostly as it was made, now and then of another size.
fn shape(made: &mut Made<'_>, most: usize) -> [usize; 2] {
    if made.upto(31) == 0 { [made.count(), made.count()] } else { [made.upto(most), made.upto(most)] }
}

fn size(shape: [usize; 2]) -> usize {
    shape[0].saturating_mul(shape[1])
}

fn roughness(made: &mut Made<'_>, awkward: bool) -> Option<Roughness> {
    let number = |made: &mut Made<'_>| if awkward { made.number() } else { 0.1 + made.upto(19) as f64 / 10.0 };
    if made.yes() { None } else { Some(Roughness { pixels: number(made), growth: number(made) }) }
}

pub(crate) fn estimate(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let shape = shape(&mut made, 24);
    let pixels = size(shape).min(600);
    let plain = made.upto(3) > 0;
    let light = |made: &mut Made<'_>| if plain { 1.0 + made.upto(200) as f32 / 8.0 } else { made.number() as f32 };
    let rate = made.nearly(pixels, light);
    let even: Vec<f32> = if plain { rate.iter().map(|own| own.ln()).collect() } else { made.nearly(pixels, light) };
    let odd = if made.yes() { even.clone() } else { made.nearly(pixels, light) };
    let bin = if made.upto(15) == 0 { made.count() } else { 1 + made.upto(2) };
    let reference = Reference { shape, even: &even, odd: &odd, rate: &rate, bin };
    let awkward = made.upto(7) == 0;
    let search = Search {
        gain: if awkward { made.number() } else { 1.0 },
        zero: if awkward { made.number() } else { 0.0 },
        full: if made.yes() { f64::INFINITY } else { made.number() },
        tiles: if made.upto(15) == 0 { [made.count(), made.count()] } else { [1 + made.upto(2), 1 + made.upto(2)] },
        reach: if awkward { made.count() } else { made.upto(8) },
        lags: if awkward { made.count() } else { made.upto(3) },
        roughness: roughness(&mut made, awkward),
    };
    let Ok(template) = Template::new(&reference, search) else { return };
    let count = made.upto(3);
    let frames = made.nearly(count * pixels, |made| made.number() as f32);
    let shifted = made.upto(rate.len());
    let frames = if made.yes() { frames } else { [&rate[shifted..], &rate[..shifted]].concat() };
    let threads = made.threads();
    let Ok(found) = template.estimate(&frames, threads, &Control::new()) else { return };
    assert_eq!(found.len(), frames.len() / pixels.max(1));
    for own in found {
        assert_eq!(own.blocks.len(), search.tiles[0] * search.tiles[1]);
    }
}

/// Any displacements, however far.
pub(crate) fn correct(bytes: &[u8]) {
    let mut made = Made::new(bytes);
    let (shape, count) = (shape(&mut made, 9), made.upto(3));
    let pixels = count.saturating_mul(size(shape).min(200));
    let frames = made.nearly(pixels, |made| made.number() as f32);
    let mut place = made.number();
    let (down, across) = (made.upto(3), made.upto(3));
    let rising = made.upto(7) > 0;
    let mut nodes = |made: &mut Made<'_>, length| {
        made.list(length, |made| {
            place = if rising { place + 0.5 + made.upto(9) as f64 } else { made.number() };
            place
        })
    };
    let (rows, columns) = (nodes(&mut made, down), nodes(&mut made, across));
    let shifts = made.nearly(count * down * across, Made::numbers);
    let field = Field { nodes: [&rows, &columns], shifts: &shifts, line_offset: made.number() };
    let sampling = made.one(&[Sampling::Nearest, Sampling::Linear, Sampling::Cubic]);
    let mut out = made.nearly(pixels, |_| 0.0);
    let _ = apply(&frames, shape, &field, sampling, &mut out, made.threads(), &Control::new());
}
