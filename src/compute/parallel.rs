//! Work shared out over threads in pieces that depend on the shapes alone.
//!
//! Which thread takes a piece is left to chance; what a piece is and where its result goes is not. So the bits of a
//! result do not depend on the number of threads or on the load of the machine.

use std::mem::MaybeUninit;

use rayon::prelude::*;

/// Pieces that a batch is cut into, at most. More balance better, fewer share more of what they read.
const PIECES: usize = 16;

/// Below this many elementary operations (multiplications, elements) waking another thread costs more than it gives.
const WORTH_SHARING: usize = 1 << 16;

/// The items of a piece when `items` are shared out.
pub(super) fn piece(items: usize) -> usize {
    items.div_ceil(PIECES).max(1)
}

/// Calls `each(index, piece)` for every stretch of `len` values, on several threads when there is `work` enough.
pub(super) fn for_each_piece<T: Send>(
    values: &mut [T],
    len: usize,
    work: usize,
    each: impl Fn(usize, &mut [T]) + Send + Sync,
) {
    if work < WORTH_SHARING || values.len() <= len {
        values.chunks_mut(len).enumerate().for_each(|(i, piece)| each(i, piece));
    } else {
        values.par_chunks_mut(len).with_max_len(1).enumerate().for_each(|(i, piece)| each(i, piece));
    }
}

/// `len` values, each stretch of `piece` filled by `fill(index, stretch)`, which finds zeros. The zeros too are written on
/// all threads, and while they are still in the cache; `vec![0.0; len]` writes them on one.
#[allow(unsafe_code)]
pub(super) fn filled(
    len: usize,
    piece: usize,
    work: usize,
    fill: impl Fn(usize, &mut [f32]) + Send + Sync,
) -> Vec<f32> {
    let mut values: Vec<f32> = Vec::with_capacity(len);
    for_each_piece(&mut values.spare_capacity_mut()[..len], piece, work, |i, stretch| {
        stretch.fill(MaybeUninit::new(0.0));
        // SAFETY: all of the stretch has just been initialised, and it stays borrowed.
        fill(i, unsafe { &mut *(std::ptr::from_mut(stretch) as *mut [f32]) });
    });
    // SAFETY: the pieces cover the `len` values, and each was initialised; a panic does not come here.
    unsafe { values.set_len(len) };
    values
}

/// `make(index)` for 0..count, in order.
pub(super) fn map_pieces<T: Send>(count: usize, work: usize, make: impl Fn(usize) -> T + Send + Sync) -> Vec<T> {
    if work < WORTH_SHARING || count <= 1 {
        (0..count).map(make).collect()
    } else {
        (0..count).into_par_iter().with_max_len(1).map(make).collect()
    }
}

/// Calls `each` for every item.
pub(super) fn for_each_item<T: Send>(items: Vec<T>, work: usize, each: impl Fn(T) + Send + Sync) {
    if work < WORTH_SHARING || items.len() <= 1 {
        items.into_iter().for_each(each);
    } else {
        items.into_par_iter().with_max_len(1).for_each(each);
    }
}

/// `make(item)` for every item, in order.
pub(super) fn map_items<I: Send, T: Send>(items: Vec<I>, work: usize, make: impl Fn(I) -> T + Send + Sync) -> Vec<T> {
    if work < WORTH_SHARING || items.len() <= 1 {
        items.into_iter().map(make).collect()
    } else {
        items.into_par_iter().with_max_len(1).map(make).collect()
    }
}
