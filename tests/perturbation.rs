//! The choice of operations by what the supernet loses without them.

#[path = "common/runs.rs"]
mod runs;

use std::fs;
use std::path::Path;

use heart_darts::cell::{CellKind, Genotype};
use heart_darts::search::{Choosing, EpochLine};
use heart_darts::train::read_log;
use runs::{program, run, workplace};

const SEARCH: &str = "(
    data: (split: Random(stratified: true, seed: 3), limits: (per_class: Some(12), seed: 3)),
    search: (supernet: (channels: 4, layers: 3), epochs: 1, batch: 12, warm_up: 1, perturbation: (beats: 30, steps: 1), seed: 3),
)";

fn of(lines: &[Choosing], cell: CellKind, node: usize) -> impl Iterator<Item = &Choosing> {
    lines.iter().filter(move |line| line.cell == cell && line.node == node)
}

#[test]
fn what_costs_most_stays() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    workplace(folder);
    fs::write(folder.join("choose.ron"), SEARCH).unwrap();
    run(folder, "search choose.ron --data records --out one --quiet");
    let lines: Vec<Choosing> = read_log(&folder.join("one/choice.jsonl")).unwrap();
    let genotype = Genotype::read(&folder.join("one/genotype.ron")).unwrap();

    // 14 edges and the edges of 3 nodes, in each of two cells; the first node has no edge to lose.
    assert_eq!(lines.len(), 2 * (14 + 3));
    for line in &lines {
        let mut losses: Vec<f64> = line.loss_without.values().copied().collect();
        losses.sort_by(f64::total_cmp);
        let least = line.kept.iter().map(|kept| line.loss_without[kept]).reduce(f64::min).unwrap();
        assert_eq!(least, losses[losses.len() - line.kept.len()], "{line:?}");
        assert_eq!(
            (line.loss_without.len(), line.kept.len()),
            if line.from.is_some() { (9, 1) } else { (line.node + 2, 2) }
        );
        assert!(!line.loss_without.contains_key("zero"));
        // Leaving out another operation gives another loss: what is left out has no part in it.
        assert!(losses.windows(2).any(|pair| pair[0] != pair[1]), "{line:?}");
    }
    // The genotype is what was chosen.
    for (cell, kind) in [&genotype.normal, &genotype.reduction].into_iter().zip(CellKind::ALL) {
        for (node, inputs) in cell.nodes.iter().enumerate() {
            let edges: Vec<String> = inputs.iter().map(|input| input.from.to_string()).collect();
            if let Some(line) = of(&lines, kind, node).find(|line| line.from.is_none()) {
                assert_eq!(line.kept, edges);
            }
            for input in inputs {
                let line = of(&lines, kind, node).find(|line| line.from == Some(input.from)).unwrap();
                assert_eq!(line.kept, [input.operation.to_string()]);
            }
        }
    }
    // Nothing but the weights learnt before: alpha is as it was drawn.
    let log: Vec<EpochLine> = read_log(&folder.join("one/log.jsonl")).unwrap();
    assert!(log[0].validation_loss.is_none() && log[0].alpha[0].iter().flatten().all(|alpha| alpha.abs() < 0.01));

    let read = |path: &str| fs::read(folder.join(path)).unwrap();
    // The same again, with another number of threads, and by a choice that was stopped and made again.
    run(folder, "--threads 3 search choose.ron --data records --out two --quiet");
    fs::remove_file(folder.join("one/genotype.ron")).unwrap();
    // Before it has chosen, there is nothing but chance to derive.
    for (arguments, words) in [("derive one", "chooses after its last epoch"), ("derive one --epoch 1", "of warm-up")] {
        let refused = program(folder, arguments).output().unwrap();
        let said = String::from_utf8_lossy(&refused.stderr).replace('│', " ");
        assert_eq!(refused.status.code(), Some(1));
        assert!(said.split_whitespace().collect::<Vec<_>>().join(" ").contains(words), "{said}");
    }
    run(folder, "search choose.ron --data records --out one --quiet --resume");
    for file in ["genotype.ron", "choice.jsonl"] {
        assert!(read(&format!("one/{file}")) == read(&format!("two/{file}")), "{file}");
    }
}

#[test]
fn a_choice_that_cannot_run_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder: &Path = folder.path();
    workplace(folder);
    for (change, words) in [
        (("beats: 30", "beats: 1"), "perturbation.beats: found 1"),
        (("steps: 1", "learning_rate: -1.0"), "perturbation.learning_rate: found -1"),
        (("warm_up: 1", "warm_up: 2"), "warm_up: found 2, expected at most `epochs`"),
    ] {
        fs::write(folder.join("choose.ron"), SEARCH.replace(change.0, change.1)).unwrap();
        let refused = program(folder, "search choose.ron --data records --out one").output().unwrap();
        let said = String::from_utf8_lossy(&refused.stderr).replace('│', " ");
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(refused.status.code(), Some(1));
        assert!(said.contains(words), "{said}");
    }
}
