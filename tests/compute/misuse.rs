//! Wrong use is explained.

use candle_core::{DType, Result, Tensor, Var};
use heart_darts::compute::{self, Coefficients, Kind, Moments, Options, Path, Statistics, Wiring, mixed_wiring};
use heart_darts::support::random::Generator;

use crate::cells::cell;
use crate::twins::normal;

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
    let three = normal(&mut generator, &[1, 4, 3]);
    check(message(compute::relu_halve(&x, &three, &w)), &["relu_halve", "odd", "[1, 4, 4]", "[3, 4, 4]"]);
    check(message(compute::relu_halve(&double, &three, &three)), &["x must be f32"]);
    check(message(compute::add(&x, &c)), &["add", "[2, 9, 4]", "[4]"]);
    check(message(compute::scale(&x, &c)), &["scale", "each of 2 beats", "4"]);
    check(message(compute::side_by_side(&[])), &["side_by_side", "no signals"]);
    check(message(compute::side_by_side(&[x.clone(), w.clone()])), &["every signal", "[2, 9, 4]", "[3, 4, 4]"]);
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
    check(message(compute::max_pool1d_valid(&x, 10, 1)), &["at most the 9 samples", "kernel 10"]);
    check(message(compute::leaky_relu(&double, 0.01)), &["leaky_relu", "x must be f32"]);
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
