//! Single layers against their twins and their definitions.

use candle_core::{DType, Device, Tensor};
use heart_darts::compute::{self, Moments, plain};
use heart_darts::support::random::Generator;

use crate::twins::{assert_twins, differentiate, distance, floats, normal};

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

fn assert_conv1d_twins(sizes: [usize; 7], generator: &mut Generator) {
    let [batch, samples, inputs, outputs, taps, stride, padding] = sizes;
    let x = normal(generator, &[batch, samples, inputs]);
    let w = normal(generator, &[taps, inputs, outputs]);
    let label = format!("{:?} * {:?} stride {stride} padding {padding}", x.dims(), w.dims());
    let fast = |a: &[Tensor]| compute::conv1d(&a[0], &a[1], stride, padding);
    let twin = |a: &[Tensor]| plain::conv1d(&a[0], &a[1], stride, padding);
    assert_twins(&label, &fast, &twin, &[x, w], generator);
}

#[test]
fn conv1d_equals_its_twin() {
    let mut generator = Generator::new(1);
    for sizes in CONVOLUTIONS {
        assert_conv1d_twins(sizes, &mut generator);
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

#[test]
fn leaky_relu_equals_its_twin() {
    let mut generator = Generator::new(24);
    for shape in [&[3, 25, 16][..], &[100, 19, 64], &[1], &[5, 7]] {
        // Many zeros.
        let x = normal(&mut generator, shape).round().unwrap();
        let twin = |a: &[Tensor]| plain::leaky_relu(&a[0], 0.01);
        assert_twins("leaky_relu", &|a| compute::leaky_relu(&a[0], 0.01), &twin, &[x], &mut generator);
    }
}

#[test]
fn max_pool1d_valid_equals_its_twin() {
    let mut generator = Generator::new(25);
    for shape in [[3, 25, 16], [20, 38, 32], [1, 9, 1], [2, 4, 23]] {
        for (kernel, stride) in [(2, 2), (3, 1), (4, 3), (1, 2), (2, 5)] {
            let x = normal(&mut generator, &shape).round().unwrap();
            assert_twins(
                &format!("max_pool1d_valid {shape:?} kernel {kernel} stride {stride}"),
                &|a| compute::max_pool1d_valid(&a[0], kernel, stride),
                &|a| plain::max_pool1d_valid(&a[0], kernel, stride),
                &[x],
                &mut generator,
            );
        }
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
        assert_conv1d_twins([batch, samples, inputs, outputs, taps, stride, padding], &mut generator);
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
fn max_pool1d_chooses_as_pytorch() {
    let x = Tensor::new(&[1f32, 3., 3., 2., 5.], &Device::Cpu).unwrap().reshape((1, 5, 1)).unwrap();
    let (y, gradients) = differentiate(&|a| compute::max_pool1d(&a[0], 3, 2), &[x], None);
    assert_eq!(floats(&y), [3., 3., 5.]);
    assert_eq!(floats(&gradients[0]), [0., 2., 0., 0., 1.]);
}

#[test]
fn mean_equals_its_twin() {
    let mut generator = Generator::new(16);
    for shape in [[1, 1, 1], [3, 19, 64], [40, 38, 5]] {
        let x = [normal(&mut generator, &shape)];
        assert_twins("mean", &|a| compute::mean(&a[0]), &|a| plain::mean(&a[0]), &x, &mut generator);
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

/// Odd and even lengths, uneven outputs, a single sample.
#[test]
fn relu_halve_equals_its_twin() {
    let mut generator = Generator::new(18);
    for ([batch, samples, channels], [even, odd]) in [
        ([3, 75, 64], [16, 16]),
        ([20, 38, 32], [16, 16]),
        ([2, 9, 5], [1, 2]),
        ([1, 2, 3], [4, 4]),
        ([2, 1, 3], [2, 1]),
    ] {
        let x = normal(&mut generator, &[batch, samples, channels]);
        let (even, odd) = (&[1, channels, even], &[1, channels, odd]);
        let (even, odd) = (normal(&mut generator, even), normal(&mut generator, odd));
        let label = format!("relu_halve {:?} by {:?} and {:?}", x.dims(), even.dims(), odd.dims());
        assert_twins(
            &label,
            &|a| compute::relu_halve(&a[0], &a[1], &a[2]),
            &|a| plain::relu_halve(&a[0], &a[1], &a[2]),
            &[x, even, odd],
            &mut generator,
        );
    }
}

#[test]
fn sums_multiples_and_concatenations_equal_their_twins() {
    let mut generator = Generator::new(19);
    for shape in [[3, 25, 16], [100, 19, 64], [1, 1, 1], [17, 7, 5]] {
        let (a, b) = (normal(&mut generator, &shape), normal(&mut generator, &shape));
        let wide = normal(&mut generator, &[shape[0], shape[1], 2 * shape[2] + 1]);
        let label = format!("{shape:?}");
        let both = [a.clone(), b.clone()];
        assert_twins(&label, &|t| compute::add(&t[0], &t[1]), &|t| plain::add(&t[0], &t[1]), &both, &mut generator);
        let twice = |t: &[Tensor]| compute::add(&t[0], &t[0]);
        assert_twins(&label, &twice, &|t| plain::add(&t[0], &t[0]), &both[..1], &mut generator);
        for factors in [vec![1], vec![shape[0]], vec![1, shape[0], 1]] {
            let arguments = [a.clone(), normal(&mut generator, &factors)];
            let (fast, twin) = (|t: &[Tensor]| compute::scale(&t[0], &t[1]), |t: &[Tensor]| plain::scale(&t[0], &t[1]));
            assert_twins(&label, &fast, &twin, &arguments, &mut generator);
        }
        let twin = |t: &[Tensor]| Tensor::cat(t, 2);
        assert_twins(&label, &compute::side_by_side, &twin, &[a, wide, b], &mut generator);
    }
}
