//! What holds for every function: gradients are those of finite differences, and threads change no bit.

use candle_core::Tensor;
use heart_darts::compute::{self, Options, plain};
use heart_darts::support::random::Generator;

use crate::cells::{cell, derived_arguments, derived_cell, mixed_cell, plain_cell};
use crate::twins::{assert_differences, differentiate, floats, normal};

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
        let filters = [normal(&mut generator, &[1, 4, 3]), normal(&mut generator, &[1, 4, 2])];
        let twin = |a: &[Tensor]| plain::relu_halve(&a[0], &a[1], &a[2]);
        assert_differences("relu_halve", &twin, &[std::slice::from_ref(&y), &filters[..]].concat(), &mut generator);
        let twin = |a: &[Tensor]| plain::scale(&plain::add(&a[0], &a[1])?, &a[2]);
        let factors = normal(&mut generator, &[3]);
        assert_differences("scale of add", &twin, &[y.clone(), y.affine(2.0, 1.0).unwrap(), factors], &mut generator);
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
        let filters = [normal(&mut generator, &[1, 16, 9]), normal(&mut generator, &[1, 16, 8])];
        let arguments = [arguments[0].clone(), filters[0].clone(), filters[1].clone()];
        keep(differentiate(&|a| compute::relu_halve(&a[0], &a[1], &a[2]), &arguments, None));
    }
    let arguments =
        [normal(&mut generator, &[23, 75, 16]), normal(&mut generator, &[16]), normal(&mut generator, &[16])];
    let norm = |a: &[Tensor]| Ok(compute::batch_norm(&a[0], Some((&a[1], &a[2])), 1e-5, true)?.0);
    keep(differentiate(&norm, &arguments, None));
    keep(differentiate(&|a| compute::scale_shift(&a[0], &a[1], &a[2], true), &arguments, None));
    let scale = |a: &[Tensor]| compute::scale(&compute::add(&a[0], &a[0])?, &a[1]);
    keep(differentiate(&scale, &[arguments[0].clone(), normal(&mut generator, &[23])], None));
    let three = |a: &[Tensor]| compute::side_by_side(&[a[0].clone(), a[0].clone(), compute::relu(&a[0])?]);
    keep(differentiate(&three, &arguments[..1], None));
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
