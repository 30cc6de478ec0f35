//! What people write as RON: searches, trainings, studies, descriptions of databases, genotypes.

use heart_darts::cell::Genotype;
use heart_darts::database::Database;
use heart_darts::pipeline::fit::Plan;
use heart_darts::pipeline::{SearchRun, Study, TrainRun};

use super::tally::{Folder, Tally, changed, line_of};

/// A part of a sound text, what stands there instead, and what the error names beside the line: nothing, where the text does
/// not parse and the place is line and column; the field, where a value cannot be.
type Changes = &'static [(&'static str, &'static str, &'static str)];

const SEARCH: &str = "(
    data: (
        leads: Some([\"V1\"]),
        preprocessing: (denoise: Some((wavelet: \"db4\", level: Some(3))), resample: Some(250.0), standardise: Record),
        split: PatientFolds(folds: 3, fold: 1, validation: 0.5, seed: 2),
        limits: (per_class: Some(5), classes: {N: 2}),
    ),
    search: (
        supernet: (channels: 4, layers: 3),
        epochs: 3,
        batch: 12,
        weights: (learning_rate: 0.1, learning_rate_end: 0.01, momentum: 0.8, weight_decay: 0.001, clip: 2),
        alpha: (learning_rate: 0.02, betas: (0.5, 0.9), weight_decay: 0.002),
        warm_up: 1,
        seed: 7,
    ),
)";

const OF_SEARCH: Changes = &[
    ("epochs: 3", "epoch: 3", ""),
    ("epochs: 3", "epochs: three", ""),
    ("epochs: 3", "epochs: -3", ""),
    ("epochs: 3", "epochs: 3.5", ""),
    ("epochs: 3", "epochs: 99999999999999999999", ""),
    ("epochs: 3", "epochs: 3, epochs: 4", ""),
    ("epochs: 3", "epochs 3", ""),
    ("epochs: 3", "epochs: 0", "search.epochs"),
    ("epochs: 3", "epochs: 18446744073709551615", "search.epochs"),
    ("batch: 12", "batch: 1", "search.batch"),
    ("warm_up: 1", "warm_up: 3", "search.warm_up"),
    ("channels: 4", "channels: 3", "search.supernet.channels"),
    ("channels: 4", "channels: 1024", "search.supernet.channels"),
    ("layers: 3", "layers: 2", "search.supernet.layers"),
    ("layers: 3", "layers: 200", "search.supernet.layers"),
    ("rate: 0.1", "rate: 0", "search.learning_rate"),
    ("rate: 0.1", "rate: inf", "search.learning_rate"),
    ("rate_end: 0.01", "rate_end: -1", "search.learning_rate_end"),
    ("momentum: 0.8", "momentum: 1", "search.momentum"),
    ("decay: 0.001", "decay: -1", "search.weight_decay"),
    ("clip: 2", "clip: NaN", "search.clip"),
    ("rate: 0.02", "rate: 0", "search.alpha.learning_rate"),
    ("betas: (0.5, 0.9)", "betas: (0.5, 1)", "search.alpha.betas"),
    ("betas: (0.5, 0.9)", "betas: (0.5)", ""),
    ("betas: (0.5, 0.9)", "betas: [0.5, 0.9]", ""),
    ("decay: 0.002", "decay: inf", "search.alpha.weight_decay"),
    ("warm_up: 1", "warm_up: 4, perturbation: ()", "search.warm_up"),
    ("warm_up: 1", "perturbation: (beats: 1)", "search.perturbation.beats"),
    ("warm_up: 1", "perturbation: (learning_rate: inf)", "search.perturbation.learning_rate"),
    ("warm_up: 1", "perturbation: (trials: 3)", ""),
    ("warm_up: 1", "perturbation: 3", ""),
    ("seed: 7", "seed: \"x\"", ""),
    ("seed: 7", "seed: -1", ""),
    ("[\"V1\"]", "[]", "data.leads"),
    ("[\"V1\"]", "[-1]", ""),
    ("[\"V1\"]", "[1.5]", ""),
    ("[\"V1\"]", "\"V1\"", ""),
    ("\"db4\"", "\"db99\"", ""),
    ("level: Some(3)", "level: Some(0)", "data.preprocessing"),
    ("level: Some(3)", "level: Some(99)", "data.preprocessing"),
    ("resample: Some(250.0)", "resample: Some(0.0)", "data.preprocessing"),
    ("resample: Some(250.0)", "resample: Some(NaN)", "data.preprocessing"),
    ("resample: Some(250.0)", "resample: Some(1e12)", "data.preprocessing"),
    ("standardise: Record", "standardise: Records", ""),
    ("PatientFolds(", "PatientFold(", ""),
    ("folds: 3,", "folds: 1,", "data.split: folds"),
    ("fold: 1", "fold: 3", "data.split: fold"),
    ("validation: 0.5", "validation: 1", "data.split: validation"),
    ("validation: 0.5", "validation: NaN", "data.split: validation"),
    ("per_class: Some(5)", "per_class: Some(0)", "data.limits"),
    ("{N: 2}", "{X: 2}", ""),
    ("{N: 2}", "{N: -2}", ""),
    ("{N: 2}", "[N]", ""),
];

const TRAINING: &str = "(
    data: (split: Random(test: 0.3, validation: 0.2)),
    network: (channels: 4, layers: 3, shortcuts: false),
    training: (
        epochs: 4,
        batch: 16,
        optimiser: (learning_rate: 0.2),
        drop_path: 0.1,
        label_smoothing: 0.05,
        class_weights: Inverse,
        schedule: WarmUpCosine(2),
        early_stopping: Some(3),
        selection: Last,
    ),
)";

const OF_TRAINING: Changes = &[
    ("test: 0.3", "test: 0", "data.split: test"),
    ("test: 0.3", "test: 1.5", "data.split: test"),
    ("channels: 4", "channels: 0", "network"),
    ("channels: 4", "channels: 1025", "network"),
    ("layers: 3", "layers: 2", "network"),
    ("layers: 3", "layers: 201", "network"),
    ("shortcuts: false", "shortcuts: no", ""),
    ("epochs: 4", "epochs: 0", "training.epochs"),
    ("epochs: 4", "epochs: 1000001", "training.epochs"),
    ("batch: 16", "batch: 0", "training.batch"),
    ("learning_rate: 0.2", "learning_rate: -0.2", "training.learning_rate"),
    ("drop_path: 0.1", "drop_path: 1", "training.drop_path"),
    ("drop_path: 0.1", "drop_path: NaN", "training.drop_path"),
    ("label_smoothing: 0.05", "label_smoothing: 1", "training.label_smoothing"),
    ("label_smoothing: 0.05", "label_smoothing: -1", "training.label_smoothing"),
    ("class_weights: Inverse", "class_weights: Reverse", ""),
    ("WarmUpCosine(2)", "WarmUpCosine(4)", "training.schedule"),
    ("WarmUpCosine(2)", "WarmUpCosine", ""),
    ("early_stopping: Some(3)", "early_stopping: Some(0)", "training.early_stopping"),
    ("selection: Last", "selection: First", ""),
    ("selection: Last", "selection: \"Last\"", ""),
];

/// The two in one file.
fn plan() -> String {
    format!("(\n    version: 1,\n    database: None,\n    search: {SEARCH},\n    training: {TRAINING},\n)")
}

const OF_PLAN: Changes = &[
    ("version: 1", "version: 2", ""),
    ("version: 1", "version: 1.5", ""),
    ("    version: 1,\n", "", ""),
    ("database: None", "database: 7", ""),
    ("epochs: 3", "epochs: 0", "search.search.epochs"),
    ("warm_up: 1", "warm_up: 3", "search.search.warm_up"),
    ("[\"V1\"]", "[]", "search.data.leads"),
    ("folds: 3,", "folds: 1,", "search.data.split: folds"),
    ("per_class: Some(5)", "per_class: Some(0)", "search.data.limits"),
    ("epochs: 4", "epochs: 0", "training.training.epochs"),
    ("layers: 3, shortcuts", "layers: 2, shortcuts", "training.network"),
    ("test: 0.3", "test: 2", "training.data.split: test"),
    ("shortcuts: false", "shortcut: false", ""),
];

const STUDY: &str = "(
    title: \"Cells\",
    training: (epochs: 2, batch: 8),
    seeds: [0, 7],
    rows: [
        (name: \"found\", network: Cells(genotype: \"cell.ron\", shape: (channels: 2, layers: 3))),
        (name: \"random\", network: RandomCells(), seeds: Some([3])),
        (name: \"plain\", network: Baseline(Residual((channels: 2, stages: 2, blocks: 1, taps: 3)))),
        (name: \"nine\", network: Baseline(Cnn9), training: Some((epochs: 1)), data: Some((leads: [0]))),
    ],
)";

const OF_STUDY: Changes = &[
    ("title: \"Cells\"", "title: Cells", ""),
    ("title: \"Cells\",", "", ""),
    ("epochs: 2", "epochs: 0", "training.epochs"),
    ("seeds: [0, 7]", "seeds: []", "no seeds for \"found\""),
    ("seeds: Some([3])", "seeds: Some([])", "no seeds for \"random\""),
    ("name: \"plain\"", "name: \"!?\"", "a row named \"!?\""),
    ("name: \"plain\"", "name: \"Random\"", "a row named \"Random\""),
    ("\"cell.ron\"", "\"no.ron\"", "no.ron"),
    ("channels: 2, layers: 3", "channels: 0, layers: 3", "row \"found\": network"),
    ("channels: 2, layers: 3", "channels: 1024, layers: 200", "row \"found\": network"),
    ("stages: 2", "stages: 99", "row \"plain\": network"),
    ("taps: 3", "taps: 4", "row \"plain\": network"),
    ("Cnn9", "Cnn10", ""),
    ("epochs: 1", "batch: 1", "row \"nine\": training.batch"),
    ("leads: [0]", "leads: []", "row \"nine\": data.leads"),
];

const OF_DATABASE: Changes = &[
    ("name: \"holter-2024\"", "name: \"a/b\"", "name"),
    ("name: \"holter-2024\"", "name: \"\"", "name"),
    ("name: \"holter-2024\"", "name: 7", ""),
    ("name: \"holter-2024\",", "", ""),
    ("leads: [\"MLII\", \"V1\"],\n", "leads: [],\n", "leads"),
    ("leads: [\"MLII\", \"V1\"],\n", "leads: [\"V1\", \"V1\"],\n", "leads"),
    ("leads: [\"MLII\", \"V1\"],\n", "leads: [true],\n", ""),
    ("frequency: 360,", "frequency: 0,", "frequency"),
    ("frequency: 360,", "frequency: inf,", "frequency"),
    ("frequency: 360,", "frequency: \"fast\",", ""),
    ("before: 99, after: 200", "before: 0, after: 0", "window"),
    ("before: 99, after: 200", "before: 99, after: 18446744073709551615", "window"),
    ("before: 99, after: 200", "before: -99, after: 200", ""),
    ("before: 99, after: 200", "before: 99", ""),
    ("F: [\"F\"]", "F: [\"N\"]", "classes"),
    ("F: [\"F\"]", "F: [\"P\"]", "classes"),
    ("F: [\"F\"]", "X: [\"F\"]", ""),
    ("first: 0, last: 0", "first: 0, last: -1", ""),
    ("annotator: \"atr\"", "annotator: \"a.b\"", "annotator"),
    ("records: All", "records: Only([])", "records"),
    ("records: All", "records: Only([\"../100\"])", "../100"),
    ("records: All", "records: Except([\"1\", \"1\"])", "records"),
    ("records: All", "records: Some", ""),
    ("together: [[\"201\", \"202\"]]", "together: [[\"201\", \"201\"]]", "together"),
    ("together: [[\"201\", \"202\"]]", "together: [[\"/x\"]]", "/x"),
    ("comment: \"patient\"", "comment: \"the patient\"", "comment"),
    ("training: [\"101\", \"106\"]", "training: [\"100\"]", "inter_patient"),
    ("left_out: []", "left_out: [\"..\"]", "\"..\""),
];

const OF_GENOTYPE: Changes = &[
    ("version: 1", "version: 2", ""),
    ("version: 1", "version: one", ""),
    ("    version: 1,\n", "", ""),
    ("conv3, from: 0", "conv4, from: 0", ""),
    ("conv3, from: 0", "zero, from: 0", ""),
    ("conv3, from: 0", "conv3, from: 2", ""),
    ("conv3, from: 0", "conv3, from: 1", ""),
    ("conv3, from: 0", "conv3, from: -1", ""),
    ("conv3, from: 0", "conv3", ""),
    ("(operation: conv3, from: 0), ", "", ""),
    ("(operation: skip, from: 0),", "(operation: skip, from: 0), (operation: conv5, from: 1),", ""),
    ("[(operation: skip, from: 0), (operation: conv3, from: 1)]", "", ""),
    ("[[(operation: skip, from: 0), (operation: conv3, from: 1)]]", "7", ""),
    ("nodes: [[(operation: skip", "node: [[(operation: skip", ""),
    (
        "[(operation: skip, from: 0), (operation: conv3, from: 1)]",
        "[(operation: skip, from: 0), (operation: conv3, from: 1)], [(operation: skip, from: 0), (operation: conv3, from: 1)]",
        "",
    ),
    ("reduction: (", "reduktion: (", ""),
];

const GENOTYPE: &str = "(
    version: 1,
    normal: (nodes: [[(operation: conv3, from: 0), (operation: max3, from: 1)]]),
    reduction: (nodes: [[(operation: skip, from: 0), (operation: conv3, from: 1)]]),
)";

/// Its name, and what it makes of a sound text.
type Damage = (&'static str, fn(&str) -> String);

/// What is wrong with any RON, whatever it is for.
const ANY: &[Damage] = &[
    ("empty", |_| String::new()),
    ("cut off", |text| text[..text.len() * 2 / 3].into()),
    ("no end", |text| text.trim_end().trim_end_matches(')').into()),
    ("more behind the end", |text| format!("{text}\n(")),
    ("another kind of text", |_| "{\"json\": [1, 2]}".into()),
    ("deep nesting", |_| "(".repeat(5000)),
];

pub fn run(tally: &mut Tally) {
    let database: String = heart_darts::database::sample().to_owned();
    kind(tally, "search", SEARCH, OF_SEARCH, |text| {
        let folder = Folder::of(&[("search.ron", text.as_bytes())]);
        SearchRun::read(&folder.path("search.ron")).map(drop).map_err(|error| error.to_string())
    });
    kind(tally, "training", TRAINING, OF_TRAINING, |text| {
        let folder = Folder::of(&[("training.ron", text.as_bytes())]);
        TrainRun::read(&folder.path("training.ron")).map(drop).map_err(|error| error.to_string())
    });
    kind(tally, "plan", &plan(), OF_PLAN, |text| {
        let folder = Folder::of(&[("plan.ron", text.as_bytes())]);
        Plan::read(&folder.path("plan.ron")).map(drop).map_err(|error| error.to_string())
    });
    kind(tally, "study", STUDY, OF_STUDY, |text| {
        let folder = Folder::of(&[("study.ron", text.as_bytes()), ("cell.ron", GENOTYPE.as_bytes())]);
        Study::read(&folder.path("study.ron")).map(drop).map_err(|error| error.to_string())
    });
    kind(tally, "database", &database, OF_DATABASE, |text| {
        Database::parse(text, "database.ron").map(drop).map_err(|error| error.to_string())
    });
    kind(tally, "genotype", GENOTYPE, OF_GENOTYPE, |text| {
        Genotype::parse(text, "genotype.ron").map(drop).map_err(|error| error.to_string())
    });
}

fn kind(
    tally: &mut Tally,
    kind: &'static str,
    sound: &str,
    changes: Changes,
    read: impl Fn(&str) -> Result<(), String>,
) {
    read(sound).unwrap();
    let file = format!("{kind}.ron");
    for (part, other, place) in changes {
        let text = changed(sound, part, other);
        // A mistake may be noticed where the thing ends that lacks something: on this line, or on one of the next.
        let line = line_of(sound, part);
        let number: usize = line.trim_matches(':').parse().unwrap();
        let lines: Vec<String> = (number..=text.lines().count()).map(|line| format!("{file}:{line}:")).collect();
        let places: Vec<&str> = if place.is_empty() { lines.iter().map(String::as_str).collect() } else { vec![place] };
        let file = if *place == "no.ron" { "no.ron" } else { &file };
        tally.refused(kind, format!("{part} → {other}"), file, &places, read(&text));
    }
    for (what, change) in ANY {
        tally.refused(kind, what, &file, &[&format!("{file}:")], read(&change(sound)));
    }
}
