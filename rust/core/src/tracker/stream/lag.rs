//! How long later lines change a place.

use crate::tracker::motion::Order;
use crate::tracker::smoother::Push;
use crate::tracker::track::Track;

/// Times in which a tracer turns, after which later lines change a place by less than a tenth of its sigma: the variance
/// of a place is then 1.01 of what it is at last. It nears that as `exp(-t √2 / T)` where the velocity is driven, and as
/// `exp(-t / T)` where the acceleration is.
const SETTLED: [f64; 2] = [4.15, 5.7];

/// Time after which later lines change a place by less than a tenth of its sigma, at a rate of lines per ms.
pub(super) fn lag(track: &Track, rate: f64) -> f64 {
    let Push { order, noise, .. } = track.push;
    let times = track.blur.mean() / (track.activity * rate * noise).max(1e-300);
    match order {
        Order::Velocity => SETTLED[0] * times.powf(0.25),
        Order::Acceleration => SETTLED[1] * times.powf(1.0 / 6.0),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{Order, SETTLED};
    use crate::tracker::line::Line;
    use crate::tracker::motion::{Information, State};
    use crate::tracker::smoother::{Nodes, Push, smooth};

    /// Lines along all axes through the origin, each with a weight.
    fn lines(weight: f64) -> Information {
        let mut found = Information::default();
        for axis in 0..3 {
            let mut direction = [0.0; 3];
            direction[axis] = 1.0;
            let line = Line { time: 0.0, point: [0.0; 3], direction, length: 1.0 };
            found.add(&line, 0.0, weight, &[0.0; 3]);
        }
        found
    }

    /// Variance of a place in the middle of a trajectory that ends a time later, over that of one which goes on.
    fn ratio(order: Order, later: f64) -> f64 {
        // Nodes a twentieth of the time apart in which the noise moves a tracer as far as its lines tell its place.
        let step = 0.05;
        let variance = |nodes: usize| {
            let times: Vec<f64> = (0..nodes).map(|node| step * node as f64).collect();
            let all = vec![lines(0.5 * step); nodes];
            let mut start = State::resting([0.0; 3]);
            (0..6).for_each(|k| start.covariance[k][k] = 1e6);
            let found = smooth(&start, Nodes { times: &times, lines: &all }, &Push::plain(order, 1.0)).unwrap();
            found.states[400].covariance[0][0]
        };
        variance(401 + (later / step) as usize) / variance(801)
    }

    #[test]
    fn after_the_lag_later_lines_change_a_place_by_a_tenth_of_its_sigma() {
        for (order, lag) in [(Order::Velocity, SETTLED[0]), (Order::Acceleration, SETTLED[1])] {
            let found = ratio(order, lag);
            assert!((1.008..1.011).contains(&found), "{order:?}: {found}");
        }
    }
}
