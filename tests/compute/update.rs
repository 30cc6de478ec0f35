//! What an optimiser does to weights.

use candle_core::Var;
use heart_darts::compute;
use heart_darts::support::random::Generator;

use crate::twins::{floats, normal};

/// Sums and moves of more than one stretch, of strided gradients too, against the definition.
#[test]
fn update_moves_every_value_and_sum_of_squares_sums_them() {
    let mut generator = Generator::new(17);
    let start = normal(&mut generator, &[300, 211]);
    let gradient = normal(&mut generator, &[211, 300]).t().unwrap();
    let (values, gradients) = (floats(&start), floats(&gradient));
    let sum: f64 = gradients.iter().map(|g| g * g).sum();
    assert!((compute::sum_of_squares(&gradient).unwrap() - sum).abs() < 1e-12 * sum);
    let variable = Var::from_tensor(&start).unwrap();
    let mut state: Vec<f32> = (0..values.len()).map(|i| i as f32).collect();
    compute::update(&variable, &gradient, [&mut state], |v, g, [s]| (v - 0.5 * g, [s + g])).unwrap();
    for (i, (found, g)) in floats(&variable).iter().zip(&gradients).enumerate() {
        assert_eq!(*found, f64::from(values[i] as f32 - 0.5 * *g as f32));
        assert_eq!(state[i], i as f32 + *g as f32);
    }
}
