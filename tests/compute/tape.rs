//! The tape: what meets on it, and what it says when it is used wrongly.

use candle_core::{Device, Tensor, Var};
use heart_darts::compute::{self, Tape, plain};
use heart_darts::support::random::Generator;

use crate::twins::{distance, normal};

fn variable(generator: &mut Generator, shape: &[usize]) -> Var {
    Var::from_tensor(&normal(generator, shape)).unwrap()
}

/// A signal with three readers, one of them through two steps; a filter that candle made of two variables and that two
/// convolutions share; a variable that kernels and candle read.
#[test]
fn gradients_add_up_where_ways_meet() {
    let mut generator = Generator::new(20);
    let x = variable(&mut generator, &[3, 9, 4]);
    let (a, b) = (variable(&mut generator, &[3, 4, 4]), variable(&mut generator, &[3, 4, 4]));
    let factor = variable(&mut generator, &[1]);
    type Two<'a> = &'a dyn Fn(&Tensor, &Tensor) -> candle_core::Result<Tensor>;
    let network = |conv: Two, relu: &dyn Fn(&Tensor) -> candle_core::Result<Tensor>, add: Two, scale: Two| {
        let filter = (a.as_tensor() + b.as_tensor()).unwrap().tanh().unwrap();
        let y = conv(&x, &filter).unwrap();
        let sum = add(&relu(&y).unwrap(), &add(&y, &conv(&y, &filter).unwrap()).unwrap()).unwrap();
        let sum = compute::leave(&scale(&sum, &factor).unwrap()).unwrap();
        (sum.sqr().unwrap().mean_all().unwrap() + factor.sqr().unwrap().sum_all().unwrap()).unwrap()
    };
    let (loss, tape) =
        Tape::record(|| network(&|x, w| compute::conv1d(x, w, 1, 1), &compute::relu, &compute::add, &compute::scale));
    let found = tape.backward(&loss).unwrap();
    let twin = network(&|x, w| plain::conv1d(x, w, 1, 1), &plain::relu, &plain::add, &plain::scale);
    let expected = twin.backward().unwrap();
    for variable in [&x, &a, &b, &factor] {
        assert!(distance(found.get(variable).unwrap(), expected.get(variable).unwrap()) < 1e-5);
    }
}

#[test]
fn a_gradient_that_nothing_records_is_an_error() {
    let mut generator = Generator::new(21);
    let x = variable(&mut generator, &[2, 5, 3]);
    let error = compute::relu(&x).unwrap_err().to_string();
    assert!(error.contains("relu") && error.contains("Tape::record") && error.contains("detach()"), "{error}");
    // Nothing wants one here.
    assert!(compute::relu(&x.detach()).is_ok());
}

#[test]
fn a_result_that_goes_nowhere_is_an_error() {
    let mut generator = Generator::new(22);
    let x = variable(&mut generator, &[2, 5, 3]);
    // Without `leave`, candle sees a constant.
    let (loss, tape) = Tape::record(|| compute::mean(&x).unwrap().sum_all().unwrap());
    let error = tape.backward(&loss).unwrap_err().to_string();
    assert!(error.contains("mean") && error.contains("leave"), "{error}");
}

/// One recording within another keeps to itself, and one that panics leaves nothing behind.
#[test]
fn recordings_keep_apart() {
    let mut generator = Generator::new(23);
    let (x, y) = (variable(&mut generator, &[2, 5, 3]), variable(&mut generator, &[2, 5, 3]));
    let mean = |x: &Tensor| compute::leave(&compute::mean(x).unwrap()).unwrap().sum_all().unwrap();
    let (loss, tape) = Tape::record(|| {
        let (inner, tape) = Tape::record(|| mean(&y));
        let gradients = tape.backward(&inner).unwrap();
        assert!(gradients.get(&y).is_some() && gradients.get(&x).is_none());
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            Tape::record(|| {
                compute::relu(&y).unwrap();
                panic!("in a recording");
            })
        }));
        assert!(panicked.is_err());
        mean(&x)
    });
    let gradients = tape.backward(&loss).unwrap();
    assert!(gradients.get(&x).is_some() && gradients.get(&y).is_none());
    assert!(compute::relu(&x).is_err());
}

#[test]
fn what_was_not_recorded_leaves_as_it_is() {
    let x = Tensor::ones((1, 2, 3), candle_core::DType::F32, &Device::Cpu).unwrap();
    let (same, _) = Tape::record(|| compute::leave(&compute::relu(&x).unwrap()).unwrap());
    assert!(!same.is_variable());
}
