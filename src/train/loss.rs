//! The loss.

use candle_core::{D, Result, Tensor};

/// Cross-entropy of logits `[batch, classes]`: the mean over beats of -Σ_c q_c log p_c, where q puts 1 - `smoothing` on
/// the reference and `smoothing` evenly on all classes (Szegedy et al. 2016), and each beat weighs as its class does in
/// `weights` (divided by the batch's sum of weights, as in PyTorch's `cross_entropy`).
///
/// # Errors
/// When the shapes do not agree.
pub fn cross_entropy(logits: &Tensor, classes: &[u32], weights: Option<&[f32]>, smoothing: f32) -> Result<Tensor> {
    let (batch, n) = logits.dims2()?;
    if classes.len() != batch {
        candle_core::bail!("found {} classes for {batch} beats", classes.len());
    }
    let weight = |class: usize| weights.map_or(1.0, |weights| weights[class]);
    let total: f32 = classes.iter().map(|&class| weight(class as usize)).sum();
    // With weights, PyTorch smooths over the weighted classes; the sum of the reference weights divides both parts.
    let mut target = vec![0f32; batch * n];
    for (row, &class) in target.chunks_mut(n).zip(classes) {
        for (c, q) in row.iter_mut().enumerate() {
            *q = smoothing / n as f32 * weight(c) / total;
        }
        row[class as usize] += (1.0 - smoothing) * weight(class as usize) / total;
    }
    let target = Tensor::from_vec(target, (batch, n), logits.device())?;
    (candle_nn::ops::log_softmax(logits, D::Minus1)? * target)?.sum_all()?.neg()
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Var};

    // import torch; import torch.nn.functional as F
    // x = torch.tensor([[0.2, -1.0, 3.0], [1.5, 0.3, -0.7]], requires_grad=True); y = torch.tensor([2, 1])
    // l = F.cross_entropy(x, y, weight=torch.tensor([1.0, 2.0, 0.5]), label_smoothing=0.1); l.backward(); print(l, x.grad)
    #[test]
    fn value_and_gradient_are_pytorchs() {
        let x = Var::new(&[[0.2f32, -1.0, 3.0], [1.5, 0.3, -0.7]], &Device::Cpu).unwrap();
        let loss = cross_entropy(&x, &[2, 1], Some(&[1.0, 2.0, 0.5]), 0.1).unwrap();
        let gradient = loss.backward().unwrap().get(&x).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert!((loss.to_scalar::<f32>().unwrap() - 1.336432).abs() < 1e-5);
        let expected = [-0.000560387, -0.02281953, 0.02337993, 0.5296327, -0.5831284, 0.05349568];
        assert!(gradient.iter().zip(expected).all(|(a, b): (&f32, f32)| (a - b).abs() < 1e-5), "{gradient:?}");
    }
}
