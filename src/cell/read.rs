//! Genotype files: reading with the place of every mistake, and writing for people.

use std::fmt::{self, Write};
use std::path::Path;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, SeqAccess, Visitor};

use super::{CellGenotype, CellKind, CellProblem, Error, Genotype, INPUTS, Input, MAX_NODES};
use crate::support::files::{self, FileError};

/// Stands at the top of every genotype file.
const HEADER: &str = "\
// A genotype: the two cells that a heart-darts network is stacked from. Each line of `nodes` is one node, the sum of its two
// edges. `from: 0` is the cell before the previous one, 1 the previous cell, 2 node 0 of this cell, 3 node 1, and so on.
// Operations: conv3 conv5 conv9 conv13 conv17 conv27 max3 max5 skip.
// Look at it with `heart-darts cell show`, check it after a change with `heart-darts cell check`.
";

impl Genotype {
    /// Reads and checks a genotype file.
    ///
    /// # Errors
    /// [`Error::File`]: the file, line and column, what was found there and what would be right.
    pub fn read(path: &Path) -> Result<Self, Error> {
        Self::parse(&files::read_text(path)?, &path.display().to_string())
    }

    /// Reads and checks the text of a genotype file; `origin` names it in errors.
    ///
    /// # Errors
    /// [`Error::File`] with line and column.
    pub fn parse(text: &str, origin: &str) -> Result<Self, Error> {
        let genotype: Self = files::parse_ron(text, origin)?;
        // Everything else was checked on the way; that the cells fit each other is known only here.
        genotype.check().map_err(|error| {
            let line = text.lines().position(|line| line.trim_start().starts_with("reduction")).unwrap_or_default();
            let excerpt = text.lines().nth(line).unwrap_or_default();
            let column = excerpt.len() - excerpt.trim_start().len() + 1;
            let (origin, message, excerpt) = (origin.into(), error.to_string(), excerpt.into());
            Error::File(FileError::Text { origin, line: line + 1, column, message, excerpt })
        })?;
        Ok(genotype)
    }

    /// The text of its file.
    pub fn to_ron(&self) -> String {
        let mut text = format!("{HEADER}Genotype(\n    version: {},\n", self.version);
        for kind in CellKind::ALL {
            let _ = writeln!(text, "    {kind}: CellGenotype(\n        nodes: [");
            for [first, second] in &self.cell(kind).nodes {
                let _ = writeln!(text, "            [{}, {}],", input(first), input(second));
            }
            text.push_str("        ],\n    ),\n");
        }
        let origin = files::to_ron(&self.origin);
        let _ = writeln!(text, "    origin: {},\n)", origin.trim_end().replace('\n', "\n    "));
        text
    }

    /// Writes its file; a reader sees the old file or the new one, never a half.
    ///
    /// # Errors
    /// [`Error::Cell`] and [`Error::Nodes`] when it is not valid (nothing is written then); [`Error::File`].
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        self.check()?;
        Ok(files::write_atomic(path, self.to_ron().as_bytes())?)
    }
}

fn input(input: &Input) -> String {
    format!("(operation: {}, from: {})", input.operation, input.from)
}

/// Refuses other versions where they are written.
pub(super) fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let found = u32::deserialize(deserializer)?;
    if found != Genotype::VERSION {
        let advice = if found > Genotype::VERSION { "; it was written by a later heart-darts: update" } else { "" };
        return Err(de::Error::custom(format!("found version {found}, expected {}{advice}", Genotype::VERSION)));
    }
    Ok(found)
}

/// Nodes as a list of lists of two inputs, checked one by one, so that an error has the place of its node.
pub(super) mod nodes {
    use super::*;
    use serde::Serializer;

    pub fn serialize<S: Serializer>(nodes: &[[Input; 2]], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(nodes.iter().map(|inputs| &inputs[..]))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<[Input; 2]>, D::Error> {
        deserializer.deserialize_seq(Nodes)
    }
}

struct Nodes;

impl<'de> Visitor<'de> for Nodes {
    type Value = Vec<[Input; 2]>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list of nodes, each a list of its two inputs")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = sequence.next_element_seed(Node(nodes.len()))? {
            nodes.push(node);
            if nodes.len() > MAX_NODES {
                return Err(de::Error::custom(CellProblem::Nodes { found: nodes.len() }));
            }
        }
        // The whole through petgraph; what can still fail here has no better place than the end of the list.
        let cell = CellGenotype { nodes };
        cell.check().map_err(de::Error::custom)?;
        Ok(cell.nodes)
    }
}

/// The node of this number.
struct Node(usize);

impl<'de> DeserializeSeed<'de> for Node {
    type Value = [Input; 2];

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Node {
    type Value = [Input; 2];

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(
            f,
            "the two inputs of node {}, such as [(operation: conv5, from: 0), (operation: skip, from: 1)]",
            self.0
        )
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let node = self.0;
        let mut inputs: Vec<Input> = Vec::with_capacity(2);
        while let Some(input) = sequence.next_element::<Input>()? {
            inputs.push(input);
            super::genotype::check_inputs(node, &inputs).map_err(de::Error::custom)?;
            if input.from >= INPUTS + node {
                return Err(de::Error::custom(CellProblem::From { node, from: input.from }));
            }
            if inputs.len() > 2 {
                return Err(de::Error::custom(CellProblem::Inputs { node, found: "more than 2 inputs" }));
            }
        }
        let found = if inputs.is_empty() { "no input" } else { "1 input" };
        inputs.try_into().map_err(|_| de::Error::custom(CellProblem::Inputs { node, found }))
    }
}
