//! Genotypes: files right and wrong, derivation, counts against PyTorch, drawings.

use std::path::Path;

use heart_darts::cell::{
    CellGenotype, CellKind, CellProblem, Error, Genotype, Input, Named, Operation, Origin, Shape, counts, derive_cell,
    draw, edge, edges, supernet_counts,
};
use heart_darts::support::files::FileError;
use proptest::prelude::*;

fn peer() -> Genotype {
    Genotype::read(Path::new("tests/fixtures/cell/peer.ron")).unwrap()
}

#[test]
fn a_right_file_is_read_as_it_is_written() {
    let genotype = peer();
    assert_eq!(genotype.normal.nodes[1][1], Input { operation: Operation::Conv3, from: 2 });
    assert_eq!(genotype.reduction.nodes[3][1], Input { operation: Operation::Conv27, from: 0 });
    let graph = genotype.graph(CellKind::Normal).unwrap();
    assert_eq!((graph.node_count(), graph.edge_count()), (7, 12));
    assert!(!petgraph::algo::is_cyclic_directed(&graph));
}

/// Each mistake in an otherwise right file: what is replaced, by what, at which line and column it is found, and words that
/// the message must have.
#[test]
fn every_mistake_is_named_with_its_place() {
    let text = "(
    version: 1,
    normal: (nodes: [
        [(operation: conv9, from: 0), (operation: skip, from: 1)],
        [(operation: max3, from: 0), (operation: conv5, from: 2)],
    ]),
    reduction: (nodes: [
        [(operation: conv3, from: 0), (operation: max5, from: 1)],
        [(operation: conv3, from: 1), (operation: conv17, from: 2)],
    ]),
)";
    Genotype::parse(text, "right.ron").unwrap();
    let cases: [(&str, &str, &str, &[&str]); 18] = [
        ("conv9", "conv7", "4:22", &["found operation `conv7`", "nearest is `conv5`", "conv13"]),
        ("conv17", "max_pool", "9:51", &["`max_pool`", "nearest is `max3`"]),
        ("skip", "zero", "4:65", &["node 0", "zero", "never"]),
        ("from: 2", "from: 1e3", "5:63", &["Invalid digit"]),
        (
            "from: 2",
            "from: 3",
            "5:",
            &["node 1 takes from 3", "itself", "cycle", "0, 1 (the inputs of the cell), 2 (node 0)"],
        ),
        ("from: 1)]", "from: 3)]", "4:", &["node 0 takes from 3", "node 1", "cycle", "expected one of 0, 1"]),
        ("from: 2", "from: 40", "5:", &["node 1 takes from 40", "no place in a cell"]),
        ("from: 1)]", "from: 0)]", "4:", &["node 0 takes from 0 twice"]),
        (", (operation: conv5, from: 2)", "", "5:", &["found 1 input of node 1", "exactly 2"]),
        ("from: 2)]", "from: 2), (operation: max3, from: 1)]", "5:", &["more than 2 inputs of node 1", "exactly 2"]),
        ("operation: conv9", "op: conv9", "4:11", &["`op`", "`operation`"]),
        ("version: 1", "version: 2", "2:14", &["version 2", "expected 1", "update"]),
        ("version: 1", "version: 0", "2:14", &["version 0", "expected 1"]),
        ("version: 1,", "", "11:1", &["no field", "`version`"]),
        ("reduction", "redution", "7:5", &["`redution`", "`reduction`"]),
        ("normal", "orgin: (), normal", "3:5", &["`orgin`", "`origin`"]),
        (
            "        [(operation: conv3, from: 1), (operation: conv17, from: 2)],\n",
            "",
            "7:5",
            &["nodes", "2", "1", "both"],
        ),
        ("]),\n)", "", "9:", &["found the end of the line", "expected"]),
    ];
    for (right, wrong, place, words) in cases {
        let error = Genotype::parse(&text.replacen(right, wrong, 1), "cells/wrong.ron").unwrap_err();
        assert!(matches!(error, Error::File(FileError::Text { .. })), "{wrong}: {error:?}");
        let message = error.to_string();
        assert!(message.starts_with(&format!("cells/wrong.ron:{place}")), "{wrong}: {message}");
        words.iter().for_each(|word| assert!(message.contains(word), "{wrong}: `{word}` is not in {message}"));
    }
}

#[test]
fn nodes_without_end_are_refused() {
    let node = "[(operation: conv9, from: 0), (operation: skip, from: 1)],";
    let error = Genotype::parse(&format!("(version: 1, normal: (nodes: [{}", node.repeat(9)), "x").unwrap_err();
    assert!(error.to_string().contains("found 9 nodes, expected 1 to 8"), "{error}");
    let error = Genotype::parse("(version: 1, normal: (nodes: []), reduction: (nodes: []))", "x").unwrap_err();
    assert!(error.to_string().contains("found 0 nodes"), "{error}");
}

#[test]
fn a_cycle_put_together_in_memory_is_found_and_not_written() {
    let input = |from| Input { operation: Operation::Skip, from };
    let mut genotype = peer();
    genotype.normal.nodes[0] = [input(0), input(3)];
    genotype.normal.nodes[1] = [input(1), input(2)];
    assert!(matches!(genotype.normal.check(), Err(CellProblem::Cycle { .. })));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cell.ron");
    assert!(genotype.write(&file).is_err() && !file.exists());
    assert!(genotype.graph(CellKind::Normal).is_err() && genotype.graph(CellKind::Reduction).is_ok());
    // Without a cycle, but not in the order of computation.
    genotype.normal.nodes[1] = [input(0), input(1)];
    assert!(matches!(genotype.normal.check(), Err(CellProblem::From { node: 0, from: 3 })));
}

/// Parameters and multiply-adds that PyTorch has for the peer's networks (torch 2.15.0), by
///
/// ```python
/// from torch.utils.flop_counter import FlopCounterMode
/// net = heart_darts.Derived(leads, channels, layers, classes).eval()  # or Supernet
/// with torch.no_grad(), FlopCounterMode(display=False) as flops:
///     net(torch.zeros(1, leads, samples))
/// print(sum(p.numel() for p in net.parameters()), flops.get_total_flops() // 2)
/// ```
///
/// The parameters of a supernet there include both alphas.
#[test]
fn counts_are_those_of_pytorch() {
    const PYTORCH: [(&str, [usize; 5], u64, u64); 8] = [
        ("derived", [2, 300, 16, 15, 5], 2183653, 55430272),
        ("derived", [1, 300, 16, 15, 5], 2183493, 55406272),
        ("derived", [2, 250, 16, 15, 5], 2183653, 46660928),
        ("derived", [2, 221, 7, 8, 4], 246676, 4507904),
        ("derived", [3, 37, 5, 2, 5], 40569, 148920),
        ("derived", [1, 64, 4, 1, 2], 5682, 51264),
        ("supernet", [2, 300, 16, 8, 5], 16581021, 406337152),
        ("supernet", [1, 221, 7, 4, 4], 1895408, 31624384),
    ];
    for (network, [leads, samples, channels, layers, classes], parameters, multiply_adds) in PYTORCH {
        let shape = Shape { leads, samples, channels, layers, classes };
        let counts = if network == "derived" { counts(&peer(), &shape) } else { supernet_counts(4, &shape) }.unwrap();
        assert_eq!((counts.parameters + counts.alpha, counts.multiply_adds), (parameters, multiply_adds), "{shape:?}");
        let parts = counts.cells.iter().map(|cell| cell.count.parameters).sum::<u64>();
        assert_eq!(parts + counts.stem.parameters + counts.head.parameters, counts.parameters);
    }
}

#[test]
fn absurd_shapes_are_refused() {
    for shape in [Shape { layers: 0, ..Shape::DERIVED }, Shape { channels: usize::MAX, ..Shape::DERIVED }] {
        assert!(matches!(counts(&peer(), &shape), Err(Error::Shape { .. })), "{shape:?}");
    }
    let largest = Shape { leads: 10_000, samples: 1_000_000, channels: 2_048, layers: 200, classes: 10_000 };
    assert!(supernet_counts(8, &largest).is_ok(), "the largest shape does not overflow");
}

#[test]
fn derivation_takes_the_two_strongest_edges_without_zero() {
    let mut alpha = vec![[0.0f32; 10]; edges(4)];
    // Node 2 (edges from 0, 1, 2, 3): from 1 conv27, from 3 max5; from 0 zero is so strong that conv9 there is weak.
    alpha[edge(2, 1)][Operation::Conv27.index()] = 2.0;
    alpha[edge(2, 3)][Operation::Max5.index()] = 1.0;
    alpha[edge(2, 0)][Operation::Conv9.index()] = 3.0;
    alpha[edge(2, 0)][Operation::Zero.index()] = 9.0;
    let cell = derive_cell(&alpha).unwrap();
    let input = |operation, from| Input { operation, from };
    assert_eq!(cell.nodes[2], [input(Operation::Conv27, 1), input(Operation::Max5, 3)]);
    // Where everything is equal: the first operation on the first two edges.
    assert_eq!(cell.nodes[3], [input(Operation::Conv3, 0), input(Operation::Conv3, 1)]);
}

#[test]
fn alpha_that_is_no_number_or_has_the_wrong_size_is_refused() {
    let mut alpha = vec![[0.0f32; 10]; 14];
    alpha[edge(1, 2)][4] = f32::NAN;
    let message = derive_cell(&alpha).unwrap_err().to_string();
    assert!(message.contains("conv17 on the edge from 0 to node 1 is NaN"), "{message}");
    let message = derive_cell(&alpha[..13]).unwrap_err().to_string();
    assert!(message.contains("found 13 rows") && message.contains("14 for 4 nodes"), "{message}");
}

#[test]
fn the_graphviz_text_is_the_expected_one() {
    let expected = std::fs::read_to_string("tests/fixtures/cell/peer.dot").unwrap();
    assert_eq!(draw::dot(&peer()).unwrap(), expected);
}

#[test]
fn drawings_name_every_operation_and_are_png_and_svg() {
    let folder = tempfile::tempdir().unwrap();
    let (png, svg) = (folder.path().join("new/cells.png"), folder.path().join("cells.svg"));
    draw::write_png(&peer(), &png).unwrap();
    draw::write_svg(&peer(), &svg).unwrap();
    assert!(std::fs::read(&png).unwrap().starts_with(b"\x89PNG\r\n"));
    assert_eq!(std::fs::read_dir(png.parent().unwrap()).unwrap().count(), 1, "no temporary file is left");
    let svg = std::fs::read_to_string(&svg).unwrap();
    for kind in CellKind::ALL {
        for (_, input) in peer().cell(kind).edges() {
            assert!(svg.contains(input.operation.name()), "{}", input.operation);
        }
    }
}

fn any_alpha(nodes: usize) -> impl Strategy<Value = Vec<[f32; 10]>> {
    // Few values, so that ties are common.
    let value = prop_oneof![(-2i8..=2).prop_map(f32::from), -30.0f32..30.0];
    proptest::collection::vec(proptest::array::uniform10(value), edges(nodes))
}

fn any_origin() -> impl Strategy<Value = Origin> {
    let text = || proptest::option::of(any::<String>());
    let named = || proptest::option::of(("\\PC*", "[0-9a-f]{64}").prop_map(|(name, digest)| Named { name, digest }));
    let figures = proptest::collection::btree_map("[a-z_ ]{0,12}", -1e9f64..1e9, 0..4);
    (text(), named(), named(), text(), any::<Option<u64>>(), any::<Option<u64>>(), figures, text()).prop_map(
        |(note, configuration, data, split, seed, epochs, figures, crate_version)| Origin {
            note,
            configuration,
            data,
            split,
            seed,
            epochs,
            figures,
            crate_version,
        },
    )
}

fn valid_and_strongest(cell: &CellGenotype, alpha: &[[f32; 10]]) {
    cell.check().unwrap();
    for (node, inputs) in cell.nodes.iter().enumerate() {
        assert!(inputs[0].from < inputs[1].from);
        for input in inputs {
            let row = &alpha[edge(node, input.from)];
            let chosen = row[input.operation.index()];
            assert!(row[..9].iter().all(|value| *value <= chosen), "node {node} {input:?}");
        }
    }
}

proptest! {
    #[test]
    fn derived_cells_are_always_valid(alpha in (1usize..=8).prop_flat_map(any_alpha)) {
        let cell = derive_cell(&alpha).unwrap();
        valid_and_strongest(&cell, &alpha);
        prop_assert_eq!(&cell, &derive_cell(&alpha).unwrap());
    }

    #[test]
    fn files_and_json_round_trip(normal in any_alpha(4), reduction in any_alpha(4), origin in any_origin()) {
        let genotype = Genotype::derive(&normal, &reduction, origin).unwrap();
        prop_assert_eq!(&Genotype::parse(&genotype.to_ron(), "round.ron").unwrap(), &genotype);
        let json = serde_json::to_string(&genotype).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Genotype>(&json).unwrap(), &genotype);
    }

    #[test]
    fn damaged_files_give_an_error_or_a_valid_genotype(place in 0usize..3000, byte in any::<u8>()) {
        let mut bytes = peer().to_ron().into_bytes();
        let place = place % bytes.len();
        bytes[place] = byte;
        if let Ok(genotype) = Genotype::parse(&String::from_utf8_lossy(&bytes), "damaged.ron") {
            genotype.check().unwrap();
        }
    }
}

/// As in `heart-darts cell show FILE | head -1`: no panic, nothing on standard error.
#[test]
fn a_reader_that_goes_away_ends_the_program_quietly() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/cell/peer.ron");
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_heart-darts"))
        .args(["cell", "show", file])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(!output.status.success());
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}
