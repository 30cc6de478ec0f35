//! Views of beats by their role: what trains, what validates, what tests. A view holds indices; the samples stay where
//! they are, once.

use std::marker::PhantomData;
use std::sync::Arc;

use candle_core::{Device, Tensor};

use crate::beat::beats::count;
use crate::beat::{Augmentation, Beats, ClassCounts, Error, Result};
use crate::database::Class;
use crate::support::random::Generator;

/// Marks beats that gradients and statistics come from.
#[derive(Debug, Clone, Copy)]
pub enum Training {}
/// Marks beats that choose: the model, the epoch, alpha.
#[derive(Debug, Clone, Copy)]
pub enum Validation {}
/// Marks beats that are looked at once, at the end.
#[derive(Debug, Clone, Copy)]
pub enum Test {}

/// The three roles.
pub trait Role: sealed::Sealed {
    /// `training`, `validation` or `test`.
    const NAME: &'static str;
}
mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Training {}
    impl Sealed for super::Validation {}
    impl Sealed for super::Test {}
}
impl Role for Training {
    const NAME: &'static str = "training";
}
impl Role for Validation {
    const NAME: &'static str = "validation";
}
impl Role for Test {
    const NAME: &'static str = "test";
}

/// Some beats of a set, in one role. Every role gives batches; only training and validation beats are counted by class,
/// and only training beats are augmented.
#[derive(Debug)]
pub struct Subset<R: Role> {
    beats: Arc<Beats>,
    indices: Vec<u32>,
    role: PhantomData<R>,
}

/// The beats that are looked at once, at the end. It gives batches and where each beat came from, nothing else: there is
/// no way to draw class weights, a scale or a choice of the model from it.
///
/// The compiler sees to it. What these two functions do with training beats,
///
/// ```
/// # use heart_darts::beat::{Augmentation, Batch, Subset, TestPart, Training, TrainingPart};
/// # use heart_darts::support::random::Generator;
/// # use heart_darts::train::ClassWeights;
/// fn weigh(beats: &Subset<Training>, rule: ClassWeights) -> Option<Vec<f32>> {
///     rule.weights(&beats.class_counts())
/// }
/// fn change(beats: &Subset<Training>, how: &Augmentation, generator: &mut Generator) -> Batch {
///     beats.augmented(&[0], how, generator)
/// }
/// ```
///
/// they cannot do with test beats:
///
/// ```compile_fail,E0599
/// # use heart_darts::beat::{Augmentation, Batch, Subset, TestPart, Training, TrainingPart};
/// # use heart_darts::support::random::Generator;
/// # use heart_darts::train::ClassWeights;
/// fn weigh(beats: &TestPart, rule: ClassWeights) -> Option<Vec<f32>> {
///     rule.weights(&beats.class_counts())
/// }
/// ```
///
/// ```compile_fail,E0599
/// # use heart_darts::beat::{Augmentation, Batch, Subset, TestPart, Training, TrainingPart};
/// # use heart_darts::support::random::Generator;
/// # use heart_darts::train::ClassWeights;
/// fn change(beats: &TestPart, how: &Augmentation, generator: &mut Generator) -> Batch {
///     beats.augmented(&[0], how, generator)
/// }
/// ```
///
/// Training and searching take the parts that learn, as one thing that only a split makes:
///
/// ```
/// # use heart_darts::beat::{TestPart, TrainingPart};
/// # use heart_darts::network::Network;
/// # use heart_darts::train::{Outcome, Result, RunFolder, TrainConfig, train};
/// fn learn(config: &TrainConfig, network: &dyn Network, beats: &TrainingPart, run: &RunFolder) -> Result<Outcome> {
///     train(config, network, beats, None, run, true)
/// }
/// ```
///
/// ```compile_fail,E0308
/// # use heart_darts::beat::{TestPart, TrainingPart};
/// # use heart_darts::network::Network;
/// # use heart_darts::train::{Outcome, Result, RunFolder, TrainConfig, train};
/// fn learn(config: &TrainConfig, network: &dyn Network, beats: &TestPart, run: &RunFolder) -> Result<Outcome> {
///     train(config, network, beats, None, run, true)
/// }
/// ```
pub type TestPart = Subset<Test>;

/// Where one beat came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BeatOrigin<'a> {
    /// The record's name.
    pub record: &'a str,
    /// The subject's name.
    pub subject: &'a str,
    /// The R peak, in samples of the record as it is on disk.
    pub position: u64,
}

/// Beats side by side, ready for a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// `[batch, channels, samples]`: a beat's leads, then its [context](crate::beat::Context) where it has one.
    pub values: Vec<f32>,
    /// `[batch]`: [`Class::index`].
    pub classes: Vec<u32>,
    /// How many channels.
    pub channels: usize,
    /// How many samples of each.
    pub samples: usize,
}

impl Batch {
    /// How many beats.
    pub fn len(&self) -> usize {
        self.classes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// Values `[batch, channels, samples]` f32 and classes `[batch]` u32; on the CPU nothing is copied.
    ///
    /// # Errors
    /// What the device says.
    pub fn into_tensors(self, device: &Device) -> candle_core::Result<(Tensor, Tensor)> {
        let batch = self.classes.len();
        let values = Tensor::from_vec(self.values, (batch, self.channels, self.samples), device)?;
        Ok((values, Tensor::from_vec(self.classes, batch, device)?))
    }
}

impl<R: Role> Subset<R> {
    /// Only this room makes views, so that a beat has the role that the split gave it.
    pub(super) fn new(beats: Arc<Beats>, indices: Vec<u32>) -> Self {
        Self { beats, indices, role: PhantomData }
    }

    pub(super) fn indices(&self) -> &[u32] {
        &self.indices
    }

    pub(super) fn shared(&self) -> &Arc<Beats> {
        &self.beats
    }

    /// How many beats.
    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }

    /// How many channels a beat has: its leads, and those of its context.
    pub fn channels(&self) -> usize {
        self.beats.channels()
    }

    /// How many samples of each lead.
    pub fn samples(&self) -> usize {
        self.beats.samples
    }

    /// Rate of the samples in Hz.
    pub fn frequency(&self) -> f64 {
        self.beats.frequency
    }

    /// The beats `chosen`, each counted from 0 within this view, in that order.
    ///
    /// # Panics
    /// If one of them is not below [`Self::len`].
    ///
    /// # Example
    /// ```
    /// # use heart_darts::beat::{Batch, Training, Subset};
    /// # use heart_darts::support::random::Generator;
    /// fn an_epoch(training: &Subset<Training>, generator: &mut Generator) {
    ///     for chosen in generator.permutation(training.len()).chunks(256) {
    ///         let batch: Batch = training.batch(chosen);
    ///         assert_eq!(batch.values.len(), chosen.len() * training.channels() * training.samples());
    ///     }
    /// }
    /// ```
    pub fn batch(&self, chosen: &[usize]) -> Batch {
        self.gather(chosen.iter().map(|&index| self.indices[index]), |_| {})
    }

    /// All beats in order, `size` at a time; the last batch may be smaller.
    ///
    /// # Panics
    /// If `size` is 0.
    pub fn batches(&self, size: usize) -> impl ExactSizeIterator<Item = Batch> {
        self.indices.chunks(size).map(|chosen| self.gather(chosen.iter().copied(), |_| {}))
    }

    /// Where a beat of this view came from.
    ///
    /// # Panics
    /// If `index` is not below [`Self::len`].
    pub fn origin(&self, index: usize) -> BeatOrigin<'_> {
        let beat = self.indices[index] as usize;
        let record = &self.beats.records[self.beats.record[beat] as usize];
        BeatOrigin { record: &record.name, subject: &record.subject, position: self.beats.position[beat] }
    }

    /// Copies beats; `change` is done to the leads of each before the context follows them.
    fn gather(&self, chosen: impl ExactSizeIterator<Item = u32>, mut change: impl FnMut(&mut [f32])) -> Batch {
        let Beats { leads, samples, ref context, .. } = *self.beats;
        let channels = self.beats.channels();
        let mut values = vec![0.0; chosen.len() * channels * samples];
        let mut classes = Vec::with_capacity(chosen.len());
        for (beat, values) in chosen.zip(values.chunks_exact_mut((channels * samples).max(1))) {
            let (leads, rest) = values.split_at_mut(leads * samples);
            leads.copy_from_slice(self.beats.beat(beat as usize));
            change(leads);
            context.write(beat as usize, leads, rest);
            classes.push(self.beats.classes[beat as usize].index() as u32);
        }
        Batch { values, classes, channels, samples }
    }

    fn counts(&self) -> ClassCounts {
        count(self.indices.iter().map(|&beat| self.beats.classes[beat as usize]))
    }
}

impl Subset<Training> {
    /// Beats of each class, N S V F Q: what class weights come from.
    pub fn class_counts(&self) -> ClassCounts {
        self.counts()
    }

    /// As [`Subset::batch`], each beat changed at random.
    ///
    /// # Panics
    /// If one of `chosen` is not below [`Subset::len`].
    pub fn augmented(&self, chosen: &[usize], augmentation: &Augmentation, generator: &mut Generator) -> Batch {
        let chosen = chosen.iter().map(|&index| self.indices[index]);
        let Beats { samples, frequency, .. } = *self.beats;
        self.gather(chosen, |leads| augmentation.apply(leads, samples, frequency, generator))
    }
}

impl Subset<Validation> {
    /// Beats of each class, N S V F Q.
    pub fn class_counts(&self) -> ClassCounts {
        self.counts()
    }
}

impl TestPart {
    /// Every beat of a set as test beats: for a model that was trained on other data.
    ///
    /// # Errors
    /// [`Error::EmptyPart`] for no beats, [`Error::Inconsistent`].
    pub fn whole(beats: Arc<Beats>) -> Result<Self> {
        beats.check()?;
        if beats.is_empty() {
            let advice = "check the leads and the class map of the database";
            let database = beats.database.clone();
            return Err(Error::EmptyPart { split: "whole", part: Test::NAME, beats: 0, database, advice });
        }
        let all = (0..beats.len() as u32).collect();
        Ok(Self::new(beats, all))
    }
}

/// What training code is given: beats to learn from and beats to choose by.
#[derive(Debug)]
pub struct TrainingPart {
    training: Subset<Training>,
    validation: Subset<Validation>,
}

impl TrainingPart {
    pub(super) fn new(training: Subset<Training>, validation: Subset<Validation>) -> Self {
        Self { training, validation }
    }

    /// The beats to learn from.
    pub fn training(&self) -> &Subset<Training> {
        &self.training
    }

    /// The beats to choose by; empty when the split's `validation` is 0.
    pub fn validation(&self) -> &Subset<Validation> {
        &self.validation
    }

    /// Classes that no training beat has.
    pub fn absent_classes(&self) -> Vec<Class> {
        let counts = self.training.class_counts();
        Class::ALL.into_iter().filter(|class| counts[class.index()] == 0).collect()
    }

    /// That every class has a training beat.
    ///
    /// # Errors
    /// [`Error::AbsentClasses`].
    pub fn require_all_classes(&self) -> Result<()> {
        match self.absent_classes() {
            classes if classes.is_empty() => Ok(()),
            classes => Err(Error::AbsentClasses { classes }),
        }
    }
}
