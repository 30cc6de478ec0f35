//! The convolution of planes as it is written: a product on register tiles for each tap.
//!
//! A tile is M rows of 16 outputs that stay in registers while taps and channels run. Where there are beats enough, the
//! rows are one position of M beats: they meet the same taps, so taps that only meet padding are left out (a third of the
//! multiplications of 27 taps over 19 samples), and nothing is padded. For few beats the rows are M neighbouring
//! positions of one beat, which is padded for that. Leaving a tap out or adding its zeros gives the same bits
//! (as long as the filter is finite).

use std::ops::Range;

use super::{Epilogue, Geometry, Row, WIDTH, ZERO, fit};
use crate::compute::product::{by_rows, tiles};
use crate::compute::rows::rectify;
use crate::compute::simd::{Arithmetic, Kernel, dispatch};

/// A row of a filter, on a cache line of its own.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Line(Row);

/// Taps of a plane that pass by all positions before the next plane does: 16 KiB stay in the first-level cache.
const GROUP: usize = 16;

/// The largest number of rows of a tile on any machine.
const MOST_ROWS: usize = 12;

/// Rows of the register tile of this machine.
pub(crate) fn tile_rows() -> usize {
    struct Rows;
    impl Kernel for Rows {
        type Output = usize;
        #[inline(always)]
        fn run<A: Arithmetic>(self) -> usize {
            A::TILE_ROWS
        }
    }
    dispatch(Rows)
}

/// A filter in the order in which the tiles read it.
#[derive(Debug)]
pub(crate) struct Direct {
    geometry: Geometry,
    /// `[out planes, in planes, taps, 16]`.
    lines: Vec<Line>,
}

/// A block of beats as the tiles read it: as it is, or the one beat with its padding.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Padded<'a> {
    /// Beats side by side in the tile.
    Beats(&'a [Row], usize),
    /// Positions of one beat in the tile.
    Positions(&'a [Row]),
}

impl Direct {
    /// Takes a filter `[taps, 16·inputs, 16·outputs]`.
    pub fn new(geometry: Geometry, filter: &[f32]) -> Self {
        let Geometry { inputs, outputs, taps, .. } = geometry;
        let columns = outputs * WIDTH;
        let line = |output: usize, input: usize, tap: usize, lane: usize| {
            let first = ((tap * inputs + input) * WIDTH + lane) * columns + output * WIDTH;
            Line(std::array::from_fn(|column| filter[first + column]))
        };
        let mut lines = Vec::with_capacity(outputs * inputs * taps * WIDTH);
        for (output, input) in (0..outputs).flat_map(|output| (0..inputs).map(move |input| (output, input))) {
            let depth = (0..taps).flat_map(|tap| (0..WIDTH).map(move |lane| (tap, lane)));
            lines.extend(depth.map(|(tap, lane)| line(output, input, tap, lane)));
        }
        Self { geometry, lines }
    }

    /// The positions of one beat as a tile wants them; `scratch` holds the padding if it is needed.
    pub fn pad<'a>(&self, x: &'a [Row], scratch: &'a mut Vec<Row>) -> Padded<'a> {
        let g = &self.geometry;
        let padded = self.padded();
        if padded == g.samples {
            return Padded::Positions(x);
        }
        let scratch = fit(scratch, g.inputs * padded);
        for (to, from) in scratch.chunks_exact_mut(padded).zip(x.chunks_exact(g.samples)) {
            let (before, rest) = to.split_at_mut(g.padding);
            let (inside, after) = rest.split_at_mut(g.samples);
            before.fill(ZERO);
            inside.copy_from_slice(from);
            after.fill(ZERO);
        }
        Padded::Positions(scratch)
    }

    /// Samples of a padded beat.
    fn padded(&self) -> usize {
        let g = &self.geometry;
        (g.padding + g.samples).max((g.positions() - 1) * g.stride + g.taps)
    }

    /// The given planes of output at the given positions (all of them, unless it is one plane of one beat) into `y`.
    /// `partial` is scratch.
    pub fn run(
        &self,
        x: Padded<'_>,
        outputs: Range<usize>,
        positions: Range<usize>,
        y: &mut [Row],
        epilogue: Epilogue<'_>,
        partial: &mut Vec<Row>,
    ) {
        let beats = if let Padded::Beats(_, beats) = x { beats } else { 1 };
        let (g, group) = (&self.geometry, self.group());
        let plane = beats * positions.len();
        let partial = fit(partial, if g.inputs > group { plane } else { 0 });
        let depth = g.taps * WIDTH;
        for (q, y) in outputs.zip(y.chunks_exact_mut(plane)) {
            for first in (0..g.inputs).step_by(group) {
                let planes = group.min(g.inputs - first);
                let part = Part {
                    planes,
                    lines: &self.lines[(q * g.inputs + first) * depth..][..planes * depth],
                    resume: first > 0,
                    finish: (first + planes == g.inputs).then_some((&epilogue, &epilogue.bias[q])),
                };
                match x {
                    Padded::Beats(x, beats) => {
                        self.beside_each_other(&part, &x[first * beats * g.samples..], beats, y, partial);
                    }
                    Padded::Positions(x) => {
                        let x = &x[first * (x.len() / g.inputs)..];
                        self.one_after_another(&part, x, positions.clone(), y, partial);
                    }
                }
            }
        }
    }

    /// Tiles of one position of several beats.
    fn beside_each_other(&self, part: &Part, x: &[Row], beats: usize, y: &mut [Row], partial: &mut [Row]) {
        let (g, positions) = (&self.geometry, self.geometry.positions());
        let (rows, mut sums) = (tile_rows(), [ZERO; MOST_ROWS]);
        for position in 0..positions {
            let taps = g.taps_at(position);
            let start = (position * g.stride + taps.start).saturating_sub(g.padding);
            for (beat, rows) in tiles(beats, rows) {
                let x = x.get(beat * g.samples + start..).unwrap_or_default();
                let (x_row, x_plane) = (g.samples, beats * g.samples);
                let place = Place { first: beat * positions + position, step: positions, rows };
                part.tile(Tile { x, x_row, x_plane, ..part.start(g, &taps) }, place, y, partial, &mut sums);
            }
        }
    }

    /// Tiles of neighbouring positions of one beat.
    fn one_after_another(&self, part: &Part, x: &[Row], positions: Range<usize>, y: &mut [Row], partial: &mut [Row]) {
        let (g, mut sums) = (&self.geometry, [ZERO; MOST_ROWS]);
        for (first, rows) in tiles(positions.len(), tile_rows()) {
            let position = positions.start + first;
            // What any of the rows needs.
            let start = g.taps_at(position + rows - 1).start;
            let taps = start..g.taps_at(position).end.max(start);
            let x = &x[position * g.stride + start..];
            let place = Place { first, step: 1, rows };
            let tile = Tile { x, x_row: g.stride, x_plane: self.padded(), ..part.start(g, &taps) };
            part.tile(tile, place, y, partial, &mut sums);
        }
    }

    /// Planes that are summed before the next position.
    fn group(&self) -> usize {
        (GROUP / self.geometry.taps).max(1)
    }
}

/// Some planes of input on their way to one plane of output.
struct Part<'a> {
    planes: usize,
    lines: &'a [Line],
    /// Goes on from the partial sums instead of 0.
    resume: bool,
    /// The end of the sums, and the bias; without it they become partial ones.
    finish: Option<(&'a Epilogue<'a>, &'a Row)>,
}

/// The rows of a tile in the plane of output.
struct Place {
    first: usize,
    step: usize,
    rows: usize,
}

impl Part<'_> {
    /// A tile without its input.
    fn start(&self, g: &Geometry, taps: &Range<usize>) -> Tile<'_> {
        let lines = &self.lines[taps.start * WIDTH..];
        let (planes, depth) = (if taps.is_empty() { 0 } else { self.planes }, taps.len() * WIDTH);
        let lines_plane = g.taps * WIDTH;
        Tile { x: &[], x_row: 0, x_plane: 0, planes, lines, lines_plane, depth, resume: self.resume }
    }

    /// `sums` is scratch.
    fn tile(&self, tile: Tile<'_>, place: Place, y: &mut [Row], partial: &mut [Row], sums: &mut [Row]) {
        let sums = &mut sums[..place.rows];
        let places = (place.first..).step_by(place.step);
        if self.resume {
            sums.iter_mut().zip(places.clone()).for_each(|(sum, place)| *sum = partial[place]);
        }
        dispatch(Sums { tile, sums });
        match self.finish {
            Some((epilogue, bias)) => {
                dispatch(Finish { sums, epilogue, bias, y: &mut y[place.first..], step: place.step })
            }
            None => sums.iter().zip(places).for_each(|(sum, place)| partial[place] = *sum),
        }
    }
}

/// What a tile reads.
struct Tile<'a> {
    x: &'a [Row],
    /// From a row of the tile to the next.
    x_row: usize,
    x_plane: usize,
    planes: usize,
    lines: &'a [Line],
    lines_plane: usize,
    /// Lines of each plane.
    depth: usize,
    resume: bool,
}

/// The sums of a tile.
struct Sums<'a> {
    tile: Tile<'a>,
    sums: &'a mut [Row],
}

impl Kernel for Sums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        by_rows!(self.sums.len(), M => self.tile.run::<A, M>(self.sums));
    }
}

impl Tile<'_> {
    #[inline(always)]
    fn run<A: Arithmetic, const M: usize>(&self, to: &mut [Row]) {
        let depth = self.depth;
        let mut sums = [A::load(&ZERO); M];
        if self.resume {
            for m in 0..M {
                sums[m] = A::load(&to[m]);
            }
        }
        for plane in 0..self.planes {
            let mut rows: [&[f32]; M] = [&[]; M];
            for (m, row) in rows.iter_mut().enumerate() {
                *row = &self.x[plane * self.x_plane + m * self.x_row..].as_flattened()[..depth];
            }
            let lines = &self.lines[plane * self.lines_plane..][..depth];
            for k in 0..depth {
                let line = A::load(&lines[k].0);
                for m in 0..M {
                    sums[m] = A::fma(A::splat(rows[m][k]), line, sums[m]);
                }
            }
        }
        for m in 0..M {
            A::store(sums[m], &mut to[m]);
        }
    }
}

/// The end of the sums of a tile.
pub(super) struct Finish<'a> {
    pub(super) sums: &'a [Row],
    pub(super) epilogue: &'a Epilogue<'a>,
    pub(super) bias: &'a Row,
    pub(super) y: &'a mut [Row],
    pub(super) step: usize,
}

impl Kernel for Finish<'_> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let (bias, Epilogue { relu, add, .. }) = (*self.bias, *self.epilogue);
        for (sum, to) in self.sums.iter().zip(self.y.iter_mut().step_by(self.step)) {
            let mut row = *sum;
            for n in 0..WIDTH {
                row[n] += bias[n];
            }
            if relu {
                row = row.map(rectify);
            }
            if add {
                let before = *to;
                for n in 0..WIDTH {
                    row[n] += before[n];
                }
            }
            *to = row;
        }
    }
}
