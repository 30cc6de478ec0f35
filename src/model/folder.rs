//! Writing and reading a model's folder.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::card;
use super::spec::ModelSpec;
use crate::beat::Context;
use crate::evaluate::Evaluation;
use crate::network::{Network, StoreError};
use crate::support::digests::Difference;
use crate::support::files::{self, FileError};
use crate::support::random::Generator;
use crate::train::{self, TensorFile};

/// The file of what the model said of each beat of its test part.
pub const PREDICTIONS: &str = "predictions.csv";

/// Weights larger than this are no model of ours.
const WEIGHTS_LIMIT: u64 = 4 << 30;

/// Why a model cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// A tensor file.
    #[error(transparent)]
    Tensors(#[from] train::Error),
    /// Not a folder of a model.
    #[error("{}: found no model.ron; expected the folder of a model, as `heart-darts train --out` writes it", path.display())]
    NoModel {
        /// The folder.
        path: PathBuf,
    },
    /// A newer or older layout.
    #[error("{}: version: found {found}, expected {}; use the heart-darts that wrote it", path.display(), ModelSpec::VERSION)]
    Version {
        /// `model.ron`.
        path: PathBuf,
        /// What it says.
        found: u32,
    },
    /// The description contradicts itself.
    #[error("{}: {field}: found {found}, expected {expected}", path.display())]
    Inconsistent {
        /// `model.ron`.
        path: PathBuf,
        /// Where.
        field: &'static str,
        /// What it says.
        found: String,
        /// What would be right.
        expected: String,
    },
    /// The weights are not those that the description names.
    #[error(
        "{}: found SHA-256 {found}, expected {expected} as model.ron says: the weights are of another model or damaged",
        path.display()
    )]
    Weights {
        /// The file.
        path: PathBuf,
        /// Its digest.
        found: String,
        /// The digest in `model.ron`.
        expected: String,
    },
    /// The description is not the one that the weights were written with.
    #[error(
        "{}: {field} is not that of weights.safetensors: found digest {found}, expected {expected}; the description was \
         changed, or is of another model",
        path.display()
    )]
    Other {
        /// `model.ron`.
        path: PathBuf,
        /// What differs: `configuration`, `data`, `genotype` or `split`; `description` when it is anything else.
        field: String,
        /// The digest of what it says.
        found: String,
        /// The digest that the weights name.
        expected: String,
    },
    /// The weights do not fit the network.
    #[error("{}: {source}", path.display())]
    Store {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        source: StoreError,
    },
    /// candle failed.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
    /// The figures could not be written.
    #[error(transparent)]
    Evaluation(#[from] crate::evaluate::Error),
}

/// A network with its weights and its description.
pub struct Model {
    /// What it is.
    pub spec: ModelSpec,
    /// The network, with its weights.
    pub network: Box<dyn Network>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").field("spec", &self.spec).finish_non_exhaustive()
    }
}

impl Model {
    /// Reads a model's folder. Its logits are, bit for bit, those of the model that was written.
    ///
    /// # Errors
    /// [`Error`], naming file, place, found and expected.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let path = folder.join("model.ron");
        if !path.exists() {
            return Err(Error::NoModel { path: folder.to_path_buf() });
        }
        let text = files::read_text(&path)?;
        let spec: ModelSpec = files::parse_ron(&text, &path.display().to_string())?;
        let weights = folder.join("weights.safetensors");
        let bytes = files::read(&weights, WEIGHTS_LIMIT)?;
        check(&spec, &path, bytes.len() as u64)?;
        let found = files::digest(&bytes);
        if found != spec.weights {
            return Err(Error::Weights { path: weights, found, expected: spec.weights });
        }
        let file = TensorFile::parse(&bytes, &weights)?;
        // Weights of before there were digests hold none.
        if let Some(other) =
            file.digests.difference(&spec.digests_in_weights(&text)).filter(|_| !file.digests.is_empty())
        {
            let Difference { field, found: expected, expected: found } = other;
            return Err(Error::Other { path, field, found, expected });
        }
        let network = spec.network.build(&spec.input, &mut Generator::new(0))?;
        let tensors: HashMap<_, _> = file.tensors("")?.into_iter().collect();
        network.store().import(&tensors).map_err(|source| Error::Store { path: weights, source })?;
        tracing::info!("{}: {} parameters", folder.display(), network.store().parameters());
        Ok(Self { spec, network })
    }

    /// Fills in the digest of the weights, as [`Self::write`] does, so that the figures can name them.
    ///
    /// # Errors
    /// When candle fails.
    pub fn seal(&mut self) -> Result<(), Error> {
        let (_, bytes) = self.weights(Path::new(""))?;
        self.spec.weights = files::digest(&bytes);
        Ok(())
    }

    /// The file of the weights in a folder, and its bytes.
    fn weights(&self, folder: &Path) -> Result<(PathBuf, Vec<u8>), Error> {
        let path = folder.join("weights.safetensors");
        let unsealed = ModelSpec { weights: String::new(), ..self.spec.clone() };
        let digests = unsealed.digests_in_weights(&files::to_ron(&unsealed));
        let mut file = TensorFile { state: "{}".into(), digests, ..TensorFile::default() };
        file.insert_all("", &self.network.store().export()?)?;
        let bytes = file.to_bytes(&path)?;
        Ok((path, bytes))
    }

    /// The text of `CARD.md`: what it is for and not for, data, split, figures with intervals, what was never tested, how to load
    /// it.
    pub fn card(&self, evaluation: &Evaluation) -> String {
        card::text(&self.spec, self.network.store().parameters(), evaluation)
    }

    /// Writes the folder: weights, figures and card first, `model.ron` last. The digest in `spec` is filled in.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&mut self, folder: &Path, evaluation: &Evaluation) -> Result<(), Error> {
        let (path, bytes) = self.weights(folder)?;
        self.spec.weights = files::digest(&bytes);
        files::write_atomic(&path, &bytes)?;
        evaluation.write(&folder.join("metrics.json"))?;
        files::write_atomic(&folder.join("CARD.md"), self.card(evaluation).as_bytes())?;
        files::write_atomic(&folder.join("model.ron"), files::to_ron(&self.spec).as_bytes())?;
        Ok(())
    }
}

/// `weights` is the length of the weights' file.
fn check(spec: &ModelSpec, path: &Path, weights: u64) -> Result<(), Error> {
    let path = path.to_path_buf();
    if spec.version != ModelSpec::VERSION {
        return Err(Error::Version { path, found: spec.version });
    }
    let wrong = |field, found: usize, expected: usize, path: PathBuf| {
        Err(Error::Inconsistent { path, field, found: found.to_string(), expected: expected.to_string() })
    };
    let leads = spec.leads.len();
    let channels = leads + Context::new(&spec.preprocessing, leads, spec.input.samples).channels();
    if spec.input.leads != channels {
        return wrong("input.leads", spec.input.leads, channels, path);
    }
    if spec.input.samples != spec.window.length() {
        return wrong("input.samples", spec.input.samples, spec.window.length(), path);
    }
    if spec.classes != crate::database::Class::ALL || spec.input.classes != spec.classes.len() {
        let (found, expected) = (format!("{:?}", spec.classes), "the five classes N, S, V, F, Q".to_owned());
        return Err(Error::Inconsistent { path, field: "classes", found, expected });
    }
    let inconsistent = |field, found: String, expected: &str| {
        Err(Error::Inconsistent { path: path.clone(), field, found, expected: expected.to_owned() })
    };
    if spec.leads.is_empty() || spec.input.samples > 100_000 {
        let found = format!("{} leads, {} samples", spec.leads.len(), spec.input.samples);
        return inconsistent("input", found, "one lead or more, at most 100000 samples");
    }
    if !(1e-3..=1e6).contains(&spec.frequency) {
        return inconsistent("frequency", spec.frequency.to_string(), "a rate of 0.001 to 1000000 Hz");
    }
    if let Err(message) = spec.network.check() {
        return inconsistent("network", message, "a network that can be built");
    }
    // Before memory is taken: the weights' file must be large enough for so many parameters.
    match spec.network.parameters(&spec.input) {
        Ok(parameters) if parameters.saturating_mul(4) <= weights => Ok(()),
        Ok(parameters) => {
            let found = format!("a network of {parameters} parameters and weights of {weights} bytes");
            inconsistent("network", found, "weights that hold every parameter")
        }
        Err(found) => inconsistent("network", found, "a sound genotype"),
    }
}
