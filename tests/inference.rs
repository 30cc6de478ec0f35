//! The compiled network against its twin, the forward pass through tensors, and against itself in other company.

use candle_core::{Device, Tensor};
use heart_darts::cell::{CellGenotype, Genotype, Input, Operation, Origin};
use heart_darts::network::{
    Compiled, Derived, DerivedSpec, Evaluator, InputShape, Network, Pass, Purpose, Supernet, SupernetSpec,
};
use heart_darts::support::random::Generator;

const PURPOSES: [Purpose; 2] = [Purpose::Throughput, Purpose::Latency];

fn normal(generator: &mut Generator, n: usize) -> Vec<f32> {
    (0..n).map(|_| generator.normal() as f32).collect()
}

fn cell(generator: &mut Generator, nodes: usize) -> CellGenotype {
    let node = |i: usize, generator: &mut Generator| {
        let first = generator.below(2 + i);
        let second = (first + 1 + generator.below(1 + i)) % (2 + i);
        [first, second].map(|from| Input { operation: Operation::ALL[generator.below(9)], from })
    };
    CellGenotype { nodes: (0..nodes).map(|i| node(i, generator)).collect() }
}

/// A network with weights of a size that keeps signals alive, and statistics that are not those of the start.
fn network(generator: &mut Generator, genotype: &Genotype, spec: &DerivedSpec, input: &InputShape) -> Derived {
    let network = Derived::new(genotype, spec, input, generator).unwrap();
    let mut changed = |name: &str, tensor: &Tensor| {
        let mut one = |old: f32| match name {
            _ if name.ends_with("running_var") => generator.uniform_in(0.2, 0.8),
            _ if name.ends_with("running_mean") => 0.2 * generator.normal() as f32,
            _ if tensor.dims().len() == 1 => old + 0.3 * generator.normal() as f32,
            _ => old,
        };
        let old: Vec<f32> = tensor.flatten_all().unwrap().to_vec1().unwrap();
        let new: Vec<f32> = old.into_iter().map(&mut one).collect();
        (name.to_owned(), Tensor::from_vec(new, tensor.shape(), &Device::Cpu).unwrap())
    };
    let tensors = network.store().export().unwrap();
    let tensors = tensors.iter().map(|(name, tensor)| changed(name, tensor)).collect();
    network.store().import(&tensors).unwrap();
    network
}

fn twin(network: &dyn Network, beats: &[f32], shape: [usize; 3]) -> Vec<f32> {
    let beats = Tensor::from_slice(beats, &shape[..], &Device::Cpu).unwrap();
    network.logits(&beats, &Pass::evaluation()).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn compiled_equals_its_twin_anywhere() {
    let mut generator = Generator::new(1);
    // (leads, samples, channels, layers, batch), then random ones; 8 channels make 32 of a cell, as many as the stem's.
    let mut cases = vec![[2, 300, 16, 15, 1], [1, 1, 2, 3, 1], [3, 301, 8, 3, 7], [4, 37, 20, 4, 13], [2, 75, 8, 6, 3]];
    for _ in 0..30 {
        let [leads, channels, layers] = [1 + generator.below(3), 2 + generator.below(20), 3 + generator.below(13)];
        cases.push([leads, 1 + generator.below(310), channels, layers, 1 + generator.below(20)]);
    }
    for (i, [leads, samples, channels, layers, batch]) in cases.into_iter().enumerate() {
        let nodes = 1 + generator.below(4);
        let nodes = if i < 5 { 4 } else { nodes };
        let cells = [cell(&mut generator, nodes), cell(&mut generator, nodes)];
        let [normal_cell, reduction] = cells;
        let genotype = Genotype::new(normal_cell, reduction, Origin::default());
        let Ok(genotype) = genotype else { continue };
        let spec = DerivedSpec { channels, layers, shortcuts: i % 3 != 1, ..DerivedSpec::default() };
        let input = InputShape { leads, samples, classes: 5 };
        let network = network(&mut generator, &genotype, &spec, &input);
        let shape = [batch, leads, samples];
        let beats = normal(&mut generator, batch * leads * samples);
        let expected = twin(&network, &beats, shape);
        let scale = expected.iter().fold(1e-6f32, |m, v| m.max(v.abs()));
        assert!(expected.iter().all(|v| v.is_finite()), "{spec:?} {shape:?}");
        for purpose in PURPOSES {
            let found = Compiled::new(&network, purpose).unwrap().logits(&beats, shape).unwrap();
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(&expected) {
                let error = (found - expected).abs() / scale;
                assert!(error < 1e-4, "{purpose:?} {spec:?} {shape:?} {genotype:?}: off by {error:e}");
            }
        }
    }
}

fn peer() -> Genotype {
    Genotype::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/cell/peer.ron").as_ref()).unwrap()
}

#[test]
fn a_beat_has_the_same_bits_in_any_company_on_any_number_of_threads() {
    let mut generator = Generator::new(2);
    let input = InputShape { leads: 2, samples: 151, classes: 5 };
    let network = network(&mut generator, &peer(), &DerivedSpec { layers: 6, ..DerivedSpec::default() }, &input);
    let beats = normal(&mut generator, 40 * 302);
    for purpose in PURPOSES {
        let evaluator = Compiled::new(&network, purpose).unwrap();
        let on = |threads: usize, beats: &[f32]| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let shape = [beats.len() / 302, 2, 151];
            let logits = pool.install(|| evaluator.logits(beats, shape)).unwrap();
            logits.iter().map(|logit| logit.to_bits()).collect::<Vec<_>>()
        };
        let all = on(1, &beats);
        for threads in [1, 2, 3, 5, 16] {
            assert_eq!(on(threads, &beats), all, "{purpose:?}, {threads} threads");
            let mut first = 0;
            for batch in [1, 2, 3, 4, 5, 6, 7, 11] {
                let found = on(threads, &beats[first * 302..(first + batch) * 302]);
                let expected = &all[first * 5..(first + batch) * 5];
                assert_eq!(found, expected, "{purpose:?}, {batch} beats on {threads} threads");
                first += batch;
            }
        }
    }
}

#[test]
fn a_number_that_is_none_stays_in_its_beat() {
    let mut generator = Generator::new(3);
    let input = InputShape { leads: 1, samples: 80, classes: 5 };
    let network = network(&mut generator, &peer(), &DerivedSpec { layers: 4, ..DerivedSpec::default() }, &input);
    for purpose in PURPOSES {
        let evaluator = Compiled::new(&network, purpose).unwrap();
        let mut beats = normal(&mut generator, 9 * 80);
        let before = evaluator.logits(&beats, [9, 1, 80]).unwrap();
        beats[4 * 80 + 40] = f32::NAN;
        let after = evaluator.logits(&beats, [9, 1, 80]).unwrap();
        assert!(after[20..25].iter().all(|logit| logit.is_nan()));
        assert_eq!((&after[..20], &after[25..]), (&before[..20], &before[25..]), "{purpose:?}");
    }
}

#[test]
fn beats_of_another_shape_are_refused_and_none_have_no_logits() {
    let input = InputShape { leads: 2, samples: 50, classes: 5 };
    let spec = DerivedSpec { channels: 4, layers: 3, shortcuts: true, ..DerivedSpec::default() };
    let network = Derived::new(&peer(), &spec, &input, &mut Generator::new(0)).unwrap();
    let evaluator = network.evaluator().unwrap();
    for (values, shape) in [(150, [3, 1, 50]), (306, [3, 2, 51]), (299, [3, 2, 50])] {
        let error = evaluator.logits(&vec![0.0; values], shape).unwrap_err().to_string();
        assert!(error.contains("expected [batch, 2, 50]"), "{error}");
    }
    assert!(evaluator.logits(&[], [0, 2, 50]).unwrap().is_empty());
}

#[test]
fn a_supernet_evaluates_by_its_tensors() {
    let mut generator = Generator::new(4);
    let input = InputShape { leads: 1, samples: 60, classes: 5 };
    let supernet = Supernet::new(&SupernetSpec { channels: 4, layers: 3 }, &input, &mut generator).unwrap();
    let beats = normal(&mut generator, 120);
    let found = supernet.evaluator().unwrap().logits(&beats, [2, 1, 60]).unwrap();
    assert_eq!(found, twin(&supernet, &beats, [2, 1, 60]));
}
