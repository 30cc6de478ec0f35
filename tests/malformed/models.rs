//! Models: their descriptions, their weights, their figures.

use std::collections::BTreeMap;

use heart_darts::evaluate::{ConfusionMatrix, Evaluation};
use heart_darts::model::Model;
use heart_darts::support::files;
use heart_darts::train::{Array, TensorFile};

use super::tally::{Folder, Tally, changed};
use crate::entries::work;

/// A part of `model.ron`, what stands there instead, and what the error names; nothing where it does not parse.
const DESCRIPTIONS: &[(&str, &str, &str)] = &[
    ("    version: 1,\n    network", "    version: 2,\n    network", "version"),
    ("    version: 1,\n    network", "    network", ""),
    ("channels: 1,", "channels: 0,", "network"),
    ("channels: 1,", "channels: 2,", "tensor"),
    ("channels: 1,", "channels: 1024,", "network"),
    ("channels: 1,", "channels: 18446744073709551615,", "network"),
    ("layers: 3,", "layers: 200,", "network"),
    ("layers: 3,", "layers: 2,", "network"),
    ("leads: 1,", "leads: 2,", "input.leads"),
    ("leads: 1,", "leads: 18446744073709551615,", "input.leads"),
    ("samples: 8,", "samples: 9,", "input.samples"),
    ("classes: 5,", "classes: 6,", "classes"),
    ("before: 3,", "before: 4,", "input.samples"),
    ("after: 4,", "after: 18446744073709551615,", "input.samples"),
    ("frequency: 360.0,", "frequency: 0.0,", "frequency"),
    ("frequency: 360.0,", "frequency: NaN,", "frequency"),
    ("frequency: 360.0,", "frequency: \"360\",", ""),
    ("        N,\n        S,", "        S,\n        N,", "classes"),
    ("operation: max3", "operation: max4", ""),
    ("operation: max3", "operation: zero", ""),
    ("weights: \"WEIGHTS\"", "weights: \"00\"", "weights"),
    ("weights: \"WEIGHTS\"", "weight: \"WEIGHTS\"", ""),
    ("seed: 0,\n        crate", "seed: \"x\",\n        crate", ""),
];

/// The same of descriptions that could be of some model, and are not of the one whose weights these are.
const OTHERS: &[(&str, &str, &str)] = &[
    ("operation: max3", "operation: max5", "genotype is not"),
    (" digest: \"0\"", " digest: \"1\"", "data is not"),
    ("split_digest: \"0\"", "split_digest: \"1\"", "split is not"),
    ("configuration: \"0\"", "configuration: \"1\"", "configuration is not"),
    ("frequency: 360.0,", "frequency: 250.0,", "description is not"),
];

/// Arrays by name, of which one is changed.
type Change = (&'static str, fn(&mut BTreeMap<String, Array>), &'static str);

const WEIGHTS: &[Change] = &[
    ("an array missing", |arrays| drop(arrays.remove("head.bias")), "head.bias"),
    ("an array too many", |arrays| drop(arrays.insert("more".into(), Array::F32(vec![1], vec![0.0]))), "more"),
    (
        "an array too long",
        |arrays| drop(arrays.insert("head.bias".into(), Array::F32(vec![6], vec![0.0; 6]))),
        "head.bias",
    ),
    (
        "an array of another form",
        |a| drop(a.insert("head.bias".into(), Array::F32(vec![5, 1], vec![0.0; 5]))),
        "head.bias",
    ),
];

pub fn run(tally: &mut Tally) {
    let example = work::model();
    let whole = example.description.replace("WEIGHTS", &files::digest(&example.weights));
    let read = |description: &str, weights: &[u8]| {
        let folder = Folder::of(&[("model.ron", description.as_bytes()), ("weights.safetensors", weights)]);
        Model::read(folder.dir())
    };
    read(&whole, &example.weights).unwrap();
    for (part, other, place) in DESCRIPTIONS {
        let text = changed(&example.description, part, other);
        let text = text.replace("WEIGHTS", &files::digest(&example.undigested));
        let file = if ["weights", "tensor"].contains(place) { "weights.safetensors" } else { "model.ron" };
        let place = if place.is_empty() { "model.ron:" } else { place };
        tally.refused("model", format!("{part} → {other}"), file, &[place], read(&text, &example.undigested));
    }
    for (part, other, place) in OTHERS {
        let text = changed(&whole, part, other);
        tally.refused("model", format!("{part} → {other}"), "model.ron", &[place], read(&text, &example.weights));
    }
    let folder = Folder::of(&[("weights.safetensors", &example.weights)]);
    tally.refused("model", "no model.ron", "model.ron", &["model.ron"], Model::read(folder.dir()));
    let folder = Folder::of(&[("model.ron", whole.as_bytes())]);
    tally.refused("model", "no weights", "weights.safetensors", &["weights"], Model::read(folder.dir()));

    let scratch = Folder::of(&[("w", &example.weights)]);
    for (what, change, place) in WEIGHTS {
        let mut file = TensorFile::read(&scratch.path("w")).unwrap();
        change(&mut file.arrays);
        file.write(&scratch.path("changed")).unwrap();
        let bytes = std::fs::read(scratch.path("changed")).unwrap();
        let text = example.description.replace("WEIGHTS", &files::digest(&bytes));
        tally.refused("weights", what, "weights.safetensors", &[place], read(&text, &bytes));
    }
    tensor_files(tally, &example.weights);
    figures(tally);
}

/// Files that are no tensor file of ours, by what stands in their bytes.
fn tensor_files(tally: &mut Tally, sound: &[u8]) {
    let size = u64::from_le_bytes(sound[..8].try_into().unwrap()) as usize;
    let header = String::from_utf8(sound[8..8 + size].to_vec()).unwrap();
    let with = |header: &str, data: &[u8]| {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    };
    let data = &sound[8 + size..];
    let huge = |size: u64| [&size.to_le_bytes()[..], &sound[8..]].concat();
    let mut flipped = sound.to_vec();
    *flipped.last_mut().unwrap() ^= 1;
    let one = |dtype: &str, shape: &str, end: usize| {
        format!(r#"{{"a":{{"dtype":"{dtype}","shape":{shape},"data_offsets":[0,{end}]}}}}"#)
    };
    for (what, bytes, place) in [
        ("empty", Vec::new(), "header"),
        ("half a length", sound[..4].to_vec(), "header"),
        ("half a header", sound[..size / 2].to_vec(), "header"),
        ("half its arrays", sound[..8 + size + data.len() / 2].to_vec(), "header"),
        ("bytes behind the end", [sound, &[0]].concat(), "header"),
        ("a header of exabytes", huge(u64::MAX), "header"),
        ("a header of gigabytes", huge(50 << 30), "header"),
        ("a header longer than the file", huge(sound.len() as u64), "header"),
        ("a header that is no JSON", with("{\"a\": [}", data), "header"),
        ("a header that is no text", [&8u64.to_le_bytes()[..], &[0xff; 8]].concat(), "header"),
        ("no metadata of ours", with(&one("F32", "[2]", 8), &[0; 8]), "metadata"),
        ("offsets beyond the file", with(&one("F32", "[200]", 800), &[0; 8]), "header"),
        ("a shape of exabytes", with(&one("F32", "[4294967296,4294967296,4]", 8), &[0; 8]), "header"),
        ("a shape that is not its size", with(&one("F32", "[3]", 8), &[0; 8]), "header"),
        ("an unknown type", with(&one("F33", "[2]", 8), &[0; 8]), "header"),
        ("a changed value", flipped, "content"),
        ("a changed name", with(&header.replacen("head.bias", "head.bios", 1), data), "content"),
        ("no digest", with(&header.replacen("sha256", "sha255", 1), data), "metadata"),
        ("no state", with(&header.replacen("\\\"state\\\"", "\\\"stale\\\"", 1), data), "metadata"),
    ] {
        let folder = Folder::of(&[("checkpoint.safetensors", &bytes)]);
        let path = folder.path("checkpoint.safetensors");
        tally.refused("tensor file", what, "checkpoint.safetensors", &[place], TensorFile::read(&path));
    }
}

fn figures(tally: &mut Tally) {
    use heart_darts::beat::Class::{N, V};
    let matrix: ConfusionMatrix = [(N, N), (N, V), (V, V)].into_iter().collect();
    let text = Evaluation::of_matrix("random", matrix).to_json();
    Evaluation::parse(&text, "metrics.json").unwrap();
    for (part, other, place) in [
        ("\"schema\": ", "\"schema\": 9", "schema"),
        ("\"schema\": ", "\"scheme\": ", ":"),
        ("\"schema\": ", "\"schema\": -", ":2:"),
        ("\"split\": \"random\"", "\"split\": 7", ":3:"),
        ("\"beats\": 3", "\"beats\": 4", "key `beats`"),
        ("\"beats\": 3", "\"beats\": \"three\"", "metrics.json:"),
        ("\"beats\": 3", "\"beats\": 1e400", "metrics.json:"),
        ("\"beats\": 3,", "", "metrics.json:"),
        ("[1, 1, 0, 0, 0]", "[1, 1, 0, 0]", "metrics.json:"),
        ("[1, 0, 1, 0, 0]", "[18446744073709551615, 0, 1, 0, 0]", "metrics.json:"),
    ] {
        if text.matches(part).count() != 1 {
            continue;
        }
        let result = Evaluation::parse(&changed(&text, part, other), "metrics.json");
        tally.refused("metrics", format!("{part} → {other}"), "metrics.json", &[place], result);
    }
    for (what, text) in [
        ("empty", String::new()),
        ("cut off", text[..text.len() / 2].to_owned()),
        ("more behind the end", format!("{text}{{")),
        ("an array", "[1, 2]".to_owned()),
        ("deep nesting", "[".repeat(5000)),
    ] {
        tally.refused("metrics", what, "metrics.json", &["metrics.json:"], Evaluation::parse(&text, "metrics.json"));
    }
}
