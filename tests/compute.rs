//! The kernels against their plain twins, against finite differences and against themselves on other numbers of threads.

use std::sync::Arc;

use candle_core::{DType, Device, Result, Tensor, Var};
use heart_darts::compute::{
    self, Coefficients, Kind, Moments, Options, Path, Statistics, Tape, Wiring, mixed_wiring, plain,
};
use heart_darts::support::random::Generator;

/// Standard normal values.
fn normal(generator: &mut Generator, shape: &[usize]) -> Tensor {
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| generator.normal() as f32).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

/// A function of some tensors.
type Function<'a> = &'a dyn Fn(&[Tensor]) -> Result<Tensor>;

/// y and the gradient of Σ y·weights for every argument.
fn differentiate(f: Function, arguments: &[Tensor], weights: Option<&Tensor>) -> (Tensor, Vec<Tensor>) {
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

fn floats(tensor: &Tensor) -> Vec<f64> {
    tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// Largest difference over largest value.
fn distance(a: &Tensor, b: &Tensor) -> f64 {
    assert_eq!(a.dims(), b.dims());
    let (a, b) = (floats(a), floats(b));
    let scale = b.iter().fold(1e-6f64, |m, v| m.max(v.abs()));
    assert!(a.iter().chain(&b).all(|v| v.is_finite()), "not finite");
    a.iter().zip(&b).fold(0f64, |m, (a, b)| m.max((a - b).abs())) / scale
}

/// The kernel equals the twin, computed in f64, in its result and all its gradients.
fn assert_twins(label: &str, fast: Function, twin: Function, arguments: &[Tensor], generator: &mut Generator) {
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
fn assert_differences(label: &str, twin: Function, arguments: &[Tensor], generator: &mut Generator) {
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

/// (batch, samples, in, out, taps, stride, padding): odd lengths, one channel, batch 1, channels beside multiples of 8.
const CONVOLUTIONS: [[usize; 7]; 16] = [
    [1, 7, 1, 1, 3, 1, 1],
    [2, 19, 16, 16, 27, 1, 13],
    [3, 38, 32, 32, 5, 1, 2],
    [2, 75, 16, 16, 9, 2, 4],
    [17, 20, 5, 3, 5, 2, 2],
    [5, 31, 2, 32, 5, 2, 2],
    [40, 13, 64, 16, 1, 1, 0],
    [2, 13, 64, 20, 1, 2, 0],
    [1, 12, 24, 17, 1, 2, 0],
    [2, 9, 3, 50, 4, 1, 0],
    [3, 9, 3, 33, 4, 3, 1],
    [33, 5, 1, 2, 13, 2, 6],
    [2, 300, 2, 32, 5, 2, 2],
    [1, 19, 70, 256, 3, 1, 1],
    [2, 8, 7, 9, 2, 5, 3],
    [1, 1, 4, 4, 3, 1, 1],
];

#[test]
fn conv1d_equals_its_twin() {
    let mut generator = Generator::new(1);
    for [batch, samples, inputs, outputs, taps, stride, padding] in CONVOLUTIONS {
        let x = normal(&mut generator, &[batch, samples, inputs]);
        let w = normal(&mut generator, &[taps, inputs, outputs]);
        let label = format!("{:?} * {:?} stride {stride} padding {padding}", x.dims(), w.dims());
        assert_twins(
            &label,
            &|a| compute::conv1d(&a[0], &a[1], stride, padding),
            &|a| plain::conv1d(&a[0], &a[1], stride, padding),
            &[x, w],
            &mut generator,
        );
    }
}

#[test]
fn relu_conv1d_equals_its_twin() {
    let mut generator = Generator::new(15);
    for [batch, samples, inputs, outputs, taps, stride, padding] in CONVOLUTIONS {
        let x = normal(&mut generator, &[batch, samples, inputs]);
        let w = normal(&mut generator, &[taps, inputs, outputs]);
        let label = format!("{:?} * {:?} stride {stride} padding {padding} after ReLU", x.dims(), w.dims());
        assert_twins(
            &label,
            &|a| compute::relu_conv1d(&a[0], &a[1], stride, padding),
            &|a| plain::conv1d(&plain::relu(&a[0])?, &a[1], stride, padding),
            &[x, w],
            &mut generator,
        );
    }
}

/// Any shape, and at 0 the gradient of PyTorch, which is 0.
#[test]
fn relu_equals_its_twin() {
    let mut generator = Generator::new(16);
    for shape in [&[3, 25, 16][..], &[100, 19, 64], &[1], &[5, 7]] {
        // Many zeros.
        let x = normal(&mut generator, shape).round().unwrap();
        let label = format!("relu {shape:?}");
        assert_twins(&label, &|a| compute::relu(&a[0]), &|a| plain::relu(&a[0]), &[x], &mut generator);
    }
    let x = Tensor::new(&[-1f32, 0.0, -0.0, 2.0], &Device::Cpu).unwrap();
    let (y, gradients) = differentiate(&|a| compute::relu(&a[0]), &[x], None);
    assert_eq!((floats(&y), floats(&gradients[0])), (vec![0.0, 0.0, 0.0, 2.0], vec![0.0, 0.0, 0.0, 1.0]));
}

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

/// Random shapes beyond the chosen ones.
#[test]
fn conv1d_equals_its_twin_anywhere() {
    let mut generator = Generator::new(2);
    for _ in 0..60 {
        let taps = 1 + generator.below(12);
        let padding = generator.below(taps);
        let samples = taps + generator.below(40);
        let (batch, stride) = (1 + generator.below(20), 1 + generator.below(3));
        let (inputs, outputs) = (1 + generator.below(40), 1 + generator.below(40));
        let x = normal(&mut generator, &[batch, samples, inputs]);
        let w = normal(&mut generator, &[taps, inputs, outputs]);
        let label = format!("{:?} * {:?} stride {stride} padding {padding}", x.dims(), w.dims());
        assert_twins(
            &label,
            &|a| compute::conv1d(&a[0], &a[1], stride, padding),
            &|a| plain::conv1d(&a[0], &a[1], stride, padding),
            &[x, w],
            &mut generator,
        );
    }
}

/// The definition, written out.
#[test]
fn conv1d_is_the_sum_it_says() {
    let mut generator = Generator::new(3);
    let (x, w) = (normal(&mut generator, &[2, 11, 3]), normal(&mut generator, &[5, 3, 4]));
    for stride in [1, 2] {
        let y = compute::conv1d(&x, &w, stride, 2).unwrap();
        let xs = x.to_vec3::<f32>().unwrap();
        let ws = w.to_vec3::<f32>().unwrap();
        for (b, sample) in y.to_vec3::<f32>().unwrap().iter().enumerate() {
            assert_eq!(sample.len(), 10 / stride + 1);
            for (l, row) in sample.iter().enumerate() {
                for (o, &found) in row.iter().enumerate() {
                    let mut sum = 0f64;
                    for (t, w) in ws.iter().enumerate() {
                        let Some(at) = (l * stride + t).checked_sub(2).filter(|&at| at < 11) else { continue };
                        sum += (0..3).map(|i| f64::from(xs[b][at][i] * w[i][o])).sum::<f64>();
                    }
                    assert!((f64::from(found) - sum).abs() < 1e-5, "{b} {l} {o}: {found} but {sum}");
                }
            }
        }
    }
}

#[test]
fn batch_norm_equals_its_twin() {
    let mut generator = Generator::new(4);
    for (shape, relu) in [([3, 25, 16], true), ([100, 19, 64], false), ([1, 9, 1], true), ([5, 7, 21], true)] {
        let x = normal(&mut generator, &shape).affine(2.0, 3.0).unwrap();
        let (scale, shift) = (normal(&mut generator, &shape[2..]), normal(&mut generator, &shape[2..]));
        let label = format!("batch_norm {shape:?} relu {relu}");
        let fast = |a: &[Tensor]| Ok(compute::batch_norm(&a[0], Some((&a[1], &a[2])), 1e-5, relu)?.0);
        let twin = |a: &[Tensor]| Ok(plain::batch_norm(&a[0], Some((&a[1], &a[2])), 1e-5, relu)?.0);
        assert_twins(&label, &fast, &twin, &[x.clone(), scale, shift], &mut generator);
        let fast = |a: &[Tensor]| Ok(compute::batch_norm(&a[0], None, 1e-5, relu)?.0);
        let twin = |a: &[Tensor]| Ok(plain::batch_norm(&a[0], None, 1e-5, relu)?.0);
        assert_twins(&label, &fast, &twin, &[x], &mut generator);
    }
}

fn assert_moments(found: &Moments, expected: &Moments) {
    let tensor = |v: &Vec<f32>| Tensor::new(v.as_slice(), &Device::Cpu).unwrap();
    assert!(distance(&tensor(&found.mean), &tensor(&expected.mean)) < 1e-5, "{found:?} {expected:?}");
    assert!(distance(&tensor(&found.variance), &tensor(&expected.variance)) < 1e-5, "{found:?} {expected:?}");
}

/// A mean a thousand deviations away costs the moments no digits.
#[test]
fn moments_survive_a_far_mean() {
    let mut generator = Generator::new(5);
    let x = normal(&mut generator, &[50, 30, 5]).affine(1.0, 1000.0).unwrap();
    let (_, found) = compute::batch_norm(&x, None, 1e-5, false).unwrap();
    let (_, expected) = plain::batch_norm(&x.to_dtype(DType::F64).unwrap(), None, 1e-5, false).unwrap();
    assert_moments(&found, &expected);
}

#[test]
fn scale_shift_equals_its_twin() {
    let mut generator = Generator::new(6);
    for (shape, relu) in [([3, 25, 16], true), ([10, 19, 64], false), ([1, 9, 1], true), ([5, 7, 22], false)] {
        let x = normal(&mut generator, &shape);
        let (a, b) = (normal(&mut generator, &shape[2..]), normal(&mut generator, &shape[2..]));
        assert_twins(
            &format!("scale_shift {shape:?} relu {relu}"),
            &|t| compute::scale_shift(&t[0], &t[1], &t[2], relu),
            &|t| plain::scale_shift(&t[0], &t[1], &t[2], relu),
            &[x, a, b],
            &mut generator,
        );
    }
}

#[test]
fn max_pool1d_equals_its_twin() {
    let mut generator = Generator::new(7);
    for shape in [[3, 25, 16], [20, 38, 32], [1, 9, 1], [2, 4, 23], [1, 1, 3]] {
        for (kernel, stride) in [(3, 1), (5, 1), (3, 2), (5, 2), (7, 3), (1, 1)] {
            // Few distinct values, so that ties are the rule.
            let x = normal(&mut generator, &shape).round().unwrap();
            assert_twins(
                &format!("max_pool1d {shape:?} kernel {kernel} stride {stride}"),
                &|a| compute::max_pool1d(&a[0], kernel, stride),
                &|a| plain::max_pool1d(&a[0], kernel, stride),
                &[x],
                &mut generator,
            );
        }
    }
}

/// PyTorch: x = torch.tensor([1., 3., 3., 2., 5.], requires_grad=True)
///          y = torch.nn.functional.max_pool1d(x[None, None], 3, 2, 1); y.sum().backward(); y, x.grad
#[test]
fn mean_equals_its_twin() {
    let mut generator = Generator::new(16);
    for shape in [[1, 1, 1], [3, 19, 64], [40, 38, 5]] {
        let x = [normal(&mut generator, &shape)];
        assert_twins("mean", &|a| compute::mean(&a[0]), &|a| plain::mean(&a[0]), &x, &mut generator);
    }
}

#[test]
fn max_pool1d_chooses_as_pytorch() {
    let x = Tensor::new(&[1f32, 3., 3., 2., 5.], &Device::Cpu).unwrap().reshape((1, 5, 1)).unwrap();
    let (y, gradients) = differentiate(&|a| compute::max_pool1d(&a[0], 3, 2), &[x], None);
    assert_eq!(floats(&y), [3., 3., 5.]);
    assert_eq!(floats(&gradients[0]), [0., 2., 0., 0., 1.]);
}

/// A cell's arguments: inputs, filters scaled as an initialisation would, p, and in stride 2 what is added to the nodes.
fn cell(generator: &mut Generator, [batch, samples, channels, stride]: [usize; 4]) -> Vec<Tensor> {
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
fn mixed_cell(stride: usize, a: &[Tensor], options: &Options) -> Result<(Tensor, Vec<Moments>)> {
    let added: Vec<_> = a[4..].iter().cloned().map(Some).collect();
    compute::cell(&mixed_wiring(stride)?, [&a[0], &a[1]], &added, &a[2], Coefficients::Mix(&a[3]), options)
}

fn plain_cell(stride: usize, a: &[Tensor], options: &Options) -> Result<(Tensor, Vec<Moments>)> {
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

fn derived_arguments(generator: &mut Generator, [batch, samples, channels, stride]: [usize; 4]) -> Vec<Tensor> {
    let wiring = derived_wiring(stride);
    let scale = 1.0 / (9.0 * channels as f64).sqrt();
    let filters = normal(generator, &[wiring.taps(), channels, channels]).affine(scale, 0.0).unwrap();
    let affine = normal(generator, &[wiring.normalised(), 2, channels]);
    let mut arguments = vec![normal(generator, &[batch, samples, channels])];
    arguments.extend([normal(generator, &[batch, samples, channels]), filters, affine]);
    arguments.extend((stride == 2).then(|| normal(generator, &[batch, (samples - 1) / 2 + 1, channels])));
    arguments
}

fn derived_cell(stride: usize, a: &[Tensor], options: &Options, fast: bool) -> Result<(Tensor, Vec<Moments>)> {
    let (wiring, affine) = (derived_wiring(stride), Coefficients::Affine(&a[3]));
    let added: Vec<_> = (0..4).map(|node| a.get(4).filter(|_| node == 1).cloned()).collect();
    let added = if stride == 2 { &added[..] } else { &[] };
    if fast {
        compute::cell(&wiring, [&a[0], &a[1]], added, &a[2], affine, options)
    } else {
        plain::cell(&wiring, [&a[0], &a[1]], added, &a[2], affine, options)
    }
}

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

#[test]
fn gradients_are_those_of_finite_differences() {
    let mut generator = Generator::new(10);
    let mut signal = |samples: usize| normal(&mut generator, &[3, samples, 4]);
    let (x, y) = (signal(9), signal(14));
    let mut generator = Generator::new(11);
    for stride in [1, 2] {
        let w = normal(&mut generator, &[5, 4, 3]);
        let twin = |a: &[Tensor]| plain::conv1d(&a[0], &a[1], stride, 2);
        assert_differences("conv1d", &twin, &[x.clone(), w.clone()], &mut generator);
        let twin = |a: &[Tensor]| plain::conv1d(&plain::relu(&a[0])?, &a[1], stride, 2);
        assert_differences("relu_conv1d", &twin, &[x.clone(), w], &mut generator);
        let twin = |a: &[Tensor]| plain::max_pool1d(&a[0], 3, stride);
        assert_differences("max_pool1d", &twin, std::slice::from_ref(&y), &mut generator);
        let options = Options { eps: 1e-3, ..Options::default() };
        let twin = |a: &[Tensor]| Ok(plain_cell(stride, a, &options)?.0);
        assert_differences("mixed cell", &twin, &cell(&mut generator, [2, 9, 3, stride]), &mut generator);
        let twin = |a: &[Tensor]| Ok(derived_cell(stride, a, &options, false)?.0);
        assert_differences(
            "derived cell",
            &twin,
            &derived_arguments(&mut generator, [2, 9, 3, stride]),
            &mut generator,
        );
    }
    let affine = [x, normal(&mut generator, &[4]), normal(&mut generator, &[4])];
    let twin = |a: &[Tensor]| Ok(plain::batch_norm(&a[0], Some((&a[1], &a[2])), 1e-5, true)?.0);
    assert_differences("batch_norm", &twin, &affine, &mut generator);
    let twin = |a: &[Tensor]| plain::scale_shift(&a[0], &a[1], &a[2], true);
    assert_differences("scale_shift", &twin, &affine, &mut generator);
}

/// Everything that is computed, as bits.
fn bits_of_everything() -> Vec<u64> {
    let mut generator = Generator::new(12);
    let mut bits = Vec::new();
    let mut keep = |(y, gradients): (Tensor, Vec<Tensor>)| {
        gradients.iter().chain([&y]).for_each(|t| bits.extend(floats(t).iter().map(|v| v.to_bits())));
    };
    for stride in [1, 2] {
        let arguments = cell(&mut generator, [23, 38, 16, stride]);
        let options = Options::default();
        keep(differentiate(&|a| Ok(mixed_cell(stride, a, &options)?.0), &arguments, None));
        let derived = derived_arguments(&mut generator, [230, 38, 16, stride]);
        keep(differentiate(&|a| Ok(derived_cell(stride, a, &options, true)?.0), &derived, None));
        keep(differentiate(&|a| compute::max_pool1d(&a[0], 3, stride), &arguments[..1], None));
        let w = normal(&mut generator, &[9, 16, 24]);
        let arguments = [arguments[0].clone(), w];
        keep(differentiate(&|a| compute::conv1d(&a[0], &a[1], stride, 4), &arguments, None));
        keep(differentiate(&|a| compute::relu_conv1d(&a[0], &a[1], stride, 4), &arguments, None));
        keep(differentiate(&|a| compute::relu(&a[0]), &arguments[..1], None));
    }
    let arguments =
        [normal(&mut generator, &[23, 75, 16]), normal(&mut generator, &[16]), normal(&mut generator, &[16])];
    let norm = |a: &[Tensor]| Ok(compute::batch_norm(&a[0], Some((&a[1], &a[2])), 1e-5, true)?.0);
    keep(differentiate(&norm, &arguments, None));
    keep(differentiate(&|a| compute::scale_shift(&a[0], &a[1], &a[2], true), &arguments, None));
    let long = normal(&mut generator, &[70_001]);
    bits.push(compute::sum_of_squares(&long).unwrap().to_bits());
    bits
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    let on = |threads: usize| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(bits_of_everything)
    };
    let one = on(1);
    assert!(one.len() > 100_000);
    for threads in [2, 3, 7] {
        assert!(on(threads) == one, "{threads} threads give other bits than one");
    }
}

/// A diverged value stays visible behind ReLU, pools and normalisation.
#[test]
fn a_nan_stays_a_nan() {
    let mut values = vec![1f32; 2 * 9 * 3];
    values[4] = f32::NAN;
    let x = Tensor::from_vec(values, (2, 9, 3), &Device::Cpu).unwrap();
    let nans = |t: Tensor| floats(&t).iter().filter(|v| v.is_nan()).count();
    assert_eq!(nans(compute::max_pool1d(&x, 3, 1).unwrap()), 3);
    assert_eq!(nans(compute::relu(&x).unwrap()), 1);
    let w = Tensor::ones((1, 3, 5), DType::F32, &Device::Cpu).unwrap();
    assert_eq!(nans(compute::relu_conv1d(&x, &w, 1, 0).unwrap()), 5);
    assert_eq!(nans(compute::batch_norm(&x, None, 1e-5, true).unwrap().0), 18);
}

/// What a caller gets wrong is named, with what would be right.
#[test]
fn misuse_is_explained() {
    let mut generator = Generator::new(13);
    let (x, w) = (normal(&mut generator, &[2, 9, 4]), normal(&mut generator, &[3, 4, 4]));
    let c = normal(&mut generator, &[4]);
    let message = |result: Result<Tensor>| result.unwrap_err().to_string();
    let check = |found: String, words: &[&str]| {
        words.iter().for_each(|word| assert!(found.contains(word), "{word:?} is not in: {found}"));
    };
    let strided = x.transpose(1, 2).unwrap();
    let double = x.to_dtype(DType::F64).unwrap();
    check(message(compute::conv1d(&c, &w, 1, 1)), &["conv1d", "[batch, samples, channels]", "[4]"]);
    check(message(compute::conv1d(&x, &c, 1, 1)), &["conv1d", "[taps, in, out]", "[4]"]);
    check(message(compute::conv1d(&x, &w.narrow(1, 0, 3).unwrap(), 1, 1)), &["in = 4", "[3, 3, 4]"]);
    check(message(compute::conv1d(&strided, &normal(&mut generator, &[3, 9, 4]), 1, 1)), &["x", "contiguous()"]);
    check(message(compute::conv1d(&double, &w, 1, 1)), &["x must be f32", "f64"]);
    check(message(compute::conv1d(&x, &w, 0, 1)), &["stride 0"]);
    check(
        message(compute::conv1d(&x.narrow(1, 0, 2).unwrap().contiguous().unwrap(), &w, 1, 0)),
        &["3 taps", "2 samples"],
    );
    check(message(compute::relu_conv1d(&x, &c, 1, 1)), &["conv1d", "[taps, in, out]", "[4]"]);
    check(message(compute::relu(&strided)), &["relu", "x", "contiguous()"]);
    check(message(compute::relu(&double)), &["relu", "x must be f32", "f64"]);
    let variable = Var::from_tensor(&x).unwrap();
    let update = |gradient: &Tensor, state: usize| {
        let mut state = vec![0.0; state];
        compute::update(&variable, gradient, [&mut state], |v, _, s| (v, s)).map(|()| x.clone())
    };
    check(message(update(&c, 72)), &["update", "gradient", "[2, 9, 4]", "[4]"]);
    check(message(update(&x, 71)), &["update", "state", "72", "71"]);
    check(message(update(&double, 72)), &["gradient must be f32", "f64"]);
    let sum = |x: &Tensor| compute::sum_of_squares(x).map(|_| x.clone());
    check(message(sum(&double)), &["sum_of_squares", "f32", "f64"]);
    check(message(compute::max_pool1d(&x, 4, 1)), &["odd", "kernel 4"]);
    check(message(compute::max_pool1d(&strided, 3, 1)), &["max_pool1d", "contiguous()"]);
    let empty = x.narrow(0, 0, 0).unwrap();
    check(message(compute::max_pool1d(&empty, 3, 1)), &["empty", "[0, 9, 4]"]);
    let norm = |x: &Tensor, c: &Tensor, eps| compute::batch_norm(x, Some((c, c)), eps, true).map(|(y, _)| y);
    check(message(norm(&c, &c, 1e-5)), &["batch_norm", "[batch, samples, channels]"]);
    check(message(norm(&x, &x, 1e-5)), &["scale", "[channels] = [4]", "[2, 9, 4]"]);
    check(message(norm(&double, &c, 1e-5)), &["x must be f32"]);
    check(message(norm(&x, &c, 0.0)), &["eps", "0"]);
    check(
        message(compute::scale_shift(&strided, &normal(&mut generator, &[9]), &normal(&mut generator, &[9]), true)),
        &["contiguous"],
    );
    let cell = cell(&mut generator, [2, 9, 4, 1]);
    let (wiring, options) = (mixed_wiring(1).unwrap(), Options::default());
    let mixed = |inputs: [&Tensor; 2], added: &[Option<Tensor>], w: &Tensor, p: &Tensor, o: Options| {
        compute::cell(&wiring, inputs, added, w, Coefficients::Mix(p), &o).map(|(y, _)| y)
    };
    let both = [&x, &x];
    check(message(mixed(both, &[], &w, &cell[3], options)), &["cell", "[1036, 4, 4]", "[3, 4, 4]"]);
    check(message(mixed(both, &[], &cell[2], &c, options)), &["140 mixing weights", "[4]"]);
    let few = [Moments { mean: vec![0.0; 4], variance: vec![1.0; 4] }];
    let running = Options { statistics: Statistics::Running(&few), ..options };
    check(message(mixed(both, &[], &cell[2], &cell[3], running)), &["112 pairs of 4", "found"]);
    let short = x.narrow(1, 0, 5).unwrap();
    check(
        message(mixed([&x, &short], &[], &cell[2], &cell[3], options)),
        &["the second input", "[2, 9, 4]", "[2, 5, 4]"],
    );
    check(message(mixed(both, &[None], &cell[2], &cell[3], options)), &["each of 4 nodes", "found 1"]);
    let added = [Some(short), None, None, None];
    check(message(mixed(both, &added, &cell[2], &cell[3], options)), &["what is added", "[2, 5, 4]"]);
    let affine = Coefficients::Affine(&c);
    let result = compute::cell(&wiring, both, &[], &cell[2], affine, &options).map(|(y, _)| y);
    check(message(result), &["scale and shift", "[112, 2, 4]", "[4]"]);
    let path = |state, node, kind| Path { state, node, kind, weight: 0 };
    let wired = |stride, paths: &[Path]| Wiring::new(4, stride, paths).unwrap_err().to_string();
    check(wired(3, &[]), &["1 or 2", "3"]);
    check(wired(1, &[path(2, 0, Kind::Identity)]), &["state 2", "node 0"]);
    check(wired(1, &[path(0, 1, Kind::Identity), path(0, 0, Kind::Identity)]), &["in order"]);
    check(wired(1, &[path(0, 0, Kind::Convolution { taps: 4 })]), &["odd", "4"]);
    check(wired(2, &[path(1, 0, Kind::Identity)]), &["identity", "halve"]);
}
