//! Preprocessing of one lead of a half-hour record: `cargo bench --bench signal`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use heart_darts::signal::Preprocessing;

fn preprocessing(criterion: &mut Criterion) {
    let samples: Vec<f32> = (0..650_000).map(|i| (0.01 * i as f32).sin() + 0.1 * (0.7 * i as f32).cos()).collect();
    let default = Preprocessing::default();
    criterion.bench_function("default preprocessing, 650 000 samples at 360 Hz", |bencher| {
        bencher.iter(|| default.apply_record(black_box(samples.clone()), 360.0));
    });
}

criterion_group!(benches, preprocessing);
criterion_main!(benches);
