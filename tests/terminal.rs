//! How the program behaves in a terminal: help, completions, manual, colours, what it says and when.

use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use heart_darts::database::synthetic;

fn run(folder: &Path, arguments: &str, environment: &[(&str, &str)]) -> Output {
    let mut command = Command::cargo_bin("heart-darts").unwrap();
    command.current_dir(folder).args(arguments.split(' ').filter(|word| !word.is_empty()));
    command.env_remove("NO_COLOR").env_remove("HEART_DARTS_LOG").env("HEART_DARTS_CACHE", folder.join("cache"));
    command.envs(environment.iter().copied()).output().unwrap()
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A copy: what an example writes beside it does not reach the project.
fn copy(what: &str, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(what)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        if path.is_dir() {
            copy(path.to_str().unwrap(), &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

/// The examples of help texts that take seconds, run in a folder like that of a user. Those that take longer are parsed
/// (`src/cli/mod.rs`), and what they do is tested with smaller configurations elsewhere.
#[test]
fn examples_of_help_texts_run() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let small = synthetic::Options { subjects: 4, seconds: 100, seed: 3 };
    synthetic::write(&folder.join("data/mitdb"), &small).unwrap();
    synthetic::write(&folder.join("my-records"), &small).unwrap();
    // Names that the examples use.
    for suffix in ["hea", "dat", "atr"] {
        let text = fs::read(folder.join("data/mitdb/syn01").with_extension(suffix)).unwrap();
        let renamed = String::from_utf8_lossy(&text).replace("syn01", "100");
        let bytes = if suffix == "hea" { renamed.into_bytes() } else { text };
        fs::write(folder.join("data/mitdb/100").with_extension(suffix), bytes).unwrap();
    }
    copy("cells", &folder.join("cells"));
    copy("derived-models", &folder.join("derived-models"));
    copy("derived-models/mitdb/run", &folder.join("runs/unfinished/run"));
    for (log, model) in [("two-leads", "mitdb"), ("one-lead", "mitdb-mlii-context")] {
        fs::copy(folder.join(format!("derived-models/{model}/run/log.jsonl")), folder.join(format!("{log}.jsonl")))
            .unwrap();
    }
    fs::create_dir(folder.join("search-configs")).unwrap();
    fs::write(
        folder.join("search-configs/fast.ron"),
        "(data: (split: Random(stratified: true, seed: 1), limits: (per_class: Some(20))),
          search: (supernet: (channels: 4, layers: 3), epochs: 1, batch: 20))",
    )
    .unwrap();
    let commands = [
        "search",
        "data inspect",
        "derive",
        "cell show",
        "evaluate",
        "predict",
        "report",
        "config sample",
        "completions",
        "doctor",
    ];
    let mut ran = 0;
    for command in commands {
        let help = said(&run(folder, &format!("{command} --help"), &[("COLUMNS", "400")]).stdout);
        let lines = help.lines().map(str::trim).filter(|line| line.starts_with(&format!("heart-darts {command}")));
        for line in lines {
            let end = [" > ", " && ", "   "].iter().filter_map(|mark| line.find(mark)).min();
            let line = &line[..end.unwrap_or(line.len())];
            // These need what the examples before them in a user's life would have made, or files of other kinds.
            let needs = [
                "--ec57",
                "night.",
                "svdb",
                "my-database.ron",
                "--epoch ",
                "runs/model",
                "runs/table",
                "runs/by-patient",
            ];
            if needs.iter().any(|need| line.contains(need)) {
                continue;
            }
            let output = run(folder, line.strip_prefix("heart-darts ").unwrap(), &[]);
            assert!(output.status.success(), "{line}\n{}{}", said(&output.stdout), said(&output.stderr));
            ran += 1;
        }
    }
    assert!(ran >= 20, "{ran} examples ran");
}

#[test]
fn completions_and_manual_know_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let help = said(&run(folder, "--help", &[]).stdout);
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(commands.len() >= 15, "{commands:?}");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = said(&run(folder, &format!("completions {shell}"), &[]).stdout);
        commands.iter().for_each(|name| assert!(script.contains(name), "{shell}: {name}"));
    }
    // The shell itself reads it.
    let script = run(folder, "completions bash", &[]).stdout;
    fs::write(folder.join("completions"), script).unwrap();
    if let Ok(output) = std::process::Command::new("bash").arg("-n").arg(folder.join("completions")).output() {
        assert!(output.status.success(), "{}", said(&output.stderr));
    }
    assert!(run(folder, "man pages/man1", &[]).status.success());
    for name in commands {
        let page = fs::read_to_string(folder.join(format!("pages/man1/heart-darts-{name}.1"))).unwrap();
        assert!(page.starts_with(".ie") || page.contains(".TH"), "{name}");
    }
    assert!(fs::read_to_string(folder.join("pages/man1/heart-darts.1")).unwrap().contains("Step by step"));
    assert!(folder.join("pages/man1/heart-darts-data-inspect.1").exists());
}

#[test]
fn beats_of_a_folder_are_drawn_beside_what_is_said_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    synthetic::write(&folder.join("records"), &synthetic::Options { subjects: 4, seconds: 60, seed: 3 }).unwrap();
    let alone = run(folder, "data inspect records", &[]);
    let drawn = run(folder, "data inspect records --picture beats.svg", &[]);
    assert!(drawn.status.success() && drawn.stdout == alone.stdout, "{}", said(&drawn.stderr));
    let picture = fs::read_to_string(folder.join("beats.svg")).unwrap();
    for text in ["Beats of synthetic, baseline removed", "MLII (mV)", "V1 (mV)", "seconds from the R peak"] {
        assert!(picture.contains(text), "{text}");
    }
    let wrong = run(folder, "data inspect records --picture beats.pdf", &[]);
    assert!(!wrong.status.success() && said(&wrong.stderr).contains(".svg"), "{}", said(&wrong.stderr));
    assert!(!folder.join("beats.pdf").exists());
}

#[test]
fn what_is_said_can_be_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    synthetic::write(&folder.join("records"), &synthetic::Options { subjects: 4, seconds: 60, seed: 3 }).unwrap();
    fs::write(
        folder.join("search.ron"),
        "(data: (split: Random(stratified: true, seed: 1), limits: (per_class: Some(8)), allow_absent_classes: true),
          search: (supernet: (channels: 4, layers: 3), epochs: 1, batch: 8))",
    )
    .unwrap();
    let search = |out: &str, more: &str, environment: &[(&str, &str)]| {
        let output = run(folder, &format!("search search.ron --data records --out {out} {more}"), environment);
        assert!(output.status.success(), "{}", said(&output.stderr));
        said(&output.stderr)
    };
    let plain = search("a", "", &[]);
    assert!(plain.contains("epoch 1/1") && !plain.contains("INFO"), "{plain}");
    assert!(!plain.contains('\u{1b}'), "no colours and no bar where there is no terminal: {plain:?}");
    assert_eq!(search("b", "--quiet", &[]), "");
    let verbose = search("c", "-v", &[]);
    for part in ["INFO records: 4 records of synthetic", "beats read from", "INFO a supernet of", "threads"] {
        assert!(verbose.contains(part), "{part}: {verbose}");
    }
    assert!(!verbose.contains("DEBUG"), "{verbose}");
    assert!(search("d", "-vv", &[]).contains("DEBUG d/checkpoint.safetensors is written"));
    assert!(search("e", "", &[("HEART_DARTS_LOG", "info")]).contains("INFO"));
    // Curves for TensorBoard, only where they are asked for. (What TensorBoard reads of them: src/train/events.rs.)
    search("f", "--tensorboard", &[]);
    let events = |run: &str| -> Vec<_> {
        let files = fs::read_dir(folder.join(run)).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|path| path.to_string_lossy().contains("tfevents")).collect()
    };
    assert!(events("a").is_empty());
    let [file] = events("f").try_into().unwrap();
    let bytes = fs::read(file).unwrap();
    for tag in ["training/loss", "validation/accuracy", "monitor/entropy/1"] {
        assert!(bytes.windows(tag.len()).any(|window| window == tag.as_bytes()), "{tag}");
    }
    let both = run(folder, "search search.ron --data records --out g --quiet --verbose", &[]);
    assert_eq!(both.status.code(), Some(2));
}

/// What is coloured on a terminal is not where `NO_COLOR` is set, <https://no-color.org>.
#[test]
fn no_color_is_heeded() {
    let folder = tempfile::tempdir().unwrap();
    let output = |environment: &[(&str, &str)]| {
        let output = run(folder.path(), "evaluate nothing --data nowhere", environment);
        assert_eq!(output.status.code(), Some(1));
        said(&output.stderr)
    };
    // Colours can be asked for where there is no terminal, as a pager would.
    let coloured = output(&[("FORCE_COLOR", "1")]);
    assert!(coloured.contains('\u{1b}'), "{coloured:?}");
    assert!(!output(&[("NO_COLOR", "1")]).contains('\u{1b}'));
    assert!(!output(&[]).contains('\u{1b}'));
}

#[test]
fn the_doctor_finds_and_verifies_records() {
    let outer = tempfile::tempdir().unwrap();
    // Nobody else's ../shared.
    let folder = &outer.path().join("inner");
    fs::create_dir(folder).unwrap();
    let none = said(&run(folder, "doctor", &[]).stdout);
    assert!(none.contains("no records found") && none.contains("kernels for "), "{none}");
    synthetic::write(&folder.join("data/mine"), &synthetic::Options { subjects: 2, seconds: 60, seed: 3 }).unwrap();
    let found: serde_json::Value = serde_json::from_slice(&run(folder, "doctor --json", &[]).stdout).unwrap();
    let data = &found["data"][0];
    assert_eq!((data["database"].as_str(), data["records"].as_u64()), (Some("synthetic"), Some(2)));
    assert_eq!((data["verified"].as_bool(), data["problem"].is_null()), (Some(true), true));
    assert!(found["machine"]["memory"].as_u64().unwrap() > 1 << 28);
    // A damaged record is found.
    let signals = folder.join("data/mine/syn01.dat");
    let mut bytes = fs::read(&signals).unwrap();
    bytes[1000] ^= 0x55;
    fs::write(&signals, bytes).unwrap();
    let damaged = said(&run(folder, "doctor", &[]).stdout);
    assert!(damaged.contains("NOT USABLE") && damaged.contains("syn01"), "{damaged}");
    assert!(said(&run(folder, "doctor data/mine --quick", &[]).stdout).contains("samples not read"));
}
