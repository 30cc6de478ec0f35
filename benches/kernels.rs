//! The kernels of `compute` at the three stages of the supernet (batch 100; 16, 32 and 64 channels).
//!
//! `cargo bench --bench kernels` on idle cores. Throughputs of convolutions and cells are in multiplications and additions
//! a second of the direct convolution ("Gelem/s" reads GFLOP/s), the others in elements of x. Gradients of x, w and p as
//! named; "forward and backward" includes that of the tape.

use std::hint::black_box;
use std::time::Duration;

use candle_core::backprop::GradStore;
use candle_core::{Device, Tensor, Var};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use heart_darts::compute::{self, Coefficients, Options, Tape};
use heart_darts::support::random::Generator;

/// (channels, samples) of the supernet's stages.
const STAGES: [(usize, usize); 3] = [(16, 75), (32, 38), (64, 19)];
const BATCH: usize = 100;

fn variable(generator: &mut Generator, shape: &[usize], scale: f64) -> Var {
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| (scale * generator.normal()) as f32).collect();
    Var::from_tensor(&Tensor::from_vec(values, shape, &Device::Cpu).unwrap()).unwrap()
}

fn gradients(f: &impl Fn() -> Tensor) -> GradStore {
    let (loss, tape) = Tape::record(|| compute::leave(&f()).unwrap().sum_all().unwrap());
    tape.backward(&loss).unwrap()
}

/// Measures `f`, then `f` and the gradients of everything that it depends on.
fn measure(criterion: &mut Criterion, name: &str, forward: u64, both: u64, f: impl Fn() -> Tensor) {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(20).measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_secs(1));
    group.throughput(Throughput::Elements(forward));
    group.bench_function("forward", |b| b.iter(|| black_box(Tape::record(&f))));
    group.throughput(Throughput::Elements(both));
    group.bench_function("forward and backward", |b| b.iter(|| black_box(gradients(&f))));
    group.finish();
}

fn kernels(criterion: &mut Criterion) {
    compute::prepare();
    let mut generator = Generator::new(1);
    for (channels, samples) in STAGES {
        let x = variable(&mut generator, &[BATCH, samples, channels], 1.0);
        let elements = (BATCH * samples * channels) as u64;
        let flops = 2 * elements * channels as u64;
        for taps in [1, 3, 9, 27] {
            let w = variable(&mut generator, &[taps, channels, channels], 0.1);
            let name = format!("conv1d {taps} taps, {channels} channels, {samples} samples");
            let f = || compute::conv1d(&x, &w, 1, taps / 2).unwrap();
            measure(criterion, &name, taps as u64 * flops, 3 * taps as u64 * flops, f);
        }
        let w = variable(&mut generator, &[compute::EDGES * compute::ALL_TAPS, channels, channels], 0.05);
        let p = variable(&mut generator, &[compute::EDGES, compute::OPERATIONS], 1.0);
        let x1 = variable(&mut generator, &[BATCH, samples, channels], 1.0);
        for stride in [1, 2] {
            let wiring = compute::mixed_wiring(stride).unwrap();
            let all = compute::EDGES as u64 * compute::ALL_TAPS as u64 * flops / stride as u64;
            for weight_gradient in [true, false] {
                let options = Options { weight_gradient, ..Options::default() };
                let kind = if weight_gradient { "weights" } else { "alpha only" };
                let name =
                    format!("cell of the supernet, stride {stride} ({kind}), {channels} channels, {samples} samples");
                let inputs = [x.as_tensor(), x1.as_tensor()];
                let f = || compute::cell(&wiring, inputs, &[], &w, Coefficients::Mix(&p), &options).unwrap().0;
                measure(criterion, &name, all, if weight_gradient { 3 } else { 2 } * all, f);
            }
        }
        let (scale, shift) = (variable(&mut generator, &[channels], 1.0), variable(&mut generator, &[channels], 1.0));
        let affine = Some((scale.as_tensor(), shift.as_tensor()));
        let name = format!("batch_norm with ReLU, {channels} channels, {samples} samples");
        measure(criterion, &name, elements, elements, || compute::batch_norm(&x, affine, 1e-5, true).unwrap().0);
        let name = format!("max_pool1d 3, {channels} channels, {samples} samples");
        measure(criterion, &name, elements, elements, || compute::max_pool1d(&x, 3, 1).unwrap());
        let name = format!("addition, {channels} channels, {samples} samples");
        measure(criterion, &name, elements, elements, || compute::add(&x, &x).unwrap());
        let filter = variable(&mut generator, &[1, channels, channels / 2], 0.1);
        let name = format!("halving, {channels} channels, {samples} samples");
        measure(criterion, &name, elements, elements, || compute::relu_halve(&x, &filter, &filter).unwrap());
    }
}

criterion_group!(benches, kernels);
criterion_main!(benches);
