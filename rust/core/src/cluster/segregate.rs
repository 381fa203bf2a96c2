//! Trajectories out of located points.

use super::NOISE;
use super::condense::find;
use crate::{Control, Error, Result, Rows};

/// Rows between two looks at the control.
const CHECK_EVERY: usize = 4096;

/// Which points belong to one trajectory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segregate {
    /// A point may be joined to this many points after it in time; 0 joins none.
    pub window: usize,
    /// Points are joined if strictly closer than this, mm.
    pub cut_distance: f64,
    /// Fewest points of a trajectory.
    pub min_trajectory_size: usize,
    /// Points further apart in time are not joined, ms; infinite for no limit.
    pub max_time_interval: f64,
}

/// The rows in the order of time, and the trajectory of each row in that order.
///
/// Every pair of points at most `window` places apart in time and strictly closer than `cut_distance` is
/// joined; trajectories are the connected components of at least `min_trajectory_size` points, numbered 0, 1, … by
/// first appearance in time, the rest is [`NOISE`]. These are the components of the minimum spanning tree over
/// the window pairs cut at `cut_distance`, as the separation of trajectories in PEPT-ML does it (Nicusan &
/// Windows-Yule, Rev. Sci. Instrum. 91, 013329, 2020).
///
/// `points` has the columns t, x, y, z, …; equal times keep the order of their rows. A row with a number that is not
/// finite among these four is noise, is passed over when places are counted, and comes last if its time is NaN. With
/// `window` 0 all are noise. O(n log n + n window) time, O(n) memory.
///
/// # Errors
/// [`Error::Argument`] for fewer than 4 columns, a negative or NaN `cut_distance` or `max_time_interval`;
/// [`Error::Cancelled`].
pub fn segregate(points: Rows<'_>, options: Segregate, control: &Control) -> Result<(Vec<usize>, Vec<i32>)> {
    points.require_width("points", 4)?;
    options.check()?;
    let order = time_order(points);
    let mut labels = vec![NOISE; order.len()];
    let track = Track::load(points, &order)?;
    if options.window > 0 && track.place.len() > 1 {
        let parent = track.join(options, control)?;
        number(&parent, options.min_trajectory_size, &track.place, &mut labels);
    }
    Ok((order, labels))
}

impl Segregate {
    fn check(&self) -> Result<()> {
        if self.cut_distance.is_nan() || self.cut_distance < 0.0 {
            return Err(Error::argument("cut_distance", "a distance >= 0 mm", self.cut_distance));
        }
        if self.max_time_interval.is_nan() || self.max_time_interval < 0.0 {
            let found = self.max_time_interval;
            return Err(Error::argument("max_time_interval", "a time >= 0 ms", found));
        }
        Ok(())
    }
}

fn time_order(points: Rows<'_>) -> Vec<usize> {
    let mut keys: Vec<(f64, usize)> = points.iter().enumerate().map(|(i, row)| (row[0] + 0.0, i)).collect();
    // Zero of either sign is one time, and NaN of either sign sorts last.
    keys.sort_by(|a, b| a.0.is_nan().cmp(&b.0.is_nan()).then(a.0.total_cmp(&b.0)).then(a.1.cmp(&b.1)));
    keys.into_iter().map(|(_, row)| row).collect()
}

/// The points that take part, in the order of time.
#[derive(Default)]
struct Track {
    /// Where in that order each one is.
    place: Vec<usize>,
    points: Vec<[f64; 4]>,
}

impl Track {
    fn load(points: Rows<'_>, order: &[usize]) -> Result<Self> {
        let mut track = Self::default();
        for (place, &row) in order.iter().enumerate() {
            let row = points.slice(row, row + 1);
            if let [t, x, y, z, ..] = *row.data()
                && [t, x, y, z].iter().all(|v| v.is_finite())
            {
                track.place.push(place);
                track.points.push([t, x, y, z]);
            }
        }
        if u32::try_from(track.points.len()).is_err() {
            return Err(Error::argument("points", "fewer than 2^32 points", track.points.len()));
        }
        Ok(track)
    }

    /// Union-find over the window pairs; the root of a component is its earliest point.
    fn join(&self, options: Segregate, control: &Control) -> Result<Vec<u32>> {
        let mut parent: Vec<u32> = (0..self.points.len() as u32).collect();
        for (i, p) in self.points.iter().enumerate() {
            if i % CHECK_EVERY == 0 {
                control.check()?;
            }
            let mut root = find(&mut parent, i as u32);
            let ahead = self.points[i + 1..].iter().take(options.window);
            for (j, q) in (i + 1..).zip(ahead) {
                if parent[j] == root || !options.joins(p, q) {
                    continue;
                }
                let other = find(&mut parent, j as u32);
                let (early, late) = (root.min(other), root.max(other));
                parent[late as usize] = early;
                root = early;
            }
        }
        Ok(parent)
    }
}

impl Segregate {
    fn joins(&self, p: &[f64; 4], q: &[f64; 4]) -> bool {
        let (dx, dy, dz) = (p[1] - q[1], p[2] - q[2], p[3] - q[3]);
        (dx * dx + dy * dy + dz * dz).sqrt() < self.cut_distance && q[0] - p[0] <= self.max_time_interval
    }
}

/// Labels of the components, whose roots come before the rest of them.
fn number(parent: &[u32], min_size: usize, place: &[usize], labels: &mut [i32]) {
    let mut root = parent.to_vec();
    let mut size = vec![0_usize; parent.len()];
    for i in 0..root.len() {
        root[i] = root[root[i] as usize];
        size[root[i] as usize] += 1;
    }
    let mut name = vec![NOISE; parent.len()];
    let mut next = 0;
    for (&root, &place) in root.iter().zip(place) {
        let root = root as usize;
        if size[root] < min_size {
            continue;
        }
        if name[root] == NOISE {
            name[root] = next;
            next += 1;
        }
        labels[place] = name[root];
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const OPTIONS: Segregate =
        Segregate { window: 2, cut_distance: 10.0, min_trajectory_size: 2, max_time_interval: f64::INFINITY };

    /// Points on the x axis at times 0, 1, 2, …
    fn run(x: &[f64], options: Segregate) -> Vec<i32> {
        let rows: Vec<f64> = x.iter().enumerate().flat_map(|(t, &x)| [t as f64, x, 0.0, 0.0]).collect();
        let (order, labels) = segregate(Rows::new(&rows, 4).unwrap(), options, &Control::new()).unwrap();
        assert_eq!(order, (0..x.len()).collect::<Vec<_>>());
        labels
    }

    #[test]
    fn interleaved_trajectories_are_told_apart() {
        assert_eq!(run(&[0.0, 50.0, 1.0, 51.0, 2.0, 52.0], OPTIONS), [0, 1, 0, 1, 0, 1]);
        assert_eq!(run(&[0.0, 50.0, 1.0, 51.0], Segregate { window: 1, ..OPTIONS }), [NOISE; 4]);
    }

    #[test]
    fn the_cut_is_strict_and_small_ones_are_noise() {
        assert_eq!(run(&[0.0, 10.0, 15.0], OPTIONS), [NOISE, 0, 0]);
        assert_eq!(run(&[0.0, 9.0, 15.0], OPTIONS), [0, 0, 0]);
        assert_eq!(run(&[0.0, 5.0, 90.0], Segregate { min_trajectory_size: 3, ..OPTIONS }), [NOISE; 3]);
        assert_eq!(run(&[0.0, 5.0, 90.0], Segregate { min_trajectory_size: 1, ..OPTIONS }), [0, 0, 1]);
    }

    #[test]
    fn long_pauses_part_trajectories() {
        let rows = [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 10.0, 0.0, 0.0, 0.0];
        let options = Segregate { max_time_interval: 5.0, ..OPTIONS };
        let labels = |options| segregate(Rows::new(&rows, 4).unwrap(), options, &Control::new()).unwrap().1;
        assert_eq!(labels(options), [0, 0, 1, 1]);
        assert_eq!(labels(Segregate { max_time_interval: 8.0, ..OPTIONS }), [0; 4]);
    }

    #[test]
    fn rows_are_ordered_by_time_stably_with_nan_last() {
        let times = [3.0, f64::NAN, 0.0, 3.0, -0.0];
        let rows: Vec<f64> = times.iter().flat_map(|&t| [t, 0.0, 0.0, 0.0]).collect();
        let (order, labels) = segregate(Rows::new(&rows, 4).unwrap(), OPTIONS, &Control::new()).unwrap();
        assert_eq!(order, [2, 4, 0, 3, 1]);
        assert_eq!(labels, [0, 0, 0, 0, NOISE]);
    }

    #[test]
    fn rows_that_are_not_finite_take_no_place_in_the_window() {
        let nan = f64::NAN;
        let labels = run(&[0.0, nan, nan, 1.0, f64::INFINITY, 2.0], Segregate { window: 1, ..OPTIONS });
        assert_eq!(labels, [0, NOISE, NOISE, 0, NOISE, 0]);
    }

    #[test]
    fn nothing_to_join() {
        assert_eq!(run(&[], OPTIONS), [0; 0]);
        assert_eq!(run(&[1.0], Segregate { min_trajectory_size: 0, ..OPTIONS }), [NOISE]);
        assert_eq!(run(&[1.0, 1.0], Segregate { window: 0, ..OPTIONS }), [NOISE; 2]);
        assert_eq!(run(&[1.0, 1.0], OPTIONS), [0, 0]);
        assert_eq!(run(&[1.0, 900.0], Segregate { window: usize::MAX, ..OPTIONS }), [NOISE; 2]);
    }

    #[test]
    fn bad_options_are_refused() {
        let rows = Rows::new(&[0.0; 8], 4).unwrap();
        for options in [
            Segregate { cut_distance: f64::NAN, ..OPTIONS },
            Segregate { cut_distance: -1.0, ..OPTIONS },
            Segregate { max_time_interval: f64::NAN, ..OPTIONS },
        ] {
            assert!(segregate(rows, options, &Control::new()).is_err());
        }
        assert!(segregate(Rows::new(&[0.0; 3], 3).unwrap(), OPTIONS, &Control::new()).is_err());
        let control = Control::new();
        control.cancel();
        assert_eq!(segregate(rows, OPTIONS, &control), Err(Error::Cancelled));
    }
}
