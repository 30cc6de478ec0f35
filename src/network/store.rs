//! A network's variables and running statistics by name, and their form in files.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::{Device, Result, Tensor, Var};

use crate::support::random::Generator;

/// Running mean and variance of a batch norm, or of several side by side.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RunningMoments {
    pub mean: Vec<f32>,
    pub variance: Vec<f32>,
}

/// Shared between the layer that updates it and the store that saves it.
#[derive(Debug, Clone)]
pub(crate) struct Statistics(Arc<Mutex<RunningMoments>>);

impl Statistics {
    pub fn lock(&self) -> MutexGuard<'_, RunningMoments> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a variable looks like inside, and so how it is written to files.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    /// As it is.
    Plain,
    /// `[taps, in, out]` inside, `[out, in, taps]` in files.
    Convolution,
    /// Several convolutions one after another along the first axis, each a tensor of its own in files.
    Stacked(Vec<(String, usize)>),
}

#[derive(Debug, Clone)]
struct Entry {
    variable: Var,
    form: Form,
}

#[derive(Debug, Clone)]
struct MomentsEntry {
    statistics: Statistics,
    /// Names of the batch norms that lie side by side.
    names: Vec<String>,
}

/// Why weights do not fit a network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A tensor is not there.
    #[error("tensor {name}: found none, expected it; the weights are of another network")]
    Missing {
        /// Its name.
        name: String,
    },
    /// A tensor has another shape.
    #[error("tensor {name}: found shape {found:?}, expected {expected:?}; the weights are of another network")]
    Shape {
        /// Its name.
        name: String,
        /// The shape in the file.
        found: Vec<usize>,
        /// The shape in the network.
        expected: Vec<usize>,
    },
    /// A tensor that the network does not have.
    #[error("tensor {name}: found it, expected only tensors of this network; the weights are of another network")]
    Unknown {
        /// Its name.
        name: String,
    },
    /// candle failed.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
}

/// All variables and running statistics of a network, by name and in the order of names.
#[derive(Debug, Clone)]
pub struct Store {
    variables: BTreeMap<String, Entry>,
    moments: BTreeMap<String, MomentsEntry>,
    device: Device,
}

impl Store {
    pub(crate) fn new(device: &Device) -> Self {
        Self { variables: BTreeMap::new(), moments: BTreeMap::new(), device: device.clone() }
    }

    /// Every variable with its inside name, in the order of names.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &Var)> {
        self.variables.iter().map(|(name, entry)| (name.as_str(), &entry.variable))
    }

    /// How many numbers the variables hold.
    pub fn parameters(&self) -> usize {
        self.variables().map(|(_, variable)| variable.elem_count()).sum()
    }

    /// Everything by the names that files use: variables, and `running_mean` and `running_var` of every batch norm. The
    /// names and shapes are those of the state dictionary of the same network in PyTorch (without
    /// `num_batches_tracked`); loading and saving change no bit.
    ///
    /// # Errors
    /// Only when candle fails.
    pub fn export(&self) -> Result<BTreeMap<String, Tensor>> {
        let mut tensors = BTreeMap::new();
        for (name, Entry { variable, form }) in &self.variables {
            let tensor = variable.as_detached_tensor();
            match form {
                Form::Plain => _ = tensors.insert(name.clone(), tensor.copy()?),
                Form::Convolution => _ = tensors.insert(name.clone(), tensor.permute((2, 1, 0))?.force_contiguous()?),
                Form::Stacked(parts) => {
                    let (_, inputs, outputs) = tensor.dims3()?;
                    let mut row = 0;
                    for (part, taps) in parts {
                        let filter = tensor.narrow(0, row, *taps)?.reshape((*taps, inputs, outputs))?;
                        tensors.insert(part.clone(), filter.permute((2, 1, 0))?.force_contiguous()?);
                        row += taps;
                    }
                }
            }
        }
        for MomentsEntry { statistics, names } in self.moments.values() {
            let moments = statistics.lock();
            let channels = moments.mean.len() / names.len();
            for (i, name) in names.iter().enumerate() {
                let part = i * channels..(i + 1) * channels;
                let mean = Tensor::new(&moments.mean[part.clone()], &self.device)?;
                let variance = Tensor::new(&moments.variance[part], &self.device)?;
                tensors.insert(format!("{name}.running_mean"), mean);
                tensors.insert(format!("{name}.running_var"), variance);
            }
        }
        Ok(tensors)
    }

    /// Takes over what [`Self::export`] gave; the network changes only when everything fits.
    ///
    /// # Errors
    /// [`StoreError`] for a missing, unknown or differently shaped tensor.
    pub fn import(&self, tensors: &HashMap<String, Tensor>) -> std::result::Result<(), StoreError> {
        let expected = self.export()?;
        for (name, tensor) in &expected {
            let found = tensors.get(name).ok_or_else(|| StoreError::Missing { name: name.clone() })?;
            if found.dims() != tensor.dims() {
                let (found, expected) = (found.dims().to_vec(), tensor.dims().to_vec());
                return Err(StoreError::Shape { name: name.clone(), found, expected });
            }
        }
        let unknown =
            tensors.keys().filter(|name| !expected.contains_key(*name) && !name.ends_with("num_batches_tracked"));
        if let Some(name) = unknown.min() {
            return Err(StoreError::Unknown { name: name.clone() });
        }
        for (name, Entry { variable, form }) in &self.variables {
            let inside = |name: &str| tensors[name].permute((2, 1, 0))?.contiguous();
            let tensor = match form {
                Form::Plain => tensors[name].clone(),
                Form::Convolution => inside(name)?,
                Form::Stacked(parts) => {
                    let parts: Vec<Tensor> = parts.iter().map(|(part, _)| inside(part)).collect::<Result<_>>()?;
                    Tensor::cat(&parts, 0)?
                }
            };
            variable.set(&tensor)?;
        }
        for MomentsEntry { statistics, names } in self.moments.values() {
            let mut moments = RunningMoments { mean: Vec::new(), variance: Vec::new() };
            for name in names {
                moments.mean.extend(tensors[&format!("{name}.running_mean")].to_vec1::<f32>()?);
                moments.variance.extend(tensors[&format!("{name}.running_var")].to_vec1::<f32>()?);
            }
            *statistics.lock() = moments;
        }
        Ok(())
    }
}

/// Makes the variables of a network under their names; initial values come from one generator, in the order of making.
pub(crate) struct Maker<'a> {
    store: &'a mut Store,
    generator: &'a mut Generator,
    prefix: String,
}

impl<'a> Maker<'a> {
    pub fn new(store: &'a mut Store, generator: &'a mut Generator) -> Self {
        Self { store, generator, prefix: String::new() }
    }

    /// The maker of a part.
    pub fn part(&mut self, name: impl std::fmt::Display) -> Maker<'_> {
        Maker { prefix: self.name(name), store: self.store, generator: self.generator }
    }

    fn name(&self, name: impl std::fmt::Display) -> String {
        if self.prefix.is_empty() { name.to_string() } else { format!("{}.{name}", self.prefix) }
    }

    fn uniform(&mut self, shape: &[usize], bound: f32) -> Result<Tensor> {
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| self.generator.uniform_in(-bound, bound)).collect();
        Tensor::from_vec(values, shape, &self.store.device)
    }

    fn insert(&mut self, name: String, tensor: &Tensor, form: Form) -> Result<Var> {
        let variable = Var::from_tensor(tensor)?;
        self.store.variables.insert(name, Entry { variable: variable.clone(), form });
        Ok(variable)
    }

    /// Filters `[taps, in, out]`, uniform within ±1/√(in · taps): PyTorch's default, He et al. 2015 with a = √5.
    pub fn convolution(&mut self, taps: usize, inputs: usize, outputs: usize) -> Result<Var> {
        let tensor = self.uniform(&[taps, inputs, outputs], ((inputs * taps) as f32).sqrt().recip())?;
        self.insert(self.name("weight"), &tensor, Form::Convolution)
    }

    /// Several convolutions one after another along the taps; `parts` gives each one's name and taps.
    pub fn stacked(&mut self, name: &str, parts: &[(String, usize)], channels: usize) -> Result<Var> {
        let filters = parts
            .iter()
            .map(|(_, taps)| self.uniform(&[*taps, channels, channels], ((channels * taps) as f32).sqrt().recip()));
        let tensor = Tensor::cat(&filters.collect::<Result<Vec<_>>>()?, 0)?;
        let parts = parts.iter().map(|(part, taps)| (self.name(format!("{part}.weight")), *taps)).collect();
        self.insert(self.name(name), &tensor, Form::Stacked(parts))
    }

    /// Bias `[out]` of a convolution that sums over `inputs` values, uniform within ±1/√inputs as in PyTorch.
    pub fn bias(&mut self, inputs: usize, outputs: usize) -> Result<Var> {
        let bias = self.uniform(&[outputs], (inputs as f32).sqrt().recip())?;
        self.insert(self.name("bias"), &bias, Form::Plain)
    }

    /// Weight `[out, in]` and bias `[out]` of a linear layer, uniform within ±1/√in as in PyTorch.
    pub fn linear(&mut self, inputs: usize, outputs: usize) -> Result<(Var, Var)> {
        let bound = (inputs as f32).sqrt().recip();
        let weight = self.uniform(&[outputs, inputs], bound)?;
        let bias = self.uniform(&[outputs], bound)?;
        Ok((
            self.insert(self.name("weight"), &weight, Form::Plain)?,
            self.insert(self.name("bias"), &bias, Form::Plain)?,
        ))
    }

    /// Scale (ones) and shift (zeros) of a batch norm.
    pub fn affine(&mut self, channels: usize) -> Result<(Var, Var)> {
        let ones = Tensor::ones(channels, candle_core::DType::F32, &self.store.device)?;
        let scale = self.insert(self.name("weight"), &ones, Form::Plain)?;
        let shift = self.insert(self.name("bias"), &ones.zeros_like()?, Form::Plain)?;
        Ok((scale, shift))
    }

    /// Running moments of the batch norms `names`, side by side; an empty name is the maker's own.
    pub fn statistics(&mut self, names: &[String], channels: usize) -> Statistics {
        let n = names.len() * channels;
        let statistics =
            Statistics(Arc::new(Mutex::new(RunningMoments { mean: vec![0.0; n], variance: vec![1.0; n] })));
        let names = names.iter().map(|n| if n.is_empty() { self.prefix.clone() } else { self.name(n) }).collect();
        self.store.moments.insert(self.prefix.clone(), MomentsEntry { statistics: statistics.clone(), names });
        statistics
    }
}
