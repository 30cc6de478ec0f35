//! Nothing loads where it does not belong, one process works in a run's folder, and a disk that is full or read-only is told
//! from the other.
#![cfg(unix)]

mod common {
    pub mod runs;
}

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use common::runs::{program, run, workplace};
use heart_darts::cell::Genotype;
use heart_darts::model::Model;
use heart_darts::support::files;

/// What a command says that must fail with code 1, without blanks, for lines are broken anywhere.
fn refused(mut command: Command) -> String {
    let Output { status, stderr, .. } = command.env("NO_COLOR", "1").output().unwrap();
    let text = String::from_utf8_lossy(&stderr).into_owned();
    assert_eq!(status.code(), Some(1), "{text}");
    text.chars().filter(|c| !c.is_whitespace() && *c != '│').collect()
}

fn says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(&word.replace(' ', "")), "expected `{word}` in: {text}");
    }
}

/// Starts a command and waits until it works in the folder of its run, and the run has a checkpoint.
fn started(folder: &Path, arguments: &str, checkpoint: &str) -> Child {
    let mut command = program(folder, arguments);
    command.env("HEART_DARTS_CHECKPOINT_SECONDS", "0").stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let child_id = child.id().to_string();
    let checkpoint = folder.join(checkpoint);
    let at_work = || fs::read_to_string(checkpoint.with_file_name("lock")).is_ok_and(|text| text == child_id);
    while !(at_work() && checkpoint.exists()) {
        assert!(child.try_wait().unwrap().is_none(), "{arguments} ended early");
        std::thread::sleep(Duration::from_millis(2));
    }
    child
}

fn place(folder: &Path) {
    workplace(folder);
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/cell/peer.ron"), folder.join("cell.ron")).unwrap();
}

const STUDY: &str = "(
    title: \"One\",
    data: (split: Random(stratified: true, seed: 3), limits: (per_class: Some(12), seed: 3)),
    training: (epochs: 60, batch: 16),
    seeds: [4],
    rows: [(name: \"CNN-9\", network: Baseline(Cnn9))],
)";

#[test]
fn the_second_process_in_a_folder_is_refused_and_a_killed_one_is_in_nobodys_way() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    place(folder);
    fs::write(folder.join("study.ron"), STUDY).unwrap();
    let search = fs::read_to_string(folder.join("search.ron")).unwrap();
    fs::write(folder.join("search.ron"), search.replace("epochs: 3", "epochs: 60")).unwrap();
    for (command, checkpoint, resume) in [
        ("search search.ron --data records --out run --quiet", "run/checkpoint.safetensors", "--resume"),
        (
            "train cell.ron --config train.ron --epochs 60 --data records --out model --quiet",
            "model/run/checkpoint.safetensors",
            "--resume",
        ),
        ("study study.ron --data records --out study --quiet", "study/cnn-9/seed-4/run/checkpoint.safetensors", ""),
    ] {
        let mut first = started(folder, command, checkpoint);
        let text = refused(program(folder, &format!("{command} {resume}")));
        says(&text, &[&format!("found process {} (for", first.id()), "at work in this folder", "wait until it ends"]);
        first.kill().unwrap();
        first.wait().unwrap();
        let second = started(folder, &format!("{command} {resume}"), checkpoint);
        Command::new("kill").args(["-INT", &second.id().to_string()]).status().unwrap();
        let status = second.wait_with_output().unwrap().status;
        assert!(matches!(status.code(), Some(0 | 130)), "{command}: {status}");
    }
}

#[test]
fn a_run_a_model_and_its_figures_name_what_they_are_made_of() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    place(folder);
    let json =
        |arguments: &str| -> serde_json::Value { serde_json::from_slice(&run(folder, arguments).stdout).unwrap() };
    let train = "train cell.ron --config train.ron --epochs 1 --data records --out model --quiet";
    let trained = json(&format!("{train} --json"));
    let digest = |path: &str| files::digest(&fs::read(folder.join(path)).unwrap());
    let spec = Model::read(&folder.join("model")).unwrap().spec;
    for (field, expected) in [
        ("configuration", digest("model/run/config.ron")),
        ("genotype", Genotype::read(&folder.join("cell.ron")).unwrap().digest()),
        ("weights", digest("model/weights.safetensors")),
        ("data", spec.origin.data.digest.clone()),
        ("evaluated", spec.origin.data.digest.clone()),
        ("split", spec.origin.split_digest.clone()),
    ] {
        assert_eq!(trained["digests"][field], expected.as_str(), "{field}");
    }
    let metrics: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("model/metrics.json")).unwrap()).unwrap();
    assert_eq!(metrics, trained);
    assert_eq!(json("evaluate model --data records --json")["digests"], trained["digests"]);
    let predicted = json("predict model records/syn01 --out predictions --json");
    assert_eq!(predicted["digests"]["weights"], trained["digests"]["weights"]);
    let searched = json("search search.ron --data records --out search --json --quiet");
    assert_eq!(searched["digests"]["configuration"], digest("search/config.ron").as_str());
    assert_eq!(searched["digests"]["data"], trained["digests"]["data"]);

    // Another cell, another setting, other records: not the run that was begun.
    let text = fs::read_to_string(folder.join("cell.ron")).unwrap();
    fs::write(folder.join("other.ron"), text.replacen("conv9", "conv3", 1)).unwrap();
    let other = train.replace("cell.ron", "other.ron") + " --resume";
    says(
        &refused(program(folder, &other)),
        &["config.ron: network.genotype.normal.nodes is not that of this run", "conv9", "conv3"],
    );
    let other = train.replace("--epochs 1", "--epochs 2") + " --resume";
    says(&refused(program(folder, &other)), &["training.epochs is not that of this run: found 1, expected 2"]);
    heart_darts::database::synthetic::write(
        &folder.join("elsewhere"),
        &heart_darts::database::synthetic::Options { subjects: 4, seconds: 100, seed: 6 },
    )
    .unwrap();
    let other = train.replace("records", "elsewhere") + " --resume";
    says(&refused(program(folder, &other)), &["data.json: beats_digest is not that of this run"]);

    // A description that was changed does not pass for that of the weights, even where every shape fits.
    let description = folder.join("model/model.ron");
    let good = fs::read_to_string(&description).unwrap();
    for (field, from, to) in [
        ("genotype", "operation: skip", "operation: max3"),
        ("data", spec.origin.data.digest.as_str(), "da7a"),
        ("configuration", spec.origin.configuration.as_str(), "c0f1"),
        ("description", "seed: 3,", "seed: 4,"),
    ] {
        assert!(good.contains(from), "{from}");
        fs::write(&description, good.replacen(from, to, 1)).unwrap();
        let text = refused(program(folder, "evaluate model --data records"));
        says(&text, &[&format!("model.ron: {field} is not that of weights.safetensors"), "is of another model"]);
    }
    fs::write(&description, &good).unwrap();
    Model::read(&folder.join("model")).unwrap();
}

#[test]
fn a_checkpoint_that_is_damaged_or_of_another_run() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    place(folder);
    let command = |out: &str, epochs: usize| {
        format!("train cell.ron --config train.ron --epochs {epochs} --data records --out {out} --quiet")
    };
    run(folder, &command("whole", 3));
    for out in ["model", "other"] {
        let epochs = if out == "model" { 3 } else { 4 };
        let mut child = started(folder, &command(out, epochs), &format!("{out}/run/checkpoint.previous.safetensors"));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let [mine, other] = ["model", "other"].map(|out| folder.join(out).join("run/checkpoint.safetensors"));
    // Killed between two renames, there is only the one before.
    let good =
        fs::read(if mine.exists() { mine.clone() } else { mine.with_file_name("checkpoint.previous.safetensors") })
            .unwrap();
    if other.exists() {
        fs::copy(&other, &mine).unwrap();
        says(
            &refused(program(folder, &(command("model", 3) + " --resume"))),
            &["checkpoint.safetensors: configuration is not that of this run"],
        );
    }
    let mut damaged = good;
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x20;
    fs::write(&mine, damaged).unwrap();
    let resumed = program(folder, &(command("model", 3) + " --resume")).output().unwrap();
    let said = String::from_utf8_lossy(&resumed.stderr);
    assert!(resumed.status.success(), "{said}");
    for word in ["WARN", "checkpoint.safetensors", "damaged", "goes on from the checkpoint before it"] {
        assert!(said.contains(word), "{said}");
    }
    for file in ["weights.safetensors", "metrics.json", "run/log.jsonl"] {
        assert!(
            fs::read(folder.join("model").join(file)).unwrap() == fs::read(folder.join("whole").join(file)).unwrap(),
            "{file}"
        );
    }
}

#[test]
fn a_learning_rate_that_is_far_too_high_is_told_with_exit_code_1() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    place(folder);
    let config = fs::read_to_string(folder.join("train.ron")).unwrap();
    fs::write(folder.join("high.ron"), config.replace("training: (", "training: (optimiser: (learning_rate: 1e30),"))
        .unwrap();
    let text = refused(program(folder, "train cell.ron --config high.ron --data records --out model --quiet"));
    says(&text, &["model/run: epoch 1, batch", "tensor", "start a new one with a learning rate below 1"]);
    assert!(!folder.join("model/model.ron").exists());
    fs::write(folder.join("high.ron"), config.replace("training: (", "training: (optimiser: (learning_rate: 1e39),"))
        .unwrap();
    let text = refused(program(folder, "train cell.ron --config high.ron --data records --out other --quiet"));
    says(&text, &["training.learning_rate: found", "below 3e38"]);
}

/// Does what a shell says with a file system of its own at `small`, of 300 KiB. `None` where that may not be done here.
fn with_a_small_disk(folder: &Path, script: &str) -> Option<Output> {
    fs::create_dir_all(folder.join("small")).unwrap();
    let shell = |script: &str| {
        let script = format!("mount -t tmpfs -o size=300k none small && {{ {script}\n}}");
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]).current_dir(folder);
        command.env("PROGRAM", env!("CARGO_BIN_EXE_heart-darts")).env("HEART_DARTS_CACHE", folder.join("cache"));
        command.env("HEART_DARTS_CHECKPOINT_SECONDS", "0").env("NO_COLOR", "1").output().ok()
    };
    if shell("true").is_none_or(|output| !output.status.success()) {
        use std::io::Write;
        // Straight to the terminal: the harness would keep what a passing test prints.
        let _ = std::io::stderr().write_all(b"NOT TESTED: no file system can be mounted here\n");
        return None;
    }
    shell(script)
}

fn dense(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).chars().filter(|c| !c.is_whitespace() && *c != '│').collect()
}

#[test]
fn a_full_disk_ends_a_run_that_goes_on_when_there_is_space() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    place(folder);
    let command = "train cell.ron --config train.ron --data records --quiet";
    run(folder, &format!("{command} --out whole"));
    let script = format!(
        "$PROGRAM {command} --out small/model; code=$?; mount -o remount,size=50m small
         $PROGRAM {command} --out small/model --resume && cp -r small/model resumed; exit $code"
    );
    let Some(output) = with_a_small_disk(folder, &script) else { return };
    let text = dense(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    says(&text, &["cannot be written: No space left on device", "is full: free some space", "--resume"]);
    for file in ["weights.safetensors", "metrics.json", "run/log.jsonl"] {
        assert!(
            fs::read(folder.join("resumed").join(file)).unwrap() == fs::read(folder.join("whole").join(file)).unwrap(),
            "{file}"
        );
    }
}

#[test]
fn a_read_only_disk_and_a_limit_on_files_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    place(folder);
    let command = "train cell.ron --config train.ron --data records --quiet";
    let script = format!("mount -o remount,ro small\n$PROGRAM {command} --out small/model");
    if let Some(output) = with_a_small_disk(folder, &script) {
        let text = dense(&output);
        assert_eq!(output.status.code(), Some(1), "{text}");
        says(&text, &["Read-only file system", "can only be read: choose a folder on another one"]);
    }
    // A limit on the size of a file stops a write in its middle, and needs no rights.
    let mut limited = Command::new("sh");
    let script = format!("trap '' XFSZ; ulimit -f 100; exec $PROGRAM {command} --no-cache --out limited");
    limited
        .env_remove("HEART_DARTS_CACHE")
        .args(["-c", &script])
        .current_dir(folder)
        .env("PROGRAM", env!("CARGO_BIN_EXE_heart-darts"));
    let text = refused(limited);
    says(&text, &["checkpoint.safetensors: cannot be written: File too large", "ulimit -f"]);
    run(folder, &format!("{command} --out limited --resume"));
    run(folder, &format!("{command} --out whole"));
    let weights = |out: &str| fs::read(folder.join(out).join("weights.safetensors")).unwrap();
    assert!(weights("limited") == weights("whole"));
}
