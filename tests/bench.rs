//! `heart-darts bench`: what it prints. How long anything takes is no test.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn run(arguments: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_heart-darts")).args(arguments.split_whitespace()).output().unwrap()
}

/// The objects that are printed, a line each.
fn objects(arguments: &str) -> Vec<Value> {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments}\n{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_workload_has_the_fields_of_the_peer_and_ours() {
    let found = objects("--threads 1 bench --channels 4 --batch 3 --layers 3 --samples 60 --repetitions 1 --json");
    let names: Vec<_> = found.iter().map(|object| object["workload"].as_str().unwrap()).collect();
    assert_eq!(names, ["search-step", "train-step", "inference", "latency"]);
    for object in &found {
        let keys: Vec<_> = object.as_object().unwrap().keys().map(String::as_str).collect();
        for key in ["min", "max", "gflop", "gflop_per_s"] {
            assert!(object[key].as_f64().unwrap() > 0.0, "{key}: {object}");
        }
        assert_eq!(keys.len(), 14, "{keys:?}");
        assert!(object["peer"].as_str().unwrap().starts_with(concat!(
            "heart-darts ",
            env!("CARGO_PKG_VERSION"),
            " f32 "
        )));
        for (key, value) in [("channels", 4), ("threads", 1), ("layers", 3), ("samples", 60)] {
            assert_eq!(object[key], value, "{key}: {object}");
        }
        let batch = if object["workload"] == "latency" { 1 } else { 3 };
        assert_eq!(object["batch"], batch);
        let rate = object["samples_per_s"].as_f64().unwrap() * object["seconds"].as_f64().unwrap();
        assert!((rate - f64::from(batch)).abs() < 1e-9);
        let memory = &object["peak_memory_bytes"];
        assert!(if cfg!(target_os = "linux") { memory.as_u64() > Some(1 << 20) } else { memory.is_null() }, "{memory}");
    }
    // A forward pass is a third of a training step; a search step is five forward passes of its own network.
    let gflop = |i: usize| found[i]["gflop"].as_f64().unwrap();
    assert!((gflop(1) / gflop(2) - 3.0).abs() < 1e-9 && gflop(2) == gflop(3) && gflop(0) > gflop(1));
}

#[test]
fn the_default_is_the_peers() {
    let found = objects("bench latency --repetitions 1 --json");
    let keys = ["batch", "channels", "layers", "samples"];
    assert_eq!(keys.map(|key| found[0][key].as_u64().unwrap()), [1, 16, 15, 300]);
    let peer = |path| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    assert_eq!(
        peer("src/bench/peer.ron"),
        peer("tests/fixtures/cell/peer.ron"),
        "logits and speed are of the same cells"
    );
}

#[test]
fn the_peak_is_measured_on_one_thread_and_on_all() {
    let found = objects("--threads 2 bench peak --repetitions 1 --json");
    assert_eq!(found[0]["threads"], 2);
    for key in ["fma_gflop_per_s", "memory_read_gb_per_s", "l2_read_gb_per_s"] {
        for threads in ["one_thread", "all_threads"] {
            assert!(found[0][key][threads].as_f64().unwrap() > 0.0, "{key}.{threads}: {found:?}");
        }
    }
}

#[test]
fn wrong_use_is_told_with_code_2() {
    let wrong = [
        "--threads 0 bench latency",
        "bench everything",
        "bench train-step --batch 0",
        "bench latency --batch 5",
        "bench peak --channels 8",
    ];
    for arguments in wrong {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments}");
    }
    let output = run("bench train-step --layers 2");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("3 to 200"));
}
