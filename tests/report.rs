//! Pictures: each is written as SVG and PNG, the same every time, whole or not at all.

use std::f64::consts::TAU;
use std::fs;
use std::path::Path;

use heart_darts::beat::Class;
use heart_darts::evaluate::{ConfusionMatrix, Evaluation, RecordEvaluation};
use heart_darts::report::{
    BeatPanel, BeatScale, CurvePanel, EdgeHistory, Error, Series, alpha, beats, class_bars, confusion, curves,
};

/// Table V of the paper.
const TWO_LEADS: [[u64; 5]; 5] =
    [[16001, 26, 7, 8, 2], [27, 476, 1, 0, 0], [9, 0, 1304, 6, 0], [7, 0, 11, 121, 1], [2, 0, 0, 0, 794]];

fn draw_confusion(path: &Path) -> Result<(), Error> {
    let matrix = ConfusionMatrix::new(TWO_LEADS).unwrap();
    confusion(&matrix, "Table V of the Heart-Darts paper: MIT-BIH, 2 leads", path)
}

fn draw_class_bars(path: &Path) -> Result<(), Error> {
    let other = [[1604, 226, 7, 8, 2], [7, 46, 1, 0, 0], [9, 0, 131, 26, 0], [7, 0, 4, 12, 1], [0; 5]];
    let records = [("100", TWO_LEADS), ("101", other), ("102", other), ("103", TWO_LEADS)];
    let record =
        |(name, rows): (&str, [[u64; 5]; 5])| RecordEvaluation::new(name, name, ConfusionMatrix::new(rows).unwrap());
    let evaluation = Evaluation::new("made up", records.map(record).to_vec(), None);
    class_bars(&evaluation, "Each class, made-up figures", path)
}

fn draw_curves(path: &Path) -> Result<(), Error> {
    let series = |name: &str, start: f64, end: f64, noise: f64| Series {
        name: name.into(),
        values: (0..100).map(|e| end + (start - end) * (-e as f64 / 14.0).exp() + noise * (e as f64).sin()).collect(),
    };
    let panels = [
        CurvePanel {
            title: "loss (nats)".into(),
            series: vec![series("training", 1.1, 0.02, 0.004), series("validation", 0.9, 0.06, 0.012)],
        },
        CurvePanel {
            title: "accuracy (%)".into(),
            series: vec![series("training", 81.0, 99.6, 0.05), series("validation", 84.0, 98.9, 0.2)],
        },
    ];
    curves(&panels, Some(83), "Training of a derived network", path)
}

fn draw_alpha(path: &Path) -> Result<(), Error> {
    let operations = ["conv3", "conv5", "conv9", "conv13", "conv17", "conv27", "max3", "max5", "skip", "zero"];
    let mut edges = Vec::new();
    for node in 0..4 {
        for source in 0..node + 2 {
            let winner = (3 * node + 5 * source) % 10;
            let weights = |epoch: usize| {
                let strength =
                    |i: usize| (if i == winner { epoch as f64 / 30.0 } else { 0.2 * (i as f64).sin() }).exp();
                let sum: f64 = (0..10).map(strength).sum();
                (0..10).map(|i| strength(i) / sum).collect()
            };
            let from = match source {
                0 => "c_{k-2}".into(),
                1 => "c_{k-1}".into(),
                n => format!("node {}", n - 2),
            };
            edges.push(EdgeHistory { node, from, weights: (0..=100).map(weights).collect() });
        }
    }
    alpha(&edges, &operations, "Normal cell: architecture weights during the search", path)
}

fn draw_beats(path: &Path) -> Result<(), Error> {
    let mut panels = Vec::new();
    for (row, lead) in ["MLII", "V1"].into_iter().enumerate() {
        for class in Class::ALL {
            let wave = |shift: f64| {
                let bump = |t: f64, width: f64| (-(t / width).powi(2)).exp();
                let width = 0.015 * (1.0 + class.index() as f64);
                let value = move |i: usize| {
                    let t = (i as f64 - 99.0) / 360.0;
                    let sign = if row == 0 { 1.0 } else { -0.7 };
                    sign * bump(t, width) + 0.2 * bump(t - 0.28, 0.05) + shift * (TAU * t).sin()
                };
                (0..300).map(value).collect::<Vec<f64>>()
            };
            panels.push(BeatPanel {
                class,
                lead: lead.into(),
                beats: [79508, 2696, 7129, 793, 3887][class.index()],
                mean: wave(0.0),
                singles: (0..8).map(|i| wave(0.05 * (i as f64 - 3.5))).collect(),
            });
        }
    }
    let scale = BeatScale { frequency: 360.0, before: 99, unit: "mV".into() };
    beats(&panels, &scale, "Made-up beats", path)
}

type Draw = fn(&Path) -> Result<(), Error>;
const PICTURES: [(&str, Draw); 5] = [
    ("confusion", draw_confusion),
    ("class_bars", draw_class_bars),
    ("curves", draw_curves),
    ("alpha", draw_alpha),
    ("beats", draw_beats),
];

/// To look at them: `HEART_DARTS_PICTURES=folder cargo test --test report`.
#[test]
fn every_picture_becomes_svg_and_png() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = std::env::var_os("HEART_DARTS_PICTURES").map_or(temporary.path().to_path_buf(), Into::into);
    for (name, draw) in PICTURES {
        let (svg, png) = (folder.join(format!("{name}.svg")), folder.join(format!("{name}.png")));
        draw(&svg).unwrap();
        draw(&png).unwrap();
        let text = fs::read_to_string(&svg).unwrap();
        assert!(text.starts_with("<svg width=\"") && text.trim_end().ends_with("</svg>"), "{name}");
        assert!(text.contains("<text") && !text.contains("NaN"), "{name}");
        let shown: u32 = text["<svg width=\"".len()..].split('"').next().unwrap().parse().unwrap();
        let bytes = fs::read(&png).unwrap();
        assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n", "{name}");
        // The width in the header chunk: twice the size at which the SVG is shown.
        assert_eq!(u32::from_be_bytes(bytes[16..20].try_into().unwrap()), 2 * shown, "{name}");
        assert!(bytes.len() > 10_000, "{name}: {} bytes can hardly be a picture", bytes.len());
    }
}

#[test]
fn a_picture_is_the_same_every_time() {
    let folder = tempfile::tempdir().unwrap();
    for extension in ["svg", "png"] {
        let [once, twice] = ["a", "b"].map(|name| folder.path().join(name).with_extension(extension));
        draw_confusion(&once).unwrap();
        draw_confusion(&twice).unwrap();
        assert!(fs::read(once).unwrap() == fs::read(twice).unwrap(), "{extension}");
    }
}

#[test]
fn another_extension_is_refused_with_advice() {
    for (name, found) in [("picture.pdf", "`.pdf`"), ("picture", "none")] {
        let error = draw_confusion(Path::new(name)).unwrap_err();
        assert!(matches!(error, Error::Extension { .. }));
        let text = error.to_string();
        assert!(text.contains(name) && text.contains(found) && text.contains("`.png`"), "{text}");
    }
}

#[test]
fn a_failed_picture_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    for extension in ["svg", "png"] {
        // A folder with something in it stands where the picture should go.
        let target = folder.path().join("taken").with_extension(extension);
        fs::create_dir(&target).unwrap();
        fs::write(target.join("file"), "").unwrap();
        let before = fs::read_dir(folder.path()).unwrap().count();
        let error = draw_confusion(&target).unwrap_err().to_string();
        assert!(error.contains("taken") && error.contains("cannot be written"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), before, "{extension}");
    }
}

#[test]
fn missing_folders_are_made_and_capitals_are_no_matter() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/folder/picture.PNG");
    draw_confusion(&path).unwrap();
    assert_eq!(&fs::read(path).unwrap()[..4], b"\x89PNG");
}
