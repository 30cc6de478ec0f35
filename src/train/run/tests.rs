//! Of run folders: what is kept, what is refused.

use super::*;

fn input(config: &str, data: u32) -> RunInput {
    RunInput::new(config.into(), &serde_json::json!({ "beats": { "digest": data } }), Digests::default())
}

fn tensors(state: u32) -> TensorFile {
    TensorFile { state: state.to_string(), ..TensorFile::default() }
}

#[test]
fn a_torn_line_is_cut_and_a_missing_one_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let run = RunFolder::create(folder.path(), &input("()", 1)).unwrap();
    (1..=3).for_each(|epoch| run.append(&epoch).unwrap());
    run.append_timing(1, 2, 3.0).unwrap();
    let whole = fs::read(run.timing()).unwrap();
    for log in [run.log(), run.timing()] {
        files::append(&log, b"{\"ep").unwrap();
    }
    assert_eq!(log::read_log::<u32>(&run.log()).unwrap(), [1, 2, 3]);
    run.truncate_log(2).unwrap();
    assert_eq!(fs::read(run.log()).unwrap(), b"1\n2\n");
    assert!(run.truncate_log(3).unwrap_err().to_string().contains("line 3"));
    drop(run);
    let run = RunFolder::resume(folder.path(), &input("()", 1)).unwrap();
    assert_eq!(fs::read(run.timing()).unwrap(), whole);
}

#[test]
fn a_run_goes_on_only_with_its_own_configuration_and_data() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    assert!(matches!(RunFolder::resume(path, &input("(a)", 1)), Err(Error::NothingToResume { .. })));
    let (a, b) =
        ("(\n    training: (\n        batch: 3,\n    ),\n)", "(\n    training: (\n        batch: 4,\n    ),\n)");
    let run = RunFolder::create(path, &input(a, 1)).unwrap();
    assert!(matches!(RunFolder::resume(path, &input(a, 1)), Err(Error::Lock(_))));
    drop(run);
    assert!(matches!(RunFolder::create(path, &input(a, 1)), Err(Error::Exists { .. })));
    for (other, name, field, found, expected) in
        [(input(b, 1), "config.ron", "training.batch", "3", "4"), (input(a, 2), "data.json", "beats.digest", "1", "2")]
    {
        let error = RunFolder::resume(path, &other).unwrap_err().to_string();
        let expected = format!("{name}: {field} is not that of this run: found {found}, expected {expected};");
        assert!(error.contains(&expected), "{error}");
    }
    RunFolder::resume(path, &input(a, 1)).unwrap();
}

#[test]
fn the_checkpoint_before_is_used_when_the_last_is_damaged_and_then_kept() {
    let folder = tempfile::tempdir().unwrap();
    let run = RunFolder::create(folder.path(), &input("()", 1)).unwrap();
    assert!(run.read_checkpoint().unwrap().is_none());
    (1..=3).for_each(|state| run.write_checkpoint(tensors(state)).unwrap());
    let state = || run.read_checkpoint().map(|file| file.unwrap().state);
    assert_eq!(state().unwrap(), "3");
    let mut damaged = fs::read(run.checkpoint()).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    fs::write(run.checkpoint(), &damaged).unwrap();
    assert_eq!(state().unwrap(), "2");
    // What was damaged does not become the one before the next.
    run.write_checkpoint(tensors(4)).unwrap();
    fs::write(run.checkpoint(), &damaged).unwrap();
    assert_eq!(state().unwrap(), "2");
    // Both damaged, then only the last.
    fs::write(run.checkpoint(), &damaged).unwrap();
    let alone = state().unwrap_err().to_string();
    assert!(alone.contains("checkpoint.safetensors") && alone.contains("there is no"), "{alone}");
    fs::write(run.previous_checkpoint(), &damaged).unwrap();
    assert!(matches!(state().unwrap_err(), Error::NoCheckpoint { .. }));
}

#[test]
fn a_checkpoint_of_another_run_is_refused_by_what_differs() {
    let [one, two] = [0; 2].map(|_| tempfile::tempdir().unwrap());
    let of = |genotype: &str| RunInput::new(format!("({genotype})"), &1, Digests::default().with("genotype", genotype));
    let run = RunFolder::create(one.path(), &of("aaaa")).unwrap();
    run.write_checkpoint(tensors(1)).unwrap();
    let other = RunFolder::create(two.path(), &of("bbbb")).unwrap();
    fs::copy(run.checkpoint(), other.checkpoint()).unwrap();
    let text = other.read_checkpoint().unwrap_err().to_string();
    assert!(text.contains("genotype is not that of this run: found aaaa, expected bbbb"), "{text}");
    // One of before there were digests.
    tensors(7).write(&other.checkpoint()).unwrap();
    assert_eq!(other.read_checkpoint().unwrap().unwrap().state, "7");
}

#[test]
fn nothing_that_is_no_number_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let run = RunFolder::create(folder.path(), &input("()", 1)).unwrap();
    run.write_checkpoint(tensors(1)).unwrap();
    let mut file = tensors(2);
    file.arrays.insert("momentum.stem".into(), super::super::tensors::Array::F32(vec![2], vec![0.0, f32::NAN]));
    let text = run.write_checkpoint(file).unwrap_err().to_string();
    assert!(text.contains("momentum.stem holds NaN"), "{text}");
    assert_eq!(run.read_checkpoint().unwrap().unwrap().state, "1");
    assert!(!run.previous_checkpoint().exists());
}
