//! Graphviz text.

use std::fmt::Write;

use petgraph::visit::{EdgeRef, IntoNodeReferences};

use crate::cell::{CellKind, Error, Genotype, Place};

/// Both cells as one Graphviz graph with a cluster each, from left to right: `dot -Tpdf cells.dot -o cells.pdf`.
///
/// # Errors
/// [`Error::Cell`] when the genotype was put together by hand and is not valid.
pub fn dot(genotype: &Genotype) -> Result<String, Error> {
    let mut text = String::from(
        "digraph genotype {\n    rankdir=LR;\n    nodesep=0.35;\n    ranksep=0.6;\n    \
         node [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", height=0.4, width=0.4];\n    \
         edge [fontname=\"Helvetica\", fontsize=11];\n",
    );
    for kind in CellKind::ALL {
        let graph = genotype.graph(kind)?;
        let _ = writeln!(text, "    subgraph cluster_{kind} {{\n        label=\"{kind} cell\";\n        color=white;");
        for (index, place) in graph.node_references() {
            let (label, fill) = match place {
                Place::Input(0) => ("<c<SUB>k-2</SUB>>".into(), "#e3ecd8"),
                Place::Input(_) => ("<c<SUB>k-1</SUB>>".into(), "#e3ecd8"),
                Place::Node(node) => (format!("\"{node}\""), "#d6e4f2"),
                Place::Output => ("<c<SUB>k</SUB>>".into(), "#f6e7b8"),
            };
            let _ = writeln!(text, "        {kind}_{} [label={label}, fillcolor=\"{fill}\"];", index.index());
        }
        for edge in graph.edge_references() {
            let style = match edge.weight() {
                Some(operation) => format!("label=\"{operation}\""),
                None => "color=\"#9a9a9a\"".into(),
            };
            let (source, target) = (edge.source().index(), edge.target().index());
            let _ = writeln!(text, "        {kind}_{source} -> {kind}_{target} [{style}];");
        }
        text.push_str("    }\n");
    }
    text.push_str("}\n");
    Ok(text)
}
