//! Whatever is written reads back the same: checkpoints, models, configurations, descriptions, figures. (Records, annotations
//! and headers: `tests/wfdb/round_trip.rs`; genotypes: `tests/cell.rs`; prepared beats: `tests/beat.rs`.)

use std::collections::BTreeMap;

use heart_darts::beat::{Augmentation, Class, Context, Limits, Reduction, SplitRule};
use heart_darts::cell::{Genotype, Named};
use heart_darts::database::{ClassMap, Database, InterPatient, Lead, Published, RecordChoice, Subjects, Trim, Window};
use heart_darts::evaluate::{ConfusionMatrix, Evaluation, RecordEvaluation};
use heart_darts::model::{Model, ModelOrigin, ModelSpec};
use heart_darts::network::{Baseline, DerivedSpec, InputShape, NetworkSpec, ResidualSpec, SupernetSpec};
use heart_darts::pipeline::{DataConfig, Row, RowNetwork, SearchRun, Study, TrainRun};
use heart_darts::search::{Perturbation, SearchConfig};
use heart_darts::signal::{Denoise, Preprocessing, Standardise, Threshold, Wavelet};
use heart_darts::support::digests::Digests;
use heart_darts::support::files::{parse_ron, to_ron};
use heart_darts::support::random::Generator;
use heart_darts::train::{AdamSpec, Array, ClassWeights, Schedule, Selection, SgdSpec, TensorFile, TrainConfig};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn any_lead() -> impl Strategy<Value = Lead> {
    prop_oneof!["\\PC{1,8}".prop_map(Lead::Name), any::<u32>().prop_map(|at| Lead::Position(at as usize))]
}

fn any_preprocessing() -> impl Strategy<Value = Preprocessing> {
    let wavelets: Vec<Wavelet> = Wavelet::all().collect();
    let threshold = select(vec![Threshold::None, Threshold::Soft, Threshold::Hard]);
    let denoise = (select(wavelets), option::of(0_usize..20), any::<bool>(), threshold)
        .prop_map(|(wavelet, level, baseline, threshold)| Denoise { wavelet, level, baseline, threshold });
    let standardise = select(vec![Standardise::None, Standardise::Record, Standardise::Beat]);
    (option::of(denoise), option::of(1e-3..1e6_f64), standardise, any::<bool>(), any::<bool>()).prop_map(
        |(denoise, resample, standardise, rhythm, template)| Preprocessing {
            denoise,
            resample,
            standardise,
            rhythm,
            template,
        },
    )
}

fn any_split() -> impl Strategy<Value = SplitRule> {
    let share = || 0.0..1.0_f64;
    prop_oneof![
        (share(), share(), any::<bool>(), any::<u64>()).prop_map(|(test, validation, stratified, seed)| {
            SplitRule::Random { test, validation, stratified, seed }
        }),
        (share(), any::<u64>(), any::<bool>())
            .prop_map(|(validation, seed, keep_shared)| { SplitRule::InterPatient { validation, seed, keep_shared } }),
        (2_usize..50, 0_usize..50, share(), any::<u64>())
            .prop_map(|(folds, fold, validation, seed)| { SplitRule::PatientFolds { folds, fold, validation, seed } }),
    ]
}

fn any_data() -> impl Strategy<Value = DataConfig> {
    let classes = btree_map(select(Class::ALL.to_vec()), 1_usize..10_000, 0..4);
    let limits = (option::of(1_usize..10_000), classes, any::<u64>()).prop_map(|(per_class, classes, seed)| Limits {
        per_class,
        classes,
        seed,
    });
    (option::of(vec(any_lead(), 0..4)), any_preprocessing(), any_split(), limits, any::<bool>()).prop_map(
        |(leads, preprocessing, split, limits, allow_absent_classes)| DataConfig {
            leads,
            preprocessing,
            split,
            limits,
            allow_absent_classes,
        },
    )
}

fn any_sgd() -> impl Strategy<Value = SgdSpec> {
    let number = || 1e-9..10.0_f64;
    (number(), number(), number(), number(), number()).prop_map(
        |(learning_rate, learning_rate_end, momentum, weight_decay, clip)| SgdSpec {
            learning_rate,
            learning_rate_end,
            momentum,
            weight_decay,
            clip,
        },
    )
}

fn any_training() -> impl Strategy<Value = TrainConfig> {
    let schedule =
        prop_oneof![Just(Schedule::Cosine), Just(Schedule::Constant), (0_usize..99).prop_map(Schedule::WarmUpCosine)];
    let weights = select(vec![ClassWeights::Equal, ClassWeights::Inverse, ClassWeights::InverseSquareRoot]);
    let selection = select(vec![
        Selection::BestF1,
        Selection::BestAccuracy,
        Selection::LowestLoss,
        Selection::Last,
        Selection::BestOnTest,
    ]);
    let number = || 0.0..1.0_f32;
    let augmentation = (number(), number(), 0_usize..100, number(), number()).prop_map(
        |(probability, scale, shift, noise, wander)| Augmentation { probability, scale, shift, noise, wander },
    );
    let first = (1_usize..1000, 2_usize..1000, any_sgd(), schedule, number(), number());
    let second = (weights, option::of(augmentation), option::of(1_usize..99), selection, any::<bool>(), any::<u64>());
    (first, second).prop_map(
        |(
            (epochs, batch, optimiser, schedule, drop_path, label_smoothing),
            (class_weights, augmentation, early_stopping, selection, test_curve, seed),
        )| TrainConfig {
            epochs,
            batch,
            optimiser,
            schedule,
            drop_path,
            label_smoothing,
            class_weights,
            augmentation,
            early_stopping,
            selection,
            test_curve,
            seed,
        },
    )
}

fn any_shape() -> impl Strategy<Value = DerivedSpec> {
    (1_usize..1025, 3_usize..201, any::<bool>(), any::<bool>())
        .prop_map(|(channels, layers, shortcuts, auxiliary)| DerivedSpec { channels, layers, shortcuts, auxiliary })
}

fn any_baseline() -> impl Strategy<Value = Baseline> {
    let residual = (1_usize..99, 1_usize..9, 1_usize..99, 1_usize..99)
        .prop_map(|(channels, stages, blocks, taps)| ResidualSpec { channels, stages, blocks, taps });
    prop_oneof![
        Just(Baseline::Cnn9),
        Just(Baseline::Cnn11),
        Just(Baseline::ResNet31),
        residual.prop_map(Baseline::Residual)
    ]
}

fn any_search() -> impl Strategy<Value = SearchConfig> {
    let alpha = (1e-6..1.0_f64, (0.0..1.0_f64, 0.0..1.0_f64), 0.0..1.0_f64)
        .prop_map(|(learning_rate, betas, weight_decay)| AdamSpec { learning_rate, betas, weight_decay });
    let perturbation = (any::<u16>(), any::<u16>(), 0.0..1.0_f64).prop_map(|(beats, steps, learning_rate)| {
        Perturbation { beats: beats.into(), steps: steps.into(), learning_rate }
    });
    (any::<[u16; 5]>(), any_sgd(), alpha, option::of(perturbation), any::<u64>()).prop_map(
        |([channels, layers, epochs, batch, warm_up], weights, alpha, perturbation, seed)| SearchConfig {
            supernet: SupernetSpec { channels: channels.into(), layers: layers.into() },
            epochs: epochs.into(),
            batch: batch.into(),
            weights,
            alpha,
            warm_up: warm_up.into(),
            perturbation,
            seed,
        },
    )
}

fn any_study() -> impl Strategy<Value = Study> {
    let network = prop_oneof![
        ("\\PC{0,9}", any_shape()).prop_map(|(genotype, shape)| RowNetwork::Cells { genotype, shape }),
        any_shape().prop_map(|shape| RowNetwork::RandomCells { shape }),
        any_baseline().prop_map(RowNetwork::Baseline),
    ];
    let published = any::<[i32; 4]>().prop_map(|n| {
        let [accuracy, sensitivity, positive_predictivity, f1] = n.map(|n| f64::from(n) / 7.0);
        heart_darts::pipeline::Published { accuracy, sensitivity, positive_predictivity, f1 }
    });
    let seeds = || vec(any::<u64>(), 0..3);
    let row = (
        "\\PC{0,9}",
        network,
        option::of(published),
        option::of("\\PC{0,9}"),
        option::of(any_data()),
        option::of(any_training()),
        option::of(seeds()),
        option::of("\\PC{0,9}"),
    )
        .prop_map(|(name, network, published, compared_with, data, training, seeds, not_run)| Row {
            name,
            network,
            published,
            compared_with,
            data,
            training,
            seeds,
            not_run,
        });
    ("\\PC*", any_data(), any_training(), seeds(), any::<[bool; 2]>(), vec(row, 0..3)).prop_map(
        |(title, data, training, seeds, [every_fold, redraw], rows)| Study {
            title,
            data,
            training,
            seeds,
            every_fold,
            redraw,
            rows,
        },
    )
}

/// A description that its own check accepts.
fn any_database() -> impl Strategy<Value = Database> {
    let names = |prefix: &'static str| {
        vec("[a-z0-9]{1,4}", 0..3).prop_map(move |names| {
            let numbered = names.into_iter().enumerate().map(|(i, name)| format!("{prefix}{i}/{name}"));
            numbered.collect::<Vec<String>>()
        })
    };
    let records = prop_oneof![
        Just(RecordChoice::All),
        names("e").prop_map(RecordChoice::Except),
        names("o").prop_map(|names| RecordChoice::Only(names.into_iter().chain(["x".to_owned()]).collect()))
    ];
    let subjects = (names("s"), option::of("[a-z]{1,9}"), "\\PC*").prop_map(|(group, comment, note)| Subjects {
        together: vec![group],
        comment,
        note,
    });
    let sets = ("\\PC*", names("a"), names("b"), names("c"))
        .prop_map(|(source, training, test, left_out)| InterPatient { source, training, test, left_out });
    let published = ("\\PC*", any::<[u64; 5]>()).prop_map(|(source, beats)| Published { source, beats });
    let first =
        ("[a-zA-Z0-9_-]{1,9}", "\\PC*", 1_usize..4, 1e-3..1e6_f64, (0_usize..999, 1_usize..999), any::<[u16; 2]>());
    let second = ("[a-z]{1,4}", records, subjects, option::of(sets), option::of(published));
    (first, second).prop_map(
        |(
            (name, title, leads, frequency, (before, after), [first, last]),
            (annotator, records, subjects, inter_patient, published),
        )| {
            Database {
                name,
                title,
                leads: (0..leads)
                    .map(|i| if i == 1 { Lead::Position(7) } else { Lead::Name(format!("L \"{i}\"")) })
                    .collect(),
                frequency,
                window: Window { before, after },
                classes: ClassMap::aami(),
                trim: Trim { first: first.into(), last: last.into() },
                annotator,
                records,
                subjects,
                inter_patient,
                published,
            }
        },
    )
}

/// Arrays of any shape and any bits, and a state of any text.
fn any_tensors() -> impl Strategy<Value = TensorFile> {
    let floats = vec(0_usize..4, 0..4).prop_flat_map(|shape| {
        let size = shape.iter().product();
        vec(any::<u32>().prop_map(f32::from_bits), size..=size)
            .prop_map(move |values| Array::F32(shape.clone(), values))
    });
    let array = prop_oneof![floats, vec(any::<u32>(), 0..9).prop_map(Array::U32)];
    let digests = btree_map("\\PC{0,9}", "\\PC{0,9}", 0..4).prop_map(|digests| {
        digests.iter().fold(Digests::default(), |digests, (field, digest)| digests.with(field, digest))
    });
    (any::<String>(), digests, btree_map("\\PC{1,9}", array, 0..6)).prop_map(|(state, digests, arrays)| TensorFile {
        state,
        digests,
        // What the format keeps for itself.
        arrays: arrays.into_iter().filter(|(name, _)| name != "__metadata__").collect(),
    })
}

/// Shape and bits by name.
type Bits = BTreeMap<String, (Vec<usize>, Vec<u32>)>;

/// In which NaN equals itself.
fn bits(file: &TensorFile) -> (String, Digests, Bits) {
    let of = |array: &Array| match array {
        Array::F32(shape, values) => (shape.clone(), values.iter().map(|value| value.to_bits()).collect()),
        Array::U32(values) => (vec![usize::MAX], values.clone()),
    };
    let arrays = file.arrays.iter().map(|(name, array)| (name.clone(), of(array))).collect();
    (file.state.clone(), file.digests.clone(), arrays)
}

fn any_matrix() -> impl Strategy<Value = ConfusionMatrix> {
    let cell = || prop_oneof![3 => Just(0_u64), 3 => 0_u64..2000];
    proptest::array::uniform5(proptest::array::uniform5(cell())).prop_map(|rows| ConfusionMatrix::new(rows).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn configurations(search in any_search(), training in any_training(), data in any_data(), network in any_shape()) {
        let run = SearchRun { data: data.clone(), search };
        prop_assert_eq!(parse_ron::<SearchRun>(&to_ron(&run), "again").unwrap(), run);
        let run = TrainRun { data, network, training };
        prop_assert_eq!(parse_ron::<TrainRun>(&to_ron(&run), "again").unwrap(), run);
    }

    #[test]
    fn studies(study in any_study()) {
        prop_assert_eq!(parse_ron::<Study>(&to_ron(&study), "again").unwrap(), study);
    }

    #[test]
    fn descriptions(database in any_database()) {
        prop_assert_eq!(Database::parse(&to_ron(&database), "again").unwrap(), database);
    }
}

proptest! {
    // Files are synced to the disk, which takes its time.
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn checkpoints(file in any_tensors()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        file.write(&path).unwrap();
        prop_assert_eq!(bits(&TensorFile::read(&path).unwrap()), bits(&file));
    }

    #[test]
    fn figures(matrices in vec((any_matrix(), "\\PC{0,5}", "[a-c]"), 0..4), split in "\\PC*", note in "\\PC*") {
        let records = matrices.into_iter().map(|(matrix, record, subject)| RecordEvaluation::new(record, subject, matrix));
        let mut evaluation = Evaluation::new(split, records.collect(), None);
        evaluation.note(note);
        let again = Evaluation::parse(&evaluation.to_json(), "again").unwrap();
        prop_assert_eq!(again, evaluation);
    }

    /// A model of any cells and of any baseline: description and every bit of the weights.
    #[test]
    fn models(
        seed in any::<u64>(),
        (channels, leads) in (1_usize..4, 1_usize..4),
        baseline in option::of(select(vec![Baseline::Cnn9, Baseline::Residual(ResidualSpec { channels: 2, stages: 2, blocks: 1, taps: 3 })])),
        (preprocessing, split, texts) in (any_preprocessing(), any_split(), "\\PC*"),
    ) {
        let shape = DerivedSpec { channels, layers: 3, auxiliary: seed % 2 == 0, ..DerivedSpec::default() };
        let derived = || NetworkSpec::Derived { shape, genotype: Genotype::random(seed) };
        let network = baseline.map_or_else(derived, NetworkSpec::Baseline);
        let channels = leads + Context::new(&preprocessing, leads, 64).channels();
        let input = InputShape { leads: channels, samples: 64, classes: 5 };
        let spec = ModelSpec {
            version: ModelSpec::VERSION,
            network: network.clone(),
            input,
            leads: (0..leads).map(Lead::Position).collect(),
            frequency: 128.5,
            window: Window { before: 21, after: 42 },
            preprocessing,
            classes: Class::ALL.to_vec(),
            origin: ModelOrigin {
                data: Named { name: texts.clone(), digest: "0".into() },
                split,
                split_digest: texts.clone(),
                split_sentence: texts.clone(),
                reduction: Some(Reduction { before: [9, 4, 3, 2, 1], after: [5, 4, 2, 2, 1] }),
                configuration: texts.clone(),
                selection: texts,
                epoch: (3, 7),
                seed,
                crate_version: "0".into(),
            },
            weights: String::new(),
        };
        let mut model = Model { spec, network: network.build(&input, &mut Generator::new(seed)).unwrap() };
        let folder = tempfile::tempdir().unwrap();
        model.write(folder.path(), &Evaluation::of_matrix("none", ConfusionMatrix::default())).unwrap();
        let again = Model::read(folder.path()).unwrap();
        prop_assert_eq!(&again.spec, &model.spec);
        let weights = |model: &Model| -> BTreeMap<String, Vec<u32>> {
            let tensors = model.network.store().export().unwrap().into_iter();
            let values = tensors.map(|(name, tensor)| (name, tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap()));
            values.map(|(name, values)| (name, values.into_iter().map(f32::to_bits).collect())).collect()
        };
        prop_assert_eq!(weights(&again), weights(&model));
    }
}
