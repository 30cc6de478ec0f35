//! The backward pass over kernels: a tape that hands gradients on.
//!
//! candle's own backward pass adds every gradient to zeros that it makes for it, on one thread; around kernels that costs a
//! quarter of a training step. Here the first gradient of a signal is taken as it is, others are added to it in place on
//! all threads, and memory goes back as soon as the walk has passed it.
//!
//! Recorded are the functions of [`super`] within [`Tape::record`]. candle stays in charge at both ends: what goes into
//! kernels may come out of candle's operations on variables (a softmax of alpha, a concatenation of filters), and
//! what [`leave`]s the tape goes on into candle's operations (a linear layer, a loss).

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use candle_core::backprop::GradStore;
use candle_core::{Device, Error, Result, Shape, Tensor, TensorId, Var};

use super::arena::Buffer;
use super::arguments::{Floats, wrong};
use super::combine::add_to;

/// From the gradient of a result and which arguments want one, those arguments' gradients in their order.
type Backward = Box<dyn FnOnce(Buffer, &[bool]) -> Result<Vec<Option<Buffer>>>>;

/// What was computed within [`Tape::record`], in order.
pub struct Tape {
    steps: Vec<Step>,
}

struct Step {
    name: &'static str,
    arguments: Vec<Argument>,
    result: TensorId,
    /// What candle knows the result as, where it left the tape.
    left: Option<Var>,
    backward: Backward,
}

/// Where the gradient of an argument goes.
enum Argument {
    /// Nowhere.
    Constant,
    /// To the step whose result it is.
    Recorded(TensorId),
    /// To candle: a variable, or the result of candle's operations on some.
    Leaf(Tensor),
}

#[derive(Default)]
struct Recording {
    steps: Vec<Step>,
    results: HashSet<TensorId>,
}

thread_local! {
    static RECORDING: RefCell<Option<Recording>> = const { RefCell::new(None) };
}

/// Puts back what was being recorded before, also when a panic ends a recording.
struct Outer(Option<Recording>);

impl Drop for Outer {
    fn drop(&mut self) {
        RECORDING.set(self.0.take());
    }
}

impl Tape {
    /// Calls `f`, and records what the kernels do in it on this thread.
    pub fn record<T>(f: impl FnOnce() -> T) -> (T, Self) {
        let outer = Outer(RECORDING.replace(Some(Recording::default())));
        let result = f();
        let recording = RECORDING.take().unwrap_or_default();
        drop(outer);
        (result, Self { steps: recording.steps })
    }

    /// The gradients of `loss`, a scalar, for all variables that it depends on.
    ///
    /// # Errors
    /// When candle fails, or when a recorded result went another way than into kernels and through [`leave`].
    pub fn backward(self, loss: &Tensor) -> Result<GradStore> {
        let mut store = loss.backward()?;
        let mut signals: HashMap<TensorId, Buffer> = HashMap::new();
        let mut leaves: Vec<(Tensor, Buffer)> = Vec::new();
        for Step { name, arguments, result, left, backward } in self.steps.into_iter().rev() {
            let dy = match left {
                Some(variable) => store.remove(&variable).map(|dy| buffer(&dy)).transpose()?,
                None => signals.remove(&result),
            };
            let Some(dy) = dy else {
                return wrong(name, "no gradient came back to its result; `leave` hands a result over to candle");
            };
            let wanted: Vec<bool> = arguments.iter().map(|a| !matches!(a, Argument::Constant)).collect();
            for (argument, gradient) in arguments.into_iter().zip(backward(dy, &wanted)?) {
                let Some(gradient) = gradient else { continue };
                match argument {
                    Argument::Constant => {}
                    Argument::Recorded(id) => match signals.get_mut(&id) {
                        Some(sum) => add_to(sum, &gradient),
                        None => _ = signals.insert(id, gradient),
                    },
                    Argument::Leaf(leaf) => match leaves.iter_mut().find(|(known, _)| known.id() == leaf.id()) {
                        Some((_, sum)) => add_to(sum, &gradient),
                        None => leaves.push((leaf, gradient)),
                    },
                }
            }
        }
        // What candle computed before: its own backward pass from Σ leaf · gradient.
        let mut rest: Option<Tensor> = None;
        for (leaf, gradient) in leaves {
            let gradient = Tensor::from_vec(gradient.into_vec(), leaf.shape(), &Device::Cpu)?;
            if leaf.is_variable() {
                let gradient = match store.remove(&leaf) {
                    Some(other) => (other + gradient)?,
                    None => gradient,
                };
                store.insert(&leaf, gradient);
                continue;
            }
            let term = (leaf * gradient)?.sum_all()?;
            rest = Some(match rest {
                Some(sum) => (sum + term)?,
                None => term,
            });
        }
        if let Some(rest) = rest {
            store.extend(rest.backward()?)?;
        }
        Ok(store)
    }
}

/// Hands a recorded result over to candle's operations; anything else stays what it is. It is copied: meant for what is
/// small, such as the means that a linear layer reads.
///
/// # Errors
/// When candle fails.
pub fn leave(x: &Tensor) -> Result<Tensor> {
    let recorded = RECORDING.with_borrow(|r| r.as_ref().is_some_and(|r| r.results.contains(&x.id())));
    if !recorded {
        return Ok(x.clone());
    }
    let variable = Var::from_tensor(x)?;
    let result = variable.as_tensor().clone();
    RECORDING.with_borrow_mut(|recording| {
        if let Some(Recording { steps, .. }) = recording {
            let backward: Backward = Box::new(|dy, _| Ok(vec![Some(dy)]));
            let arguments = vec![Argument::Recorded(x.id())];
            steps.push(Step { name: "leave", arguments, result: result.id(), left: Some(variable), backward });
        }
    });
    Ok(result)
}

/// A kernel's result `values` as a tensor, recorded when some argument wants a gradient.
///
/// # Errors
/// When one wants a gradient and nothing records.
pub(super) fn result(
    name: &'static str,
    shape: impl Into<Shape>,
    values: Vec<f32>,
    arguments: &[&Tensor],
    backward: impl FnOnce(Buffer, &[bool]) -> Result<Vec<Option<Buffer>>> + 'static,
) -> Result<Tensor> {
    let y = Tensor::from_vec(values, shape.into(), &Device::Cpu)?;
    RECORDING.with_borrow_mut(|recording| {
        let argument = |t: &&Tensor| {
            if recording.as_ref().is_some_and(|r| r.results.contains(&t.id())) {
                Argument::Recorded(t.id())
            } else if t.track_op() {
                Argument::Leaf((*t).clone())
            } else {
                Argument::Constant
            }
        };
        let arguments: Vec<Argument> = arguments.iter().map(argument).collect();
        if arguments.iter().all(|a| matches!(a, Argument::Constant)) {
            return Ok(y);
        }
        let Some(Recording { steps, results }) = recording else {
            return wrong(name, "an argument wants a gradient; compute within Tape::record, or detach() it");
        };
        results.insert(y.id());
        steps.push(Step { name, arguments, result: y.id(), left: None, backward: Box::new(backward) });
        Ok(y)
    })
}

fn buffer(tensor: &Tensor) -> Result<Buffer> {
    let tensor = tensor.contiguous()?;
    let values = Floats::of(&tensor).get()?.to_vec();
    Ok(Buffer::from(values))
}

/// The floats of several arguments, readable while this lives.
pub(super) struct AllFloats<'a>(Vec<Floats<'a>>);

impl<'a> AllFloats<'a> {
    pub fn of(tensors: impl IntoIterator<Item = &'a Tensor>) -> Self {
        Self(tensors.into_iter().map(Floats::of).collect())
    }

    pub fn get(&self) -> Result<Vec<&[f32]>> {
        self.0.iter().map(Floats::get).collect::<std::result::Result<_, Error>>()
    }
}
