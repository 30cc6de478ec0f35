//! The softmax weights of a cell's edges over a search.

use std::path::Path;

use super::Error;
use super::axes::{Axes, whole_ticks};
use super::sheet::{Align, Letters, Point, Sheet, text_width};
use super::style::{FAINT, LABEL, SMALL, TITLE, WIDTH, operation};

/// The weights of one edge.
#[derive(Debug, Clone, PartialEq)]
pub struct EdgeHistory {
    /// The node that the edge leads to, from 0: the row of the picture.
    pub node: usize,
    /// Where it comes from: `c_{k-2}`, `c_{k-1}`, `node 0`.
    pub from: String,
    /// `[epochs + 1, operations]`: the softmax of alpha before the first epoch and after each, each row summing to 1.
    pub weights: Vec<Vec<f64>>,
}

/// Draws the weights of every edge of a cell as stacked areas over epochs, a row a node. The areas are, from below, the
/// `operations` in their order.
///
/// # Errors
/// [`Error::Data`] without edges, or with an edge of another number of epochs or operations, or with a weight that is
/// not from 0 to 1; as every picture.
pub fn alpha(edges: &[EdgeHistory], operations: &[&str], title: &str, path: &Path) -> Result<(), Error> {
    let wrong = |found: String, expected| Err(Error::Data { path: path.to_path_buf(), found, expected });
    let Some(first) = edges.first() else {
        return wrong("no edges".into(), "the edges of a cell");
    };
    for EdgeHistory { node, from, weights } in edges {
        if weights.is_empty() || weights.len() != first.weights.len() {
            let found = format!("{} epochs on the edge {from} to node {node}", weights.len());
            return wrong(found, "as many on every edge, and one at least");
        }
        if let Some(row) = weights.iter().find(|row| row.len() != operations.len()) {
            let found = format!("{} weights on the edge {from} to node {node}", row.len());
            return wrong(found, "one for each operation");
        }
        if let Some(weight) = weights.iter().flatten().find(|weight| !(0.0..=1.0 + 1e-5).contains(*weight)) {
            let found = format!("the weight {weight} on the edge {from} to node {node}");
            return wrong(found, "weights from 0 to 1, the softmax of alpha");
        }
    }
    sheet(edges, operations, title).save(path)
}

const TOP: f64 = 120.0;
const LEFT: f64 = 150.0;
const GAP: Point = (26.0, 62.0);
const PANEL_HEIGHT: f64 = 210.0;

fn sheet(edges: &[EdgeHistory], operations: &[&str], title: &str) -> Sheet {
    let rows = edges.iter().map(|edge| edge.node + 1).max().unwrap_or(0);
    let of_row = |row: usize| edges.iter().filter(move |edge| edge.node == row);
    let columns = (0..rows).map(|row| of_row(row).count()).max().unwrap_or(1);
    // The legend has its place in the upper right corner where the first row is short, else a column of its own.
    let beside = columns < of_row(0).count() + 2;
    let width = (WIDTH - LEFT - 30.0) / (columns + usize::from(beside)) as f64 - GAP.0;
    let panel_at = |row: usize, column: usize| {
        (LEFT + column as f64 * (width + GAP.0), TOP + row as f64 * (PANEL_HEIGHT + GAP.1) + 40.0)
    };
    let legend_height = 38.0 * operations.len() as f64 + 60.0;
    let height = (panel_at(rows, 0).1 + 60.0).max(TOP + legend_height);
    let mut sheet = Sheet::new(WIDTH, height);
    sheet.letters(Letters::new(title, (LEFT, 45.0), TITLE).bold());
    for row in 0..rows {
        for (column, edge) in of_row(row).enumerate() {
            let (left, top) = panel_at(row, column);
            let axes = Axes {
                left,
                top,
                right: left + width,
                bottom: top + PANEL_HEIGHT,
                x: (0.0, (edge.weights.len() - 1).max(1) as f64),
                y: (0.0, 1.0),
            };
            let last = row + 1 == rows;
            panel(&mut sheet, &axes, edge, column == 0, last);
        }
    }
    let bottom = panel_at(rows, 0).1 - GAP.1 - 40.0 + 2.6 * SMALL + 40.0;
    let middle = LEFT + (columns as f64 * (width + GAP.0) - GAP.0) / 2.0;
    sheet.letters(Letters::new("epoch", (middle, bottom), LABEL).align(Align::Centre));
    let rows_middle = (panel_at(0, 0).1 + panel_at(rows, 0).1 - GAP.1 - 40.0) / 2.0;
    let axis = Letters::new("softmax weight of each operation", (42.0, rows_middle), LABEL);
    sheet.letters(axis.align(Align::Centre).upwards());
    legend(&mut sheet, operations, if beside { panel_at(0, columns).0 } else { legend_left(operations) });
    sheet
}

/// One edge for a page that says beside it which one it is.
pub(super) fn small(edge: &EdgeHistory) -> Sheet {
    let mut sheet = Sheet::new(400.0, 240.0);
    let last = (edge.weights.len().max(2) - 1) as f64;
    let axes = Axes { left: 1.0, top: 1.0, right: 399.0, bottom: 239.0, x: (0.0, last), y: (0.0, 1.0) };
    areas(&mut sheet, &axes, edge);
    axes.frame(&mut sheet);
    sheet
}

fn panel(sheet: &mut Sheet, axes: &Axes, edge: &EdgeHistory, numbers_left: bool, numbers_below: bool) {
    let heading = format!("{} → node {}", edge.from, edge.node);
    sheet.letters(Letters::new(heading, (axes.left, axes.top - 20.0), SMALL));
    areas(sheet, axes, edge);
    axes.frame(sheet);
    if numbers_below {
        let most = if axes.right - axes.left < 300.0 { 2 } else { 4 };
        for tick in whole_ticks(axes.x, most) {
            let (x, _) = axes.place(tick, 0.0);
            // The numbers at the ends stay within the panel: the next one is near.
            let align = match tick {
                tick if tick == axes.x.0 => Align::Left,
                tick if tick == axes.x.1 => Align::Right,
                _ => Align::Centre,
            };
            sheet.letters(Letters::new(format!("{tick}"), (x, axes.bottom + 0.9 * SMALL), SMALL).align(align));
        }
    }
    if numbers_left {
        for tick in [0.0, 0.5, 1.0] {
            let (_, y) = axes.place(0.0, tick);
            sheet.letters(Letters::new(format!("{tick}"), (axes.left - 12.0, y), SMALL).align(Align::Right));
        }
    }
}

/// The operations' shares, stacked.
fn areas(sheet: &mut Sheet, axes: &Axes, edge: &EdgeHistory) {
    // One moment is shown as if it had lasted.
    let rows: Vec<&Vec<f64>> = match &edge.weights[..] {
        [one] => vec![one, one],
        more => more.iter().collect(),
    };
    let operations = rows[0].len();
    for i in 0..operations {
        let level = |row: &[f64], upto: usize| row[..upto].iter().sum::<f64>().min(1.0);
        let upper = rows.iter().enumerate().map(|(epoch, row)| axes.place(epoch as f64, level(row, i + 1)));
        let lower = rows.iter().enumerate().rev().map(|(epoch, row)| axes.place(epoch as f64, level(row, i)));
        sheet.area(upper.chain(lower).collect(), operation(i), 1.0);
    }
}

fn legend_left(operations: &[&str]) -> f64 {
    let widest = operations.iter().map(|name| text_width(name, SMALL)).fold(0.0, f64::max);
    WIDTH - 40.0 - 60.0 - widest
}

/// The operations from above in the order of the areas, so the last one first.
fn legend(sheet: &mut Sheet, operations: &[&str], left: f64) {
    let mut y = TOP + 55.0;
    for (i, name) in operations.iter().enumerate().rev() {
        sheet.rectangle((left, y - 14.0), (left + 30.0, y + 14.0), operation(i));
        sheet.letters(Letters::new(*name, (left + 44.0, y), SMALL).colour(FAINT));
        y += 38.0;
    }
}

#[cfg(test)]
mod tests {
    use super::super::sheet::assert_legible;
    use super::*;

    const OPERATIONS: [&str; 10] =
        ["conv3", "conv5", "conv9", "conv13", "conv17", "conv27", "max3", "max5", "skip", "zero"];

    fn edges(nodes: usize, epochs: usize) -> Vec<EdgeHistory> {
        let from = |from: usize| match from {
            0 => "c_{k-2}".to_string(),
            1 => "c_{k-1}".into(),
            n => format!("node {}", n - 2),
        };
        let weights = vec![vec![0.1; 10]; epochs + 1];
        let edge = |node, source| EdgeHistory { node, from: from(source), weights: weights.clone() };
        (0..nodes).flat_map(|node| (0..node + 2).map(move |source| (node, source))).map(|(n, s)| edge(n, s)).collect()
    }

    #[test]
    fn cells_of_any_size_are_legible() {
        for nodes in [1, 2, 4] {
            for epochs in [0, 1, 2, 100] {
                assert_legible(&sheet(&edges(nodes, epochs), &OPERATIONS, "Normal cell"));
            }
        }
    }

    #[test]
    fn what_is_no_softmax_is_refused() {
        let error = |change: fn(&mut Vec<EdgeHistory>)| {
            let mut edges = edges(4, 3);
            change(&mut edges);
            alpha(&edges, &OPERATIONS, "", Path::new("x.svg")).unwrap_err().to_string()
        };
        assert!(error(|edges| edges.clear()).contains("no edges"));
        assert!(
            error(|edges| edges[3].weights[1][2] = f64::NAN).contains("the weight NaN on the edge c_{k-1} to node 1")
        );
        assert!(
            error(|edges| edges[0].weights[1].truncate(3)).contains("found 3 weights on the edge c_{k-2} to node 0")
        );
        assert!(error(|edges| edges[1].weights.truncate(2)).contains("found 2 epochs"));
    }
}
