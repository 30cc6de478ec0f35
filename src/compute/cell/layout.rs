//! Between `[batch, samples, channels]` and groups of 16 channels, `[groups][batch][samples]` rows.

use super::super::arena::{self, Buffer, Rows};
use super::super::parallel::{filled, for_each_item, piece};
use super::super::spectral::{Row, WIDTH};
use super::shape::Shape;

/// A signal `[batch, samples, channels]` in groups.
pub(super) fn grouped(shape: &Shape, x: &[f32], samples: usize) -> Rows {
    slice(shape, x, samples, shape.channels, 0)
}

/// The channels from `first` on of signals `[batch, samples, all]`, in groups.
pub(super) fn slice(shape: &Shape, x: &[f32], samples: usize, all: usize, first: usize) -> Rows {
    let group_rows = shape.batch * samples;
    let mut rows = arena::take_rows(shape.groups * group_rows);
    let len = piece(shape.batch) * samples;
    let tasks = rows
        .chunks_exact_mut(group_rows)
        .enumerate()
        .flat_map(|(group, rows)| rows.chunks_mut(len).enumerate().map(move |(i, rows)| (group, i * len, rows)));
    for_each_item(tasks.collect(), x.len(), |(group, start, rows)| {
        let width = WIDTH.min(shape.channels - group * WIDTH);
        for (to, from) in rows.iter_mut().zip(x[start * all..].chunks_exact(all)) {
            let from = &from[first + group * WIDTH..][..width];
            match from.first_chunk() {
                Some(row) => *to = *row,
                None => {
                    *to = [0.0; WIDTH];
                    to[..width].copy_from_slice(from);
                }
            }
        }
    });
    rows
}

/// A signal in groups as `[batch, samples, channels]`.
pub(super) fn ungroup(shape: &Shape, rows: &[Row]) -> Buffer {
    let channels = shape.channels;
    let all = rows.len() / shape.groups;
    let len = piece(all);
    let mut signal = arena::take(all * channels);
    for_each_item(signal.chunks_mut(len * channels).enumerate().collect(), all * channels, |(i, to)| {
        for (row, to) in to.chunks_exact_mut(channels).enumerate() {
            for (group, to) in to.chunks_mut(WIDTH).enumerate() {
                to.copy_from_slice(&rows[group * all + i * len + row][..to.len()]);
            }
        }
    });
    signal
}

/// `[batch, samples, nodes · channels]` of the nodes.
pub(super) fn side_by_side(shape: &Shape, nodes: &[Rows]) -> Vec<f32> {
    let (channels, samples, width) = (shape.channels, shape.samples[1], nodes.len() * shape.channels);
    let beats = piece(shape.batch);
    let len = shape.batch * samples * width;
    filled(len, beats * samples * width, len, |i, y| {
        for (row, y) in y.chunks_exact_mut(width).enumerate() {
            for (node, y) in nodes.iter().zip(y.chunks_exact_mut(channels)) {
                for (group, y) in y.chunks_mut(WIDTH).enumerate() {
                    let from = &node[group * shape.node_group() + i * beats * samples + row];
                    y.copy_from_slice(&from[..y.len()]);
                }
            }
        }
    })
}
