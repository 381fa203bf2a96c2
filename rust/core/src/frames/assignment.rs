//! Assignment of rows to columns at least cost.

/// For each row the column that it is given, so that the sum of costs is least; there are at least as many columns as rows.
///
/// Shortest augmenting paths (Jonker & Volgenant, Computing 38 (1987) 325), O(rows² · columns). `cost` is finite.
pub(super) fn assign(rows: usize, columns: usize, cost: impl Fn(usize, usize) -> f64) -> Vec<usize> {
    const NONE: usize = usize::MAX;
    let (mut row_of, mut from) = (vec![NONE; columns], vec![NONE; columns]);
    let (mut row_price, mut column_price) = (vec![0.0; rows], vec![0.0; columns]);
    let (mut least, mut done) = (vec![0.0; columns], vec![false; columns]);
    for free in 0..rows {
        least.fill(f64::INFINITY);
        done.fill(false);
        from.fill(NONE);
        let (mut row, mut reached, mut before) = (free, 0.0, NONE);
        let end = loop {
            let mut best = (f64::INFINITY, NONE);
            for column in (0..columns).filter(|&column| !done[column]) {
                let reduced = reached + cost(row, column) - row_price[row] - column_price[column];
                if reduced < least[column] {
                    least[column] = reduced;
                    from[column] = before;
                }
                if least[column] < best.0 {
                    best = (least[column], column);
                }
            }
            let (distance, column) = best;
            done[column] = true;
            reached = distance;
            before = column;
            if row_of[column] == NONE {
                break column;
            }
            row = row_of[column];
        };
        for column in (0..columns).filter(|&column| done[column] && column != end) {
            column_price[column] += least[column] - reached;
            row_price[row_of[column]] += reached - least[column];
        }
        row_price[free] += reached;
        let mut column = end;
        while from[column] != NONE {
            row_of[column] = row_of[from[column]];
            column = from[column];
        }
        row_of[column] = free;
    }
    let mut column_of = vec![NONE; rows];
    for (column, &row) in row_of.iter().enumerate().filter(|(_, row)| **row != NONE) {
        column_of[row] = column;
    }
    column_of
}
