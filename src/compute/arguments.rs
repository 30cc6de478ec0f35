//! Checks of what a caller hands over, and the floats behind a tensor.
//!
//! Every message names the function, the argument, what it must be, what it was and what to do about it.

use candle_core::{CpuStorage, DType, Error, Layout, Result, Storage, StorageRef, Tensor};

/// An error of the caller's making.
pub(super) fn wrong<T>(function: &str, message: impl std::fmt::Display) -> Result<T> {
    Err(Error::Msg(format!("{function}: {message}")))
}

/// The sizes of a signal `[batch, samples, channels]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Signal {
    pub batch: usize,
    pub samples: usize,
    pub channels: usize,
}

impl Signal {
    /// Rows of channels: batch times samples.
    pub(super) fn rows(self) -> usize {
        self.batch * self.samples
    }

    /// Floats in all.
    pub(super) fn len(self) -> usize {
        self.rows() * self.channels
    }

    /// The same batch and channels at another length.
    pub(super) fn with_samples(self, samples: usize) -> Self {
        Self { samples, ..self }
    }
}

/// Checks that `x` is a signal that the kernels and their twins accept: three dimensions, none of them 0.
pub(super) fn signal(function: &str, x: &Tensor) -> Result<Signal> {
    match *x.dims() {
        [batch, samples, channels] if batch * samples * channels > 0 => Ok(Signal { batch, samples, channels }),
        [_, _, _] => wrong(function, format_args!("x has the empty shape {:?}; leave empty batches out", x.dims())),
        _ => wrong(
            function,
            format_args!("x must be [batch, samples, channels], found {:?}; reshape it or add the dimension", x.dims()),
        ),
    }
}

/// Checks that `tensor` holds exactly `shape`, whose dimensions are called `names`.
pub(super) fn shaped(function: &str, name: &str, tensor: &Tensor, names: &str, shape: &[usize]) -> Result<()> {
    if tensor.dims() == shape {
        return Ok(());
    }
    wrong(function, format_args!("{name} must be {names} = {shape:?} here, found {:?}", tensor.dims()))
}

/// Checks what the kernels need beyond the shape: f32 in contiguous memory.
pub(super) fn dense(function: &str, name: &str, tensor: &Tensor) -> Result<()> {
    if tensor.dtype() != DType::F32 {
        let found = tensor.dtype().as_str();
        return wrong(
            function,
            format_args!("{name} must be f32, found {found}; convert it with to_dtype(DType::F32)"),
        );
    }
    if !tensor.is_contiguous() {
        let (shape, strides) = (tensor.dims(), tensor.stride());
        return wrong(
            function,
            format_args!(
                "{name} must be contiguous, found {shape:?} with strides {strides:?}; call contiguous() on it first"
            ),
        );
    }
    Ok(())
}

/// The floats of a kernel's argument, which [`dense`] has passed.
pub(super) fn floats<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<f32>()?[start..end]),
        None => Err(Error::Msg(format!("a kernel was given strided memory: {layout:?}"))),
    }
}

/// The floats of a contiguous CPU tensor, readable while this lives.
pub(super) struct Floats<'a> {
    storage: StorageRef<'a>,
    layout: &'a Layout,
}

impl<'a> Floats<'a> {
    pub(super) fn of(tensor: &'a Tensor) -> Self {
        let (storage, layout) = tensor.storage_and_layout();
        Self { storage, layout }
    }

    pub(super) fn get(&self) -> Result<&[f32]> {
        match &*self.storage {
            Storage::Cpu(storage) => floats(storage, self.layout),
            _ => Err(Error::Msg("a CPU kernel was given a tensor of another device".into())),
        }
    }
}
