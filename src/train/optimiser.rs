//! SGD and Adam as PyTorch has them, with their state in the open so that a checkpoint can hold it.

use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use candle_core::{Result, Var};
use serde::{Deserialize, Serialize};

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
    /// When candle fails.
    pub fn step<'a>(
        &mut self,
        spec: &SgdSpec,
        rate: f64,
        variables: impl Iterator<Item = (&'a str, &'a Var)>,
        gradients: &GradStore,
    ) -> Result<f64> {
        let mut updates = Vec::new();
        let mut square = 0.0;
        for (name, variable) in variables {
            let Some(gradient) = gradients.get(variable) else { continue };
            square += compute::sum_of_squares(gradient)?;
            updates.push((name, variable, gradient));
        }
        let norm = square.sqrt();
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
    /// One step on `variables`, always the same ones in the same order.
    ///
    /// # Errors
    /// When candle fails.
    pub fn step(&mut self, spec: &AdamSpec, variables: &[&Var], gradients: &GradStore) -> Result<()> {
        if self.moments.is_empty() {
            self.moments = variables.iter().map(|v| [vec![0.0; v.elem_count()], vec![0.0; v.elem_count()]]).collect();
        }
        self.steps += 1;
        let (first_decay, second_decay) = spec.betas;
        let first_correction = 1.0 - first_decay.powi(self.steps as i32);
        let second_correction = (1.0 - second_decay.powi(self.steps as i32)).sqrt();
        for (variable, [first, second]) in variables.iter().zip(&mut self.moments) {
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
        close(&run(|p, g| adam.step(&spec, &[p], g).unwrap()), &ADAM);
    }
}
