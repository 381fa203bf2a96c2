//! The motion that makes most lines about a place a tracer's.

use crate::tracker::algebra::LogProduct;
use crate::tracker::blur::Blur;
use crate::tracker::line::Line;
use crate::tracker::motion::{Information, State};

use super::places::Place;
use super::{ASIDE, Birth, NEAR};

/// Most variance of a position across all directions, in squared widths.
const LOOSE: f64 = 400.0;

/// The motion that starts from a place and explains most lines, over ever longer stretches.
pub(super) fn moving(lines: &[Line], place: &Place, width: f64, even: f64, known: bool) -> Option<Birth> {
    let mut first = lines.partition_point(|line| line.time < place.from);
    let mut last = lines.partition_point(|line| line.time <= place.to);
    let mut best: Option<Birth> = None;
    while let Some(birth) = settled(&lines[first..last], place, best.as_ref(), width, known) {
        let better = best.as_ref().is_none_or(|other| birth.worth > other.worth);
        if !better || !birth.stands_out(even) {
            break;
        }
        best = Some(birth);
        if first == 0 && last == lines.len() {
            break;
        }
        let more = (last - first).div_ceil(2);
        (first, last) = (first.saturating_sub(more), (last + more).min(lines.len()));
    }
    best
}

/// Expectation-maximisation of one tracer's uniform motion.
fn settled(lines: &[Line], place: &Place, guess: Option<&Birth>, width: f64, known: bool) -> Option<Birth> {
    let time = lines.iter().map(|line| line.time).sum::<f64>() / lines.len() as f64;
    let span = lines.last()?.time - lines.first()?.time;
    let reach = NEAR * width;
    let mut blur = guess.map_or(Blur::plain(width * width), |birth| birth.blur);
    let mut state =
        guess.map_or_else(|| State::resting(place.point), |birth| birth.state.after(time - birth.time, 0.0));
    let mut prior = State::resting(place.point);
    prior.mean = state.mean;
    let fast = if span > 0.0 { (2.0 * reach / span).powi(2) } else { 1e-6 };
    for k in 0..3 {
        prior.covariance[k][k] = (10.0 * reach).powi(2) * 1e4;
        prior.covariance[3 + k][3 + k] = match guess {
            Some(birth) => birth.state.covariance[3 + k][3 + k] + fast,
            None => 4.0 * fast,
        };
    }
    let count = lines.len() as f64;
    let (mut activity, mut background) = (guess.map_or(0.2, |birth| birth.activity), f64::NAN);
    let mut worth = 0.0;
    for round in 0..8 {
        let (near, far) = ((4.0 * blur.narrow.sqrt()).powi(2), (10.0 * blur.narrow.sqrt()).powi(2));
        let squares: Vec<f64> = lines.iter().map(|line| line.across(&state.at(line.time - time))).collect();
        let ring = squares.iter().filter(|&&squared| squared >= near && squared < far).count() as f64;
        background = (ring + 0.5) / count / (std::f64::consts::PI * (far - near));
        let mut information = Information::default();
        let (mut total, mut spread) = (0.0, 0.0);
        let mut likelihood = LogProduct::default();
        for (line, squared) in lines.iter().zip(&squares) {
            if *squared > blur.reach(0.0) {
                continue;
            }
            let ratio = activity * blur.predicted(*squared, 0.0)[0] / background;
            let share = ratio / (1.0 + ratio);
            likelihood.multiply(1.0 + ratio);
            total += share;
            spread += share * squared;
            information.add(line, line.time - time, share / blur.narrow, &[0.0; 3]);
        }
        worth = likelihood.ln() - activity * count;
        state = prior.knowing(&information)?;
        activity = (total / count).clamp(1e-4, 1.0);
        if !known && round >= 2 && total > 6.0 {
            // Six numbers of the motion take their part of the squares.
            let variance = spread / (2.0 * total - 6.0);
            blur = Blur::plain(variance.clamp((width / ASIDE).powi(2), (width * ASIDE).powi(2)));
        }
    }
    let loose = (0..3).map(|k| state.covariance[k][k]).fold(0.0, f64::max);
    let few = activity * count < 6.0;
    (!few && loose < LOOSE * blur.narrow).then_some(Birth {
        time,
        state,
        blur,
        activity,
        background,
        span,
        rate: activity * count / span.max(1e-9),
        worth,
    })
}
