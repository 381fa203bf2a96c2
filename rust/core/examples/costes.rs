//! Do two slices of an image colocalize? Costes' thresholds, Pearson's r and Manders' fractions above them.
//!
//! `cargo run --release --example costes`: two channels of blobs, of which two in three lie in the same place.

use lumentrace::Control;
use lumentrace::channels::{Levels, Pair, Search, costes, manders, pearson};

/// Pixels along a side of the image.
const SIDE: u32 = 256;
/// Pixels from blob to blob.
const STEP: u32 = 32;

fn main() -> lumentrace::Result<()> {
    let control = Control::new();
    let (first, second) = (channel(false), channel(true));
    let pair = Pair::new(Levels::new(&first, 0.0), Levels::new(&second, 0.0))?;

    let correlation = pearson(&pair, 0, &control)?;
    let found = costes(&pair, Search::Exact, 0, &control)?;
    let [m1, m2] = manders(&pair, found.thresholds, 0, &control)?;

    println!("Pearson's r          {:.3}", correlation.r);
    println!(
        "Costes' thresholds   {:.0} and {:.0} ({})",
        found.thresholds[0],
        found.thresholds[1],
        found.status.name()
    );
    println!("Manders' M1 and M2   {m1:.3} and {m2:.3}");
    Ok(())
}

/// Blobs on a grid; in the second channel every third one is displaced by half a step.
fn channel(displaced: bool) -> Vec<u16> {
    (0..SIDE * SIDE).map(|pixel| brightness(pixel % SIDE, pixel / SIDE, displaced)).collect()
}

fn brightness(x: u32, y: u32, displaced: bool) -> u16 {
    let moved = displaced && (y / STEP).is_multiple_of(3);
    let centre = if moved { STEP } else { STEP / 2 };
    let distance = |place: u32| f64::from((place % STEP).abs_diff(centre % STEP));
    let squared = distance(x).powi(2) + distance(y).powi(2);
    // A background that differs from pixel to pixel, as that of a camera does.
    let background = x.wrapping_mul(7919).wrapping_add(y.wrapping_mul(104_729)) % 40;
    (background + (900.0 * (-squared / 30.0).exp()) as u32) as u16
}
