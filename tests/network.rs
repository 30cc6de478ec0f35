//! The networks against PyTorch's: logits, gradients and running statistics of the same weights, within 1e-4 of each
//! tensor's largest value, but for gradients of deep networks (`fixtures/network/make.py` made the golden values, in double precision).

use std::collections::{BTreeMap, HashMap};

use candle_core::{Device, Tensor, Var};
use heart_darts::cell::Genotype;
use heart_darts::compute::Tape;
use heart_darts::network::{
    Baseline, DerivedSpec, InputShape, Network, NetworkSpec, Pass, ResidualSpec, Supernet, SupernetSpec,
};
use heart_darts::support::random::Generator;
use heart_darts::train::cross_entropy;
use serde::Deserialize;

const TOLERANCE: f64 = 1e-4;
/// For gradients of the paper's deep networks. Of their million rectifiers some have an input within single precision's
/// rounding of 0; each that opens on one side only moves the gradients before it by up to a few percent. The shallow
/// networks, which have the same parts, are held to [`TOLERANCE`].
const TOLERANCE_OF_DEEP_GRADIENTS: f64 = 5e-2;

#[derive(Deserialize)]
struct Case {
    kind: String,
    leads: usize,
    samples: usize,
    batch: usize,
    channels: usize,
    layers: usize,
    shortcuts: bool,
    beats: String,
    evaluated: Vec<Vec<f64>>,
    logits: Vec<Vec<f64>>,
    loss: f64,
    gradients: BTreeMap<String, Sample>,
    statistics: BTreeMap<String, Sample>,
}

/// Every `step`-th value of a tensor, and the largest magnitude in it.
#[derive(Deserialize)]
struct Sample {
    largest: f64,
    step: usize,
    values: Vec<f64>,
}

/// The pseudo-random numbers of make.py.
fn values(name: &str, n: usize) -> Vec<f32> {
    let seed = name.bytes().fold(0x811C_9DC5u32, |h, byte| (h ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let value = |i: usize| {
        let mut h = (i as u32).wrapping_mul(2_654_435_761).wrapping_add(seed);
        for _ in 0..2 {
            h ^= h >> 16;
            h = h.wrapping_mul(0x045D_9F3B);
        }
        h ^= h >> 16;
        (f64::from(h) / f64::from(1u32 << 31) - 1.0) as f32
    };
    (0..n).map(value).collect()
}

/// A tensor of the state dictionary, as make.py fills it.
fn tensor(name: &str, shape: &[usize]) -> Tensor {
    let raw = values(name, shape.iter().product());
    let scaled = |v: f32| {
        let v = f64::from(v);
        let filled = if name.ends_with("running_var") {
            1.0 + 0.5 * v
        } else if name.ends_with("running_mean") || name.ends_with("bias") {
            0.1 * v
        } else if shape.len() == 1 {
            1.0 + 0.25 * v
        } else {
            v / f64::from((shape[1..].iter().product::<usize>() as f64).sqrt() as f32)
        };
        filled as f32
    };
    Tensor::from_vec(raw.into_iter().map(scaled).collect::<Vec<_>>(), shape, &Device::Cpu).unwrap()
}

/// Fills a network, and returns its beats and classes.
fn fill(case: &Case, network: &dyn Network) -> (Tensor, Vec<u32>) {
    let exported = network.store().export().unwrap();
    let filled: HashMap<_, _> = exported.iter().map(|(name, t)| (name.clone(), tensor(name, t.dims()))).collect();
    network.store().import(&filled).unwrap();
    let shape = (case.batch, case.leads, case.samples);
    let beats = Tensor::from_vec(values(&case.beats, shape.0 * shape.1 * shape.2), shape, &Device::Cpu).unwrap();
    (beats, (0..case.batch as u32).map(|i| i % 5).collect())
}

fn close(what: &str, found: &[f32], sample: &Sample, tolerance: f64) {
    let scale = sample.largest.max(1e-7);
    for (i, expected) in sample.values.iter().enumerate() {
        let found = f64::from(found[i * sample.step]);
        let error = (found - expected).abs() / scale;
        assert!(
            error < tolerance,
            "{what}[{}]: found {found}, expected {expected}, {error:.1e} of the largest",
            i * sample.step
        );
    }
}

fn close_logits(what: &str, found: &Tensor, expected: &[Vec<f64>]) {
    let expected: Vec<f64> = expected.concat();
    let largest = expected.iter().fold(0f64, |a, b| a.max(b.abs()));
    close(
        what,
        &found.flatten_all().unwrap().to_vec1().unwrap(),
        &Sample { largest, step: 1, values: expected },
        TOLERANCE,
    );
}

fn check(case: &Case, network: &dyn Network, alphas: &[(&str, &Var)]) {
    let what = format!("{} of {} channels and {} layers", case.kind, case.channels, case.layers);
    let (beats, classes) = fill(case, network);
    for (name, alpha) in alphas {
        let n = alpha.elem_count();
        alpha.set(&Tensor::from_vec(values(name, n), alpha.shape(), &Device::Cpu).unwrap()).unwrap();
    }
    close_logits(&what, &network.logits(&beats, &Pass::evaluation()).unwrap(), &case.evaluated);

    let (logits, tape) = Tape::record(|| network.logits(&beats, &Pass::weights()).unwrap());
    close_logits(&what, &logits, &case.logits);
    let loss = cross_entropy(&logits, &classes, None, 0.0).unwrap();
    assert!((f64::from(loss.to_scalar::<f32>().unwrap()) - case.loss).abs() < TOLERANCE * case.loss, "{what}");
    let after = network.store().export().unwrap();
    for (name, sample) in &case.statistics {
        close(&format!("{what}: {name}"), &after[name].flatten_all().unwrap().to_vec1().unwrap(), sample, TOLERANCE);
    }

    let tolerance = if case.layers > 5 { TOLERANCE_OF_DEEP_GRADIENTS } else { TOLERANCE };
    // Gradients under the names of files: the store exports whatever its variables hold.
    let gradients = tape.backward(&loss).unwrap();
    for (_, variable) in network.store().variables() {
        variable.set(&gradients.get(variable).expect("a gradient for every weight").copy().unwrap()).unwrap();
    }
    let exported = network.store().export().unwrap();
    let mut compared = 0;
    for (name, sample) in case.gradients.iter().filter(|(name, _)| !name.starts_with("alpha")) {
        close(
            &format!("{what}: gradient of {name}"),
            &exported[name].flatten_all().unwrap().to_vec1().unwrap(),
            sample,
            tolerance,
        );
        compared += 1;
    }
    let weights = exported.keys().filter(|name| !name.contains("running")).count();
    assert_eq!(compared, weights, "{what}: every weight is compared");

    // Alpha learns in a pass of its own, in which the weights get no gradients.
    if !alphas.is_empty() {
        fill(case, network);
        let (logits, tape) = Tape::record(|| network.logits(&beats, &Pass::alpha()).unwrap());
        let gradients = tape.backward(&cross_entropy(&logits, &classes, None, 0.0).unwrap()).unwrap();
        for (name, alpha) in alphas {
            let found = gradients.get(alpha).unwrap().flatten_all().unwrap().to_vec1().unwrap();
            close(&format!("{what}: gradient of {name}"), &found, &case.gradients[*name], tolerance);
        }
        assert!(network.store().variables().all(|(_, variable)| gradients.get(variable).is_none()));
    }
}

fn cases(kind: &str) -> Vec<Case> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/network/golden.json");
    let cases: Vec<Case> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    cases.into_iter().filter(|case| case.kind == kind).collect()
}

fn input(case: &Case) -> InputShape {
    InputShape { leads: case.leads, samples: case.samples, classes: 5 }
}

fn peer() -> Genotype {
    Genotype::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/cell/peer.ron").as_ref()).unwrap()
}

#[test]
fn the_supernet_is_pytorchs() {
    for case in cases("supernet") {
        let spec = SupernetSpec { channels: case.channels, layers: case.layers };
        let supernet = Supernet::new(&spec, &input(&case), &mut Generator::new(0)).unwrap();
        let [normal, reduction] = supernet.alphas();
        check(&case, &supernet, &[("alpha_normal", normal), ("alpha_reduction", reduction)]);
    }
}

#[test]
fn the_derived_network_is_pytorchs() {
    for case in cases("derived") {
        let shape = DerivedSpec {
            channels: case.channels,
            layers: case.layers,
            shortcuts: case.shortcuts,
            ..DerivedSpec::default()
        };
        let spec = NetworkSpec::Derived { shape, genotype: peer() };
        check(&case, spec.build(&input(&case), &mut Generator::new(0)).unwrap().as_ref(), &[]);
    }
}

#[test]
fn the_networks_designed_by_hand_are_pytorchs() {
    let residual = Baseline::Residual(ResidualSpec { channels: 6, stages: 3, blocks: 2, taps: 5 });
    for (kind, baseline) in [("cnn-9", Baseline::Cnn9), ("cnn-11", Baseline::Cnn11), ("residual", residual)] {
        let found = cases(kind);
        assert!(!found.is_empty());
        for case in found {
            let network = NetworkSpec::Baseline(baseline).build(&input(&case), &mut Generator::new(0)).unwrap();
            check(&case, network.as_ref(), &[]);
        }
    }
}

#[test]
fn parameters_without_building_are_those_of_the_network() {
    let small = ResidualSpec { channels: 5, stages: 2, blocks: 3, taps: 3 };
    for baseline in [Baseline::Cnn9, Baseline::Cnn11, Baseline::ResNet31, Baseline::Residual(small)] {
        let spec = NetworkSpec::Baseline(baseline);
        let input = InputShape { leads: 2, samples: 300, classes: 5 };
        let network = spec.build(&input, &mut Generator::new(0)).unwrap();
        assert_eq!(spec.parameters(&input).unwrap() as usize, network.store().parameters(), "{spec}");
    }
    // The network of 31 convolutions is about as large as the paper's derived one (1.04 million).
    let input = InputShape { leads: 2, samples: 300, classes: 5 };
    let parameters = NetworkSpec::Baseline(Baseline::ResNet31).parameters(&input).unwrap();
    assert!((900_000..1_300_000).contains(&parameters), "{parameters}");
}

#[test]
fn beats_too_short_for_a_network_are_an_error() {
    let input = InputShape { leads: 1, samples: 60, classes: 5 };
    let error = NetworkSpec::Baseline(Baseline::Cnn11).build(&input, &mut Generator::new(0)).err().unwrap();
    assert!(error.to_string().contains("CNN-11") && error.to_string().contains("60 samples"), "{error}");
}

#[test]
fn counts_without_building_are_those_of_the_network() {
    use heart_darts::cell::{Shape, counts};
    for (channels, layers) in [(16, 15), (6, 5)] {
        let spec = NetworkSpec::Derived {
            shape: DerivedSpec { channels, layers, ..DerivedSpec::default() },
            genotype: peer(),
        };
        let input = InputShape { leads: 2, samples: 300, classes: 5 };
        let network = spec.build(&input, &mut Generator::new(0)).unwrap();
        let shape = Shape { leads: 2, samples: 300, channels, layers, classes: 5 };
        assert_eq!(counts(&peer(), &shape).unwrap().parameters as usize, network.store().parameters());
    }
}

#[test]
fn beats_of_another_shape_are_refused() {
    let spec = NetworkSpec::Derived {
        shape: DerivedSpec { channels: 4, layers: 3, ..DerivedSpec::default() },
        genotype: peer(),
    };
    let network = spec.build(&InputShape { leads: 2, samples: 50, classes: 5 }, &mut Generator::new(0)).unwrap();
    let one_lead = Tensor::zeros((3, 1, 50), candle_core::DType::F32, &Device::Cpu).unwrap();
    let error = network.logits(&one_lead, &Pass::evaluation()).unwrap_err().to_string();
    assert!(error.contains("1 leads") && error.contains("expected 2"), "{error}");
}

#[test]
fn weights_that_do_not_fit_change_nothing() {
    let spec = NetworkSpec::Derived {
        shape: DerivedSpec { channels: 4, layers: 3, ..DerivedSpec::default() },
        genotype: peer(),
    };
    let input = InputShape { leads: 1, samples: 50, classes: 5 };
    let network = spec.build(&input, &mut Generator::new(1)).unwrap();
    let content = || -> Vec<Vec<f32>> {
        let exported = network.store().export().unwrap();
        exported.values().map(|tensor| tensor.flatten_all().unwrap().to_vec1().unwrap()).collect()
    };
    let before = content();
    let good: HashMap<_, _> =
        spec.build(&input, &mut Generator::new(2)).unwrap().store().export().unwrap().into_iter().collect();
    let mut missing = good.clone();
    missing.remove("head.bias");
    let mut shaped = good.clone();
    shaped.insert("head.bias".into(), Tensor::zeros(7, candle_core::DType::F32, &Device::Cpu).unwrap());
    let mut unknown = good.clone();
    unknown.insert("heart".into(), good["head.bias"].clone());
    for (weights, word) in [(missing, "found none"), (shaped, "[7]"), (unknown, "heart")] {
        let error = network.store().import(&weights).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
        assert!(content() == before);
    }
    network.store().import(&good).unwrap();
}

/// The second classifier changes how a network learns, not what it is: the same weights and logits beside it, its loss at 0.4, the
/// gradients those of the sum.
#[test]
fn an_auxiliary_classifier_adds_its_loss() {
    use heart_darts::beat::Batch;
    use heart_darts::train::{LossOptions, gradients};
    let input = InputShape { leads: 2, samples: 60, classes: 5 };
    let build = |auxiliary| {
        let shape = DerivedSpec { channels: 4, layers: 6, auxiliary, ..DerivedSpec::default() };
        let spec = NetworkSpec::Derived { shape, genotype: peer() };
        let network = spec.build(&input, &mut Generator::new(5)).unwrap();
        assert_eq!(spec.parameters(&input).unwrap() as usize, network.store().parameters());
        network
    };
    let (plain, both) = (build(false), build(true));
    // 4 channels, doubled twice, of 4 nodes; 5 classes with a bias each.
    assert_eq!(both.store().parameters() - plain.store().parameters(), 64 * 5 + 5);
    let beats = Tensor::from_vec(values("auxiliary", 7 * 2 * 60), (7, 2, 60), &Device::Cpu).unwrap();
    let logits = |network: &dyn Network| {
        let (logits, _) = Tape::record(|| network.logits(&beats, &Pass::weights()).unwrap());
        logits.flatten_all().unwrap().to_vec1::<f32>().unwrap()
    };
    assert_eq!(logits(plain.as_ref()), logits(both.as_ref()));

    let classes = vec![0, 1, 2, 3, 4, 0, 1];
    let batch =
        || Batch { values: values("auxiliary", 7 * 2 * 60), classes: classes.clone(), channels: 2, samples: 60 };
    let (seen, found) = gradients(both.as_ref(), batch(), &Pass::weights(), LossOptions::default()).unwrap();
    let (alone, _) = gradients(plain.as_ref(), batch(), &Pass::weights(), LossOptions::default()).unwrap();
    assert_eq!(seen, alone);
    // The same sum by candle's operations, a step to either side.
    let cross_entropy = |logits: &Tensor| {
        let reference = Tensor::new(classes.clone(), &Device::Cpu).unwrap();
        candle_nn::loss::cross_entropy(logits, &reference).unwrap().to_scalar::<f32>().unwrap()
    };
    let loss = || {
        let pass = Pass::weights();
        let (main, _) = Tape::record(|| both.logits(&beats, &pass).unwrap());
        let beside = pass.take_auxiliary();
        assert_eq!(beside.len(), 1);
        cross_entropy(&main) + 0.4 * cross_entropy(&beside[0])
    };
    let step = 1e-2;
    for name in ["auxiliary.weight", "head.weight", "stem.conv.weight"] {
        let (_, variable) = both.store().variables().find(|(known, _)| *known == name).unwrap();
        let gradient = found.get(variable).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let before = variable.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let set = |i: usize, by: f32| {
            let mut moved = before.clone();
            moved[i] += by;
            variable.set(&Tensor::from_vec(moved, variable.shape(), &Device::Cpu).unwrap()).unwrap();
            loss()
        };
        let largest = gradient.iter().fold(0f32, |m, g| m.max(g.abs()));
        for i in (0..gradient.len()).step_by(gradient.len() / 7) {
            let slope = (set(i, step) - set(i, -step)) / (2.0 * step);
            assert!((slope - gradient[i]).abs() < 0.05 * largest, "{name} {i}: {slope}, found {}", gradient[i]);
        }
        set(0, 0.0);
    }
}

/// Dropping almost nothing, the way through single layers gives what the cell as one operation gives.
#[test]
fn the_layers_of_a_derived_cell_are_the_cell() {
    let spec = NetworkSpec::Derived {
        shape: DerivedSpec { channels: 6, layers: 5, ..DerivedSpec::default() },
        genotype: peer(),
    };
    let network = spec.build(&InputShape { leads: 2, samples: 101, classes: 5 }, &mut Generator::new(3)).unwrap();
    let beats = Tensor::from_vec(values("layers", 7 * 2 * 101), (7, 2, 101), &Device::Cpu).unwrap();
    let gradients = |pass: &Pass| {
        let (logits, tape) = Tape::record(|| network.logits(&beats, pass).unwrap());
        (tape.backward(&logits.sqr().unwrap().sum_all().unwrap()).unwrap(), logits)
    };
    let (at_once, logits) = gradients(&Pass::weights());
    let (by_layers, same) = gradients(&Pass::weights_with_drop_path(1e-12, Generator::new(4)));
    let all = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let close = |a: &Tensor, b: &Tensor| {
        let scale = all(b).iter().fold(1e-3f32, |m, v| m.max(v.abs()));
        all(a).iter().zip(all(b)).all(|(a, b)| (a - b).abs() < 1e-4 * scale)
    };
    assert!(close(&logits, &same));
    for (name, variable) in network.store().variables() {
        assert!(close(at_once.get(variable).unwrap(), by_layers.get(variable).unwrap()), "{name}");
    }
    let (dropped, _) = gradients(&Pass::weights_with_drop_path(0.5, Generator::new(5)));
    assert!(network.store().variables().all(|(_, variable)| dropped.get(variable).is_some()));
}
