//! The supernet's cell and a derived one against their twins.

use std::sync::Arc;

use candle_core::{Device, Result, Tensor};
use heart_darts::compute::{self, Coefficients, Kind, Moments, Options, Path, Statistics, Wiring, mixed_wiring, plain};
use heart_darts::support::random::Generator;

use crate::twins::{assert_twins, differentiate, floats, normal};

/// A cell's arguments: inputs, filters scaled as an initialisation would, p, and in stride 2 what is added to the nodes.
pub fn cell(generator: &mut Generator, [batch, samples, channels, stride]: [usize; 4]) -> Vec<Tensor> {
    let input = [batch, samples, channels];
    let scale = 1.0 / (9.0 * channels as f64).sqrt();
    let w = normal(generator, &[compute::EDGES * compute::ALL_TAPS, channels, channels]).affine(scale, 0.0).unwrap();
    let p: Vec<f32> = (0..compute::EDGES * compute::OPERATIONS).map(|_| 0.05 + 0.1 * generator.uniform()).collect();
    let p = Tensor::from_vec(p, (compute::EDGES, compute::OPERATIONS), &Device::Cpu).unwrap();
    let mut arguments = vec![normal(generator, &input), normal(generator, &input), w, p];
    let output = [batch, (samples - 1) / stride + 1, channels];
    arguments.extend((0..compute::NODES).filter(|_| stride == 2).map(|_| normal(generator, &output)));
    arguments
}

/// The supernet's cell.
pub fn mixed_cell(stride: usize, a: &[Tensor], options: &Options) -> Result<(Tensor, Vec<Moments>)> {
    let added: Vec<_> = a[4..].iter().cloned().map(Some).collect();
    compute::cell(&mixed_wiring(stride)?, [&a[0], &a[1]], &added, &a[2], Coefficients::Mix(&a[3]), options)
}

pub fn plain_cell(stride: usize, a: &[Tensor], options: &Options) -> Result<(Tensor, Vec<Moments>)> {
    let added: Vec<_> = a[4..].iter().cloned().map(Some).collect();
    plain::cell(&*mixed_wiring(stride)?, [&a[0], &a[1]], &added, &a[2], Coefficients::Mix(&a[3]), options)
}

/// A derived cell: two paths a node, one of them a pool that the other node shares, an identity, and two convolutions from
/// one state to one node. In stride 2 something is added to the second node alone.
fn derived_wiring(stride: usize) -> Arc<Wiring> {
    let path = |state, node, kind| Path { state, node, kind, weight: 0 };
    let (conv, pool) = (|taps| Kind::Convolution { taps }, |kernel| Kind::MaxPool { kernel });
    let paths = [
        path(0, 0, conv(9)),
        path(1, 0, pool(5)),
        path(1, 1, pool(5)),
        path(2, 1, conv(27)),
        path(3, 2, Kind::Identity),
        path(0, 2, conv(3)),
        path(2, 3, conv(5)),
        path(2, 3, conv(13)),
    ];
    Arc::new(Wiring::new(4, stride, &paths).unwrap())
}

pub fn derived_arguments(generator: &mut Generator, [batch, samples, channels, stride]: [usize; 4]) -> Vec<Tensor> {
    let wiring = derived_wiring(stride);
    let scale = 1.0 / (9.0 * channels as f64).sqrt();
    let filters = normal(generator, &[wiring.taps(), channels, channels]).affine(scale, 0.0).unwrap();
    let affine = normal(generator, &[wiring.normalised(), 2, channels]);
    let mut arguments = vec![normal(generator, &[batch, samples, channels])];
    arguments.extend([normal(generator, &[batch, samples, channels]), filters, affine]);
    arguments.extend((stride == 2).then(|| normal(generator, &[batch, (samples - 1) / 2 + 1, channels])));
    arguments
}

pub fn derived_cell(stride: usize, a: &[Tensor], options: &Options, fast: bool) -> Result<(Tensor, Vec<Moments>)> {
    let (wiring, affine) = (derived_wiring(stride), Coefficients::Affine(&a[3]));
    let added: Vec<_> = (0..4).map(|node| a.get(4).filter(|_| node == 1).cloned()).collect();
    let added = if stride == 2 { &added[..] } else { &[] };
    if fast {
        compute::cell(&wiring, [&a[0], &a[1]], added, &a[2], affine, options)
    } else {
        plain::cell(&wiring, [&a[0], &a[1]], added, &a[2], affine, options)
    }
}

const CELLS: [[usize; 4]; 9] = [
    [19, 75, 16, 1],
    [3, 38, 32, 2],
    [2, 19, 64, 1],
    [37, 10, 8, 1],
    [1, 9, 5, 1],
    [5, 11, 1, 2],
    [2, 19, 20, 2],
    [5, 1, 4, 1],
    [18, 2, 3, 2],
];

#[test]
fn derived_cell_equals_its_twin() {
    let mut generator = Generator::new(15);
    for shape in CELLS {
        let [batch, samples, channels, stride] = shape;
        let arguments = derived_arguments(&mut generator, shape);
        let options = Options { eps: 1e-3, ..Options::default() };
        let label = format!("derived cell {batch} {samples} {channels} stride {stride}");
        let fast = |a: &[Tensor]| Ok(derived_cell(stride, a, &options, true)?.0);
        let twin = |a: &[Tensor]| Ok(derived_cell(stride, a, &options, false)?.0);
        assert_twins(&label, &fast, &twin, &arguments, &mut generator);
    }
}

#[test]
fn mixed_cell_equals_its_twin() {
    let mut generator = Generator::new(8);
    for shape in CELLS {
        let [batch, samples, channels, stride] = shape;
        let arguments = cell(&mut generator, shape);
        let options = Options { eps: 1e-3, ..Options::default() };
        let label = format!("mixed_cell {batch} {samples} {channels} stride {stride}");
        let fast = |a: &[Tensor]| Ok(mixed_cell(stride, a, &options)?.0);
        let twin = |a: &[Tensor]| Ok(plain_cell(stride, a, &options)?.0);
        assert_twins(&label, &fast, &twin, &arguments, &mut generator);

        let (_, found) = mixed_cell(stride, &arguments, &options).unwrap();
        let (_, expected) = plain_cell(stride, &arguments, &options).unwrap();
        assert_eq!(found.len(), compute::EDGES * compute::NORMALISED);
        let close = |f: &[f32], e: &[f32]| f.iter().zip(e).all(|(f, e)| (f - e).abs() < 1e-5 * (1.0 + e.abs()));
        for (f, e) in found.iter().zip(&expected) {
            assert!(close(&f.mean, &e.mean) && close(&f.variance, &e.variance), "{label}: {f:?} {e:?}");
        }

        let running: Vec<Moments> = (0..compute::EDGES * compute::NORMALISED)
            .map(|_| Moments {
                mean: (0..channels).map(|_| generator.normal() as f32).collect(),
                variance: (0..channels).map(|_| 0.5 + generator.uniform()).collect(),
            })
            .collect();
        let options = Options { statistics: Statistics::Running(&running), ..options };
        let fast = |a: &[Tensor]| Ok(mixed_cell(stride, a, &options)?.0);
        let twin = |a: &[Tensor]| Ok(plain_cell(stride, a, &options)?.0);
        assert_twins(&format!("{label} running"), &fast, &twin, &arguments, &mut generator);
    }
}

#[test]
fn mixed_cell_leaves_the_weight_gradient_out_when_told() {
    let mut generator = Generator::new(9);
    let (stride, all) = (1, Options::default());
    let arguments = cell(&mut generator, [2, 19, 16, stride]);
    let without = Options { weight_gradient: false, ..all };
    let with = |options: Options| differentiate(&|a| Ok(mixed_cell(stride, a, &options)?.0), &arguments, None);
    let ((y, g), (y0, g0)) = (with(all), with(without));
    assert_eq!(floats(&y), floats(&y0));
    for i in [0, 1, 3] {
        assert_eq!(floats(&g[i]), floats(&g0[i]));
    }
    assert!(floats(&g[2]).iter().any(|&v| v != 0.0));
    assert!(floats(&g0[2]).iter().all(|&v| v == 0.0));
}

/// Paths that weigh nothing may as well not be there: nodes and the gradients of inputs and of the other filters stay.
#[test]
fn a_cell_without_its_dead_paths_is_the_same() {
    let mut generator = Generator::new(21);
    for (stride, alive) in [(1, 3), (2, 3), (1, 9), (2, 40)] {
        let mut arguments = cell(&mut generator, [3, 19, 16, stride]);
        let mut weights = floats(&arguments[3]);
        weights.iter_mut().enumerate().filter(|(i, _)| i % alive != 1).for_each(|(_, weight)| *weight = 0.0);
        let p: Vec<f32> = weights.iter().map(|weight| *weight as f32).collect();
        arguments[3] = Tensor::from_vec(p, arguments[3].shape(), &Device::Cpu).unwrap();
        let options = Options::default();
        let all = differentiate(&|a| Ok(mixed_cell(stride, a, &options)?.0), &arguments, None);
        let wiring = Arc::new(mixed_wiring(stride).unwrap().without(|weight| weights[weight] == 0.0));
        assert!(wiring.paths().len() < 60);
        let reduced = |a: &[Tensor]| {
            let added: Vec<_> = a[4..].iter().cloned().map(Some).collect();
            Ok(compute::cell(&wiring, [&a[0], &a[1]], &added, &a[2], Coefficients::Mix(&a[3]), &options)?.0)
        };
        let few = differentiate(&reduced, &arguments, None);
        let close = |a: &Tensor, b: &Tensor| {
            let largest = floats(a).iter().fold(1e-3_f64, |largest, value| largest.max(value.abs()));
            floats(a).iter().zip(floats(b)).all(|(a, b)| (a - b).abs() <= 1e-5 * largest)
        };
        assert!(close(&all.0, &few.0), "nodes, stride {stride}");
        (0..3).for_each(|i| assert!(close(&all.1[i], &few.1[i]), "gradient {i}, stride {stride}"));
        for ((weight, all), few) in weights.iter().zip(floats(&all.1[3])).zip(floats(&few.1[3])) {
            assert!(if *weight == 0.0 { few == 0.0 } else { (all - few).abs() <= 1e-4 * (1.0 + all.abs()) });
        }
    }
}

/// Where the inputs are constants, the gradients of the rest are the same.
#[test]
fn mixed_cell_leaves_the_inputs_gradient_out_when_they_are_constants() {
    let mut generator = Generator::new(14);
    let arguments = cell(&mut generator, [3, 19, 16, 2]);
    let (stride, options) = (2, Options::default());
    let (_, all) = differentiate(&|a| Ok(mixed_cell(stride, a, &options)?.0), &arguments, None);
    let constant = |a: &[Tensor]| {
        let mut fixed = arguments.clone();
        fixed[2..4].clone_from_slice(&a[2..4]);
        Ok(mixed_cell(stride, &fixed, &options)?.0)
    };
    let (_, some) = differentiate(&constant, &arguments, None);
    assert_eq!(floats(&all[2]), floats(&some[2]));
    assert_eq!(floats(&all[3]), floats(&some[3]));
}
