//! Links between points of consecutive frames.

use super::assignment::assign;
use crate::{Control, Error, Result, Rows};

/// How links are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Tracks in the order of their age each take the nearest point that is still free.
    Greedy,
    /// All links of a frame together at the least sum of squared distances as shares of the squared range; a track that is
    /// not linked costs 1. Tracks and points that can be linked at all are solved group by group.
    Optimal,
}

/// How the range grows with the frames since a track was last seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Not at all.
    Constant,
    /// With the square root.
    Sqrt,
    /// In proportion.
    Linear,
}

/// Settings of the linking.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Links {
    /// Distance to be less than.
    pub max_distance: f64,
    /// Frames in a row that a track may miss.
    pub max_missing: usize,
    /// How the distance grows meanwhile.
    pub scale: Scale,
    /// How links are chosen.
    pub method: Method,
}

/// A track that may go on.
struct Track {
    id: usize,
    /// Where and when it was last seen.
    point: usize,
    frame: usize,
}

/// A track and a point that may be linked.
#[derive(Clone, Copy)]
struct Candidate {
    track: usize,
    point: usize,
    squared: f64,
}

impl Links {
    /// The number of the track of each point, from 0 on in the order in which tracks begin.
    ///
    /// Points of frame f are rows `starts[f]..starts[f + 1]`. Points that are not finite are linked to nothing. O(n log n)
    /// per frame and the number of possible links; the optimum of a group of k costs O(k³).
    ///
    /// # Errors
    /// [`Error::Argument`] if `starts` does not ascend to the number of points or the distance is negative;
    /// [`Error::Cancelled`].
    pub fn find(&self, points: Rows<'_>, starts: &[usize], control: &Control) -> Result<Vec<usize>> {
        let ordered = starts.first() == Some(&0) && starts.is_sorted() && starts.last() == Some(&points.len());
        if !ordered {
            return Err(Error::argument("starts", format!("0 to {} ascending", points.len()), format!("{starts:?}")));
        }
        if self.max_distance < 0.0 || self.max_distance.is_nan() {
            return Err(Error::argument("max_distance", "a number from 0 on", self.max_distance));
        }
        let (mut ids, mut by_first) = (vec![0; points.len()], Vec::new());
        let (mut active, mut count): (Vec<Track>, usize) = (Vec::new(), 0);
        for frame in 0..starts.len() - 1 {
            control.check()?;
            let own = starts[frame]..starts[frame + 1];
            let candidates = self.candidates(points, own.clone(), &active, frame, &mut by_first);
            let links = match self.method {
                Method::Greedy => greedy(active.len(), own.clone(), &candidates),
                Method::Optimal => self.optimal(&active, own.clone(), &candidates, frame),
            };
            let mut free = vec![true; own.len()];
            for (track, link) in active.iter_mut().zip(links) {
                if let Some(point) = link {
                    (track.point, track.frame) = (point, frame);
                    ids[point] = track.id;
                    free[point - own.start] = false;
                }
            }
            active.retain(|track| frame - track.frame <= self.max_missing);
            for point in own.clone().filter(|point| free[point - own.start]) {
                ids[point] = count;
                active.push(Track { id: count, point, frame });
                count += 1;
            }
        }
        Ok(ids)
    }

    fn range(&self, track: &Track, frame: usize) -> f64 {
        let frames = (frame - track.frame) as f64;
        self.max_distance
            * match self.scale {
                Scale::Constant => 1.0,
                Scale::Sqrt => frames.sqrt(),
                Scale::Linear => frames,
            }
    }

    /// Possible links, by track, and by point for each.
    fn candidates(
        &self,
        points: Rows<'_>,
        own: std::ops::Range<usize>,
        active: &[Track],
        frame: usize,
        by_first: &mut Vec<(f64, usize)>,
    ) -> Vec<Candidate> {
        let (width, values) = (points.width(), points.data());
        by_first.clear();
        by_first.extend(own.map(|point| (values[point * width], point)).filter(|(first, _)| first.is_finite()));
        by_first.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut found = Vec::with_capacity(active.len());
        for (track, last) in active.iter().enumerate() {
            let (range, at) = (self.range(last, frame), place(points, last.point));
            let start = by_first.partition_point(|(first, _)| *first < at[0] - range);
            let begin = found.len();
            for &(_, point) in by_first[start..].iter().take_while(|(first, _)| *first <= at[0] + range) {
                let there = &values[point * width..(point + 1) * width];
                let squared: f64 = there.iter().zip(at).map(|(a, b)| (a - b) * (a - b)).sum();
                if squared.sqrt() < range {
                    found.push(Candidate { track, point, squared });
                }
            }
            if found.len() > begin + 1 {
                found[begin..].sort_unstable_by_key(|candidate| candidate.point);
            }
        }
        found
    }

    fn optimal(
        &self,
        active: &[Track],
        own: std::ops::Range<usize>,
        candidates: &[Candidate],
        frame: usize,
    ) -> Vec<Option<usize>> {
        let mut links = vec![None; active.len()];
        for group in groups(active.len(), own, candidates) {
            if let [only] = group[..] {
                // In reach, it costs less than a track that goes without.
                links[only.track] = Some(only.point);
                continue;
            }
            let mut tracks: Vec<usize> = group.iter().map(|candidate| candidate.track).collect();
            tracks.dedup();
            let mut points: Vec<usize> = group.iter().map(|candidate| candidate.point).collect();
            points.sort_unstable();
            points.dedup();
            // A column per point, then one per track that stays alone. More than all that can be linked costs together:
            let beyond = tracks.len() as f64 + 1.0;
            let (rows, columns) = (tracks.len(), points.len() + tracks.len());
            let mut costs = vec![beyond; rows * columns];
            for candidate in &group {
                if let (Ok(row), Ok(column)) =
                    (tracks.binary_search(&candidate.track), points.binary_search(&candidate.point))
                {
                    let range = self.range(&active[candidate.track], frame);
                    costs[row * columns + column] = candidate.squared / (range * range);
                }
            }
            for row in 0..rows {
                costs[row * columns + points.len() + row] = 1.0;
            }
            let chosen = assign(rows, columns, |row, column| costs[row * columns + column]);
            for (&track, column) in tracks.iter().zip(chosen) {
                links[track] = points.get(column).copied();
            }
        }
        links
    }
}

fn place(points: Rows<'_>, point: usize) -> &[f64] {
    points.slice(point, point + 1).data()
}

fn greedy(tracks: usize, own: std::ops::Range<usize>, candidates: &[Candidate]) -> Vec<Option<usize>> {
    let (mut links, mut free) = (vec![None; tracks], vec![true; own.len()]);
    for group in candidates.chunk_by(|a, b| a.track == b.track) {
        let mut nearest: Option<Candidate> = None;
        for candidate in group.iter().filter(|candidate| free[candidate.point - own.start]) {
            if nearest.is_none_or(|best| candidate.squared.sqrt() < best.squared.sqrt()) {
                nearest = Some(*candidate);
            }
        }
        if let Some(best) = nearest {
            free[best.point - own.start] = false;
            links[best.track] = Some(best.point);
        }
    }
    links
}

/// Candidates in groups that share no track and no point.
fn groups(tracks: usize, own: std::ops::Range<usize>, candidates: &[Candidate]) -> Vec<Vec<Candidate>> {
    fn root(parents: &mut [usize], mut node: usize) -> usize {
        while parents[node] != node {
            parents[node] = parents[parents[node]];
            node = parents[node];
        }
        node
    }
    let mut parents: Vec<usize> = (0..tracks + own.len()).collect();
    for candidate in candidates {
        let one = root(&mut parents, candidate.track);
        let two = root(&mut parents, tracks + candidate.point - own.start);
        parents[one.max(two)] = one.min(two);
    }
    let mut found: Vec<Vec<Candidate>> = vec![Vec::new(); tracks];
    for candidate in candidates {
        // The least member of a group is a track.
        found[root(&mut parents, candidate.track)].push(*candidate);
    }
    found.retain(|group| !group.is_empty());
    found
}
