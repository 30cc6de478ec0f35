//! The derived network of 15 cells in evaluation: beats a second in batches of 256, and the time that one beat takes.
//!
//! `cargo bench --bench inference` on idle cores; `RAYON_NUM_THREADS` sets the threads. The weights are random: the
//! arithmetic is that of a trained network. "tensors" is the forward pass through candle, which training uses.

use std::hint::black_box;
use std::time::Duration;

use candle_core::{Device, Tensor};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use heart_darts::cell::Genotype;
use heart_darts::compute;
use heart_darts::network::{Derived, DerivedSpec, InputShape, Network, Pass};
use heart_darts::support::random::Generator;

const INPUT: InputShape = InputShape { leads: 2, samples: 300, classes: 5 };

/// Every operation: 110 million multiplications and additions a beat if done one by one.
fn genotype() -> Genotype {
    let text = "(
        version: 1,
        normal: (nodes: [
            [(operation: conv9, from: 0), (operation: conv5, from: 1)],
            [(operation: conv13, from: 0), (operation: conv3, from: 2)],
            [(operation: skip, from: 0), (operation: conv27, from: 1)],
            [(operation: max3, from: 1), (operation: conv17, from: 3)],
        ]),
        reduction: (nodes: [
            [(operation: max5, from: 0), (operation: conv9, from: 1)],
            [(operation: conv5, from: 0), (operation: conv13, from: 1)],
            [(operation: skip, from: 2), (operation: conv17, from: 1)],
            [(operation: conv3, from: 3), (operation: conv27, from: 0)],
        ]),
    )";
    Genotype::parse(text, "benches/inference.rs").unwrap()
}

fn inference(criterion: &mut Criterion) {
    compute::prepare();
    let mut generator = Generator::new(1);
    let network = Derived::new(&genotype(), &DerivedSpec::default(), &INPUT, &mut generator).unwrap();
    let mut group = criterion.benchmark_group("inference");
    group.sample_size(20).measurement_time(Duration::from_secs(4)).warm_up_time(Duration::from_secs(1));
    for batch in [1, 256] {
        let shape = [batch, INPUT.leads, INPUT.samples];
        let beats: Vec<f32> = (0..shape.iter().product()).map(|_| generator.normal() as f32).collect();
        let tensor = Tensor::from_slice(&beats, &shape[..], &Device::Cpu).unwrap();
        let compiled = network.evaluator().unwrap();
        group.throughput(Throughput::Elements(batch as u64));
        group.bench_function(format!("compiled, batch of {batch}"), |b| {
            b.iter(|| black_box(compiled.logits(&beats, shape).unwrap()));
        });
        group.bench_function(format!("tensors, batch of {batch}"), |b| {
            b.iter(|| black_box(network.logits(&tensor, &Pass::evaluation()).unwrap()));
        });
    }
    group.bench_function("compiling", |b| b.iter(|| drop(black_box(network.evaluator().unwrap()))));
    group.finish();
}

criterion_group!(benches, inference);
criterion_main!(benches);
