//! What the tests share: differentiating, and comparing with twins and with differences.

use candle_core::{DType, Device, Result, Tensor, Var};
use heart_darts::compute::{self, Tape};
use heart_darts::support::random::Generator;

/// Standard normal values.
pub fn normal(generator: &mut Generator, shape: &[usize]) -> Tensor {
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| generator.normal() as f32).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

/// A function of some tensors.
pub type Function<'a> = &'a dyn Fn(&[Tensor]) -> Result<Tensor>;

/// y and the gradient of Σ y·weights for every argument.
pub fn differentiate(f: Function, arguments: &[Tensor], weights: Option<&Tensor>) -> (Tensor, Vec<Tensor>) {
    let variables: Vec<Var> = arguments.iter().map(|a| Var::from_tensor(a).unwrap()).collect();
    let tensors: Vec<Tensor> = variables.iter().map(|v| v.as_tensor().clone()).collect();
    let (y, tape) = Tape::record(|| compute::leave(&f(&tensors).unwrap()).unwrap());
    let loss = match weights {
        Some(weights) => (&y * weights.to_dtype(y.dtype()).unwrap()).unwrap().sum_all().unwrap(),
        None => y.sum_all().unwrap(),
    };
    let gradients = tape.backward(&loss).unwrap();
    let of = |v: &Var| gradients.get(v).cloned().unwrap_or_else(|| v.zeros_like().unwrap());
    (y, variables.iter().map(of).collect())
}

pub fn floats(tensor: &Tensor) -> Vec<f64> {
    tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// Largest difference over largest value.
pub fn distance(a: &Tensor, b: &Tensor) -> f64 {
    assert_eq!(a.dims(), b.dims());
    let (a, b) = (floats(a), floats(b));
    let scale = b.iter().fold(1e-6f64, |m, v| m.max(v.abs()));
    assert!(a.iter().chain(&b).all(|v| v.is_finite()), "not finite");
    a.iter().zip(&b).fold(0f64, |m, (a, b)| m.max((a - b).abs())) / scale
}

/// The kernel equals the twin, computed in f64, in its result and all its gradients.
pub fn assert_twins(label: &str, fast: Function, twin: Function, arguments: &[Tensor], generator: &mut Generator) {
    let weights = normal(generator, fast(arguments).unwrap().dims());
    let wide: Vec<Tensor> = arguments.iter().map(|a| a.to_dtype(DType::F64).unwrap()).collect();
    let (y, gradients) = differentiate(fast, arguments, Some(&weights));
    let (expected, expected_gradients) = differentiate(twin, &wide, Some(&weights));
    let error = distance(&y, &expected);
    assert!(error < 1e-4, "{label}: output off by {error:e}");
    for (i, (g, e)) in gradients.iter().zip(&expected_gradients).enumerate() {
        let error = distance(g, e);
        assert!(error < 1e-4, "{label}: gradient of argument {i} off by {error:e}");
    }
}

/// The twin's gradients, in f64, equal central differences of its sum.
pub fn assert_differences(label: &str, twin: Function, arguments: &[Tensor], generator: &mut Generator) {
    let wide: Vec<Tensor> = arguments.iter().map(|a| a.to_dtype(DType::F64).unwrap()).collect();
    let weights = normal(generator, twin(&wide).unwrap().dims()).to_dtype(DType::F64).unwrap();
    let (_, gradients) = differentiate(twin, &wide, Some(&weights));
    let loss = |arguments: &[Tensor]| -> f64 {
        (twin(arguments).unwrap() * &weights).unwrap().sum_all().unwrap().to_scalar().unwrap()
    };
    let step = 1e-6;
    for (which, gradient) in gradients.iter().enumerate() {
        let gradient = floats(gradient);
        let scale = gradient.iter().fold(1e-3f64, |m, g| m.max(g.abs()));
        for _ in 0..12 {
            let place = generator.below(gradient.len());
            let at = |by: f64| {
                let mut values = floats(&wide[which]);
                values[place] += by;
                let mut moved = wide.clone();
                moved[which] = Tensor::from_vec(values, wide[which].shape(), &Device::Cpu).unwrap();
                loss(&moved)
            };
            let difference = (at(step) - at(-step)) / (2.0 * step);
            let error = (difference - gradient[place]).abs() / scale;
            assert!(error < 1e-5, "{label}: argument {which}[{place}]: {} but {difference}", gradient[place]);
        }
    }
}
