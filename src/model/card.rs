//! The card: what a model is for, what it was trained on, how far it can be trusted.

use super::spec::ModelSpec;
use crate::evaluate::{Evaluation, text};

/// The card as Markdown.
pub(super) fn text(spec: &ModelSpec, parameters: usize, evaluation: &Evaluation) -> String {
    let leads: Vec<String> = spec.leads.iter().map(ToString::to_string).collect();
    let origin = &spec.origin;
    let (n, names) = (spec.leads.len(), leads.join(", "));
    let notes: String = evaluation.notes.iter().map(|note| format!("- {note}\n")).collect();
    format!(
        "# A heartbeat classifier

For research on recorded ECGs. **Not a medical device**: not for diagnosis, monitoring or any decision about a patient.

## What it is
{network}, {parameters} parameters. It takes one beat, \
{n} lead{s} ({names}) of {samples} samples at {frequency} Hz around a given R peak, and tells five classes of the AAMI apart: \
N, S, V, F, Q.

## Data
Trained on {data}. {sentence}

Fingerprint of the beats: `{digest}`.

## Figures
{chosen}, epoch {epoch} of {epochs}, seed {seed}.

```text
{figures}```

{notes}
## Never tested
Other recorders, other electrode positions, children, and every rhythm that the database does not hold. On records of \
another kind expect less.

## Loading it
    heart-darts evaluate MODEL --data DIR
    heart-darts predict MODEL RECORD

Written by heart-darts {version}.
",
        network = capitalised(&spec.network.to_string()),
        s = if n == 1 { "" } else { "s" },
        samples = spec.input.samples,
        frequency = spec.frequency,
        data = origin.data.name,
        sentence = origin.split_sentence,
        digest = origin.data.digest,
        chosen = capitalised(&origin.selection),
        epoch = origin.epoch.0,
        epochs = origin.epoch.1,
        seed = origin.seed,
        figures = text::evaluation(evaluation),
        version = origin.crate_version,
    )
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
