//! SGD and Adam as PyTorch has them, with their state in the open so that a checkpoint can hold it.

use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use candle_core::{Tensor, Var};
use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use super::finite::NotFinite;
use crate::compute;

/// Stochastic gradient descent with momentum (Sutskever et al. 2013, in PyTorch's form) and weight decay added to the
/// gradient.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SgdSpec {
    /// Learning rate of the first step. Default 0.025.
    pub learning_rate: f64,
    /// Learning rate at the end of the cosine (Loshchilov & Hutter 2017). Default 0.001.
    pub learning_rate_end: f64,
    /// Default 0.9.
    pub momentum: f64,
    /// Default 3e-4.
    pub weight_decay: f64,
    /// Largest Euclidean norm of all gradients together; larger ones are scaled down to it. Default 5.
    pub clip: f64,
}

impl Default for SgdSpec {
    fn default() -> Self {
        Self { learning_rate: 0.025, learning_rate_end: 0.001, momentum: 0.9, weight_decay: 3e-4, clip: 5.0 }
    }
}

/// Momentum of every variable, by name.
#[derive(Debug, Clone, Default)]
pub struct Sgd {
    /// What a checkpoint keeps; empty before the first step.
    pub momenta: BTreeMap<String, Vec<f32>>,
}

impl Sgd {
    /// One step at learning rate `rate`; returns the norm of the gradients before clipping. Variables without a gradient
    /// stay as they are.
    ///
    /// # Errors
    /// [`Error::NotFinite`] for a gradient that is not finite, before anything is moved; when candle fails.
    pub fn step<'a>(
        &mut self,
        spec: &SgdSpec,
        rate: f64,
        variables: impl Iterator<Item = (&'a str, &'a Var)>,
        gradients: &GradStore,
    ) -> Result<f64> {
        let found = variables.filter_map(|(name, variable)| Some((name, variable, gradients.get(variable)?)));
        let updates: Vec<_> = found.collect();
        let norm = sum_of_squares(&updates)?.sqrt();
        // PyTorch's clip_grad_norm_ adds 1e-6 as well.
        let scale = (spec.clip / (norm + 1e-6)).min(1.0) as f32;
        let (rate, momentum, decay) = (rate as f32, spec.momentum as f32, spec.weight_decay as f32);
        for (name, variable, gradient) in updates {
            if !self.momenta.contains_key(name) {
                self.momenta.insert(name.to_owned(), vec![0.0; variable.elem_count()]);
            }
            let Some(momenta) = self.momenta.get_mut(name) else { continue };
            compute::update(variable, gradient, [momenta], |value, gradient, [buffer]| {
                let buffer = momentum * buffer + (scale * gradient + decay * value);
                (value - rate * buffer, [buffer])
            })?;
        }
        Ok(norm)
    }
}

/// Σ g² over all gradients; it is finite exactly when each of them is, for no square of an f32 leaves f64.
fn sum_of_squares(gradients: &[(&str, &Var, &Tensor)]) -> Result<f64> {
    let mut wrong = Vec::new();
    let mut sum = 0.0;
    for (name, _, gradient) in gradients {
        let squares = compute::sum_of_squares(gradient)?;
        if !squares.is_finite() {
            wrong.push(*name);
        }
        sum += squares;
    }
    match wrong.first() {
        None => Ok(sum),
        Some(tensor) => {
            Err(Error::NotFinite(NotFinite::Gradient { tensor: (*tensor).to_owned(), others: wrong.len() - 1 }))
        }
    }
}

/// Adam (Kingma & Ba 2015) with weight decay added to the gradient, as in PyTorch's `Adam`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdamSpec {
    /// Default 3e-4.
    pub learning_rate: f64,
    /// Decay rates of the first and the second moment. Default 0.5 and 0.999.
    pub betas: (f64, f64),
    /// Default 1e-3.
    pub weight_decay: f64,
}

impl Default for AdamSpec {
    fn default() -> Self {
        Self { learning_rate: 3e-4, betas: (0.5, 0.999), weight_decay: 1e-3 }
    }
}

/// Added to the root of the second moment, PyTorch's default.
const ADAM_EPSILON: f64 = 1e-8;

/// Moments of every variable, by place.
#[derive(Debug, Clone, Default)]
pub struct Adam {
    /// Steps made.
    pub steps: u64,
    /// First and second moments of each variable; empty before the first step.
    pub moments: Vec<[Vec<f32>; 2]>,
}

impl Adam {
    /// One step on `variables`, always the same ones in the same order, each with its name for errors.
    ///
    /// # Errors
    /// As [`Sgd::step`].
    pub fn step(&mut self, spec: &AdamSpec, variables: &[(&str, &Var)], gradients: &GradStore) -> Result<()> {
        let found = variables.iter().filter_map(|&(name, variable)| Some((name, variable, gradients.get(variable)?)));
        sum_of_squares(&found.collect::<Vec<_>>())?;
        if self.moments.is_empty() {
            let zeros = |(_, v): &(&str, &Var)| [vec![0.0; v.elem_count()], vec![0.0; v.elem_count()]];
            self.moments = variables.iter().map(zeros).collect();
        }
        self.steps += 1;
        let (first_decay, second_decay) = spec.betas;
        let first_correction = 1.0 - first_decay.powi(self.steps as i32);
        let second_correction = (1.0 - second_decay.powi(self.steps as i32)).sqrt();
        for ((_, variable), [first, second]) in variables.iter().zip(&mut self.moments) {
            let Some(gradient) = gradients.get(variable) else { continue };
            compute::update(variable, gradient, [first, second], |value, gradient, [first, second]| {
                let g = f64::from(gradient) + spec.weight_decay * f64::from(value);
                let first = (first_decay * f64::from(first) + (1.0 - first_decay) * g) as f32;
                let second = (second_decay * f64::from(second) + (1.0 - second_decay) * g * g) as f32;
                let root = f64::from(second).sqrt() / second_correction + ADAM_EPSILON;
                let value = value - (spec.learning_rate / first_correction * f64::from(first) / root) as f32;
                (value, [first, second])
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Tensor};

    // import torch; p = torch.nn.Parameter(torch.tensor([1.0, -2.0, 3.0])); c = torch.tensor([2.0, 0.5, -4.0])
    // o = torch.optim.SGD([p], 0.1, 0.9, weight_decay=0.01)
    // for _ in range(3): o.zero_grad(); ((p * p * c).sum()).backward(); torch.nn.utils.clip_grad_norm_([p], 5.0); o.step()
    const SGD: [f32; 3] = [0.605_554_6, -1.785_610_2, 5.749_906];
    // the same with torch.optim.Adam([p], 0.1, (0.5, 0.999), weight_decay=0.01) and no clipping
    const ADAM: [f32; 3] = [0.706_971_3, -1.703_216_1, 3.301_880_8];

    fn run(mut step: impl FnMut(&Var, &GradStore)) -> Vec<f32> {
        let p = Var::new(&[1.0f32, -2.0, 3.0], &Device::Cpu).unwrap();
        let c = Tensor::new(&[2.0f32, 0.5, -4.0], &Device::Cpu).unwrap();
        for _ in 0..3 {
            let gradients = (p.as_tensor() * p.as_tensor()).unwrap().mul(&c).unwrap().sum_all().unwrap().backward();
            step(&p, &gradients.unwrap());
        }
        p.to_vec1().unwrap()
    }

    fn close(found: &[f32], expected: &[f32]) {
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5), "{found:?} {expected:?}");
    }

    #[test]
    fn sgd_is_pytorchs() {
        let mut sgd = Sgd::default();
        let spec = SgdSpec { weight_decay: 0.01, ..SgdSpec::default() };
        close(&run(|p, g| _ = sgd.step(&spec, 0.1, [("p", p)].into_iter(), g).unwrap()), &SGD);
    }

    #[test]
    fn adam_is_pytorchs() {
        let mut adam = Adam::default();
        let spec = AdamSpec { learning_rate: 0.1, weight_decay: 0.01, ..AdamSpec::default() };
        close(&run(|p, g| adam.step(&spec, &[("p", p)], g).unwrap()), &ADAM);
    }

    #[test]
    fn a_gradient_that_is_no_number_is_named_and_moves_nothing() {
        let [p, q] = [1.0f32, 2.0].map(|value| Var::new(&[value, value], &Device::Cpu).unwrap());
        let loss = (p.as_tensor() * q.as_tensor()).unwrap().sum_all().unwrap();
        let mut gradients = loss.backward().unwrap();
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            gradients.insert(&q, Tensor::new(&[0.5, bad], &Device::Cpu).unwrap());
            let (mut sgd, mut adam) = (Sgd::default(), Adam::default());
            let variables = [("layer.p", &p), ("layer.q", &q)];
            let by_sgd = sgd.step(&SgdSpec::default(), 0.1, variables.into_iter(), &gradients).unwrap_err();
            let by_adam = adam.step(&AdamSpec::default(), &variables, &gradients).unwrap_err();
            for error in [by_sgd, by_adam] {
                let expected = NotFinite::Gradient { tensor: "layer.q".into(), others: 0 };
                assert!(matches!(&error, Error::NotFinite(found) if *found == expected), "{error}");
            }
            assert!(sgd.momenta.is_empty() && adam.moments.is_empty() && adam.steps == 0);
            assert_eq!(p.to_vec1::<f32>().unwrap(), [1.0, 1.0]);
        }
    }
}
