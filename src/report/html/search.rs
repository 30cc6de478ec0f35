//! The part of a page on a search.

use maud::{Markup, PreEscaped, html};

use super::super::style::{self, css};
use super::super::{EdgeHistory, Error, alpha, edge_histories, monitor_panels, search_panels};
use super::SearchPart;
use super::origin;
use super::pieces::{caution, data, duration, facts, folded, grouped, pictures, tile, time};
use crate::cell::{CellKind, Operation};
use crate::evaluate::text::percent;

pub(super) fn article(part: &SearchPart, id: &str) -> Result<Markup, Error> {
    let section = |name: &str| format!("{id}-{name}");
    let last = part.log.last();
    let took = time(&part.timing);
    let warnings = last.map(|line| line.monitor.warnings(line.alpha[0].len())).unwrap_or_default();
    let first_warned = part.log.iter().find(|line| !line.monitor.warnings(line.alpha[0].len()).is_empty());
    let settings: Vec<(&str, Markup)> =
        part.settings.iter().map(|(name, value)| (&**name, html! { (value) })).collect();
    let sections = ["cells", "alpha", "learning", "collapse", "data", "settings"];
    Ok(html! {
        article id=(id) {
            p.kind { "Search" }
            h1 { (part.name) }
            p.muted.small { (part.folder) }
            @if !part.finished { (caution("This search is not finished: the cells are those of the last epoch so far.")) }
            dl.tiles {
                (tile("epochs", &part.log.len().to_string(), if part.finished { "done" } else { "so far" }))
                @if let Some(line) = last {
                    (tile("validation accuracy %", &percent(line.validation_accuracy), "last epoch, batches that moved alpha"))
                }
                @if let Some((seconds, speed)) = took {
                    (tile("time", &duration(seconds), &format!("{speed:.0} training beats a second")))
                }
                (tile("searched on", &part.data.database.name, &format!("{} subjects", part.data.split.training.subjects.len())))
            }
            nav aria-label="Sections" { @for name in sections { a href={ "#" (section(name)) } { (name) } } }
            h2 id=(section("cells")) { "Cells" }
            p.muted { "Each arrow is an operation; what meets at a node is added, and the output c" sub { "k" } " is all nodes side by side." }
            (origin::cells(&part.genotype)?)
            h2 id=(section("alpha")) { "Alpha over the epochs" }
            p.muted { "The share of each operation on each edge: the softmax of alpha, from before the first epoch (left: even) to the "
                "last (right). Below each the strongest one, and what the cell has of it: the two strongest edges into a node are "
                "chosen, zero aside, unless the settings say otherwise." }
            (operations())
            @for kind in CellKind::ALL { (histories(part, kind)?) }
            h2 id=(section("learning")) { "Losses and accuracies" }
            p.muted { "Training batches before their steps; validation batches are those that moved alpha, with their own batch statistics." }
            (pictures(&search_panels(&part.log), None)?)
            h2 id=(section("collapse")) { "Collapse monitor" }
            @for warning in &warnings { (caution(&format!("After the last epoch: {warning}."))) }
            @if warnings.is_empty() {
                p { "No sign of collapse after the last epoch: skips are few among the chosen edges of the normal cell, and zero is the "
                    "strongest operation on a minority of the edges." }
            }
            @if let Some(line) = first_warned.filter(|line| last.is_some_and(|last| last.epoch != line.epoch)) {
                p { "The first epoch with a warning was epoch " (line.epoch) "." }
            }
            p.muted { "Entropy falls from ln 10 = 2.303 nats (even) as choices become clear. Skips crowd out operations with weights when "
                "a search goes on for too long (Zela et al. 2020)." }
            (pictures(&monitor_panels(&part.log), None)?)
            (epochs(part))
            h2 id=(section("data")) { "Data and split" }
            (data(&part.data))
            h2 id=(section("settings")) { "Settings" }
            (facts(&settings))
            (folded("all settings: config.ron", &part.configuration))
            h3 { "Origin" }
            (origin::genotype(&part.genotype))
        }
    })
}

/// The colours of the operations.
fn operations() -> Markup {
    let colour = |operation: &Operation| format!("background:{}", css(style::operation(operation.index())));
    html! {
        ul.legend { @for operation in Operation::ALL { li { i style=(colour(&operation)) {} (operation.name()) } } }
    }
}

/// The edges of a cell, a row a node.
fn histories(part: &SearchPart, kind: CellKind) -> Result<Markup, Error> {
    let index = usize::from(kind == CellKind::Reduction);
    let edges = edge_histories(&part.log, index);
    let nodes = edges.iter().map(|edge| edge.node + 1).max().unwrap_or(0);
    let mut rows = Vec::new();
    for node in 0..nodes {
        let chosen = part.genotype.cell(kind).nodes.get(node);
        let chosen = |from: usize| chosen.and_then(|inputs| inputs.iter().find(|input| input.from == from));
        let of_node = edges.iter().filter(|edge| edge.node == node).enumerate();
        let drawn = of_node.map(|(from, edge)| one(edge, kind, chosen(from).map(|input| input.operation)));
        let drawn: Vec<Markup> = drawn.collect::<Result<_, _>>()?;
        rows.push(html! { div.node { @for edge in &drawn { (edge) } } });
    }
    Ok(html! {
        h3 { @match kind { CellKind::Normal => "Normal cell", CellKind::Reduction => "Reduction cell" } }
        @for row in &rows { (row) }
    })
}

/// `chosen` is what the cell has there, where it has the edge.
fn one(edge: &EdgeHistory, kind: CellKind, chosen: Option<Operation>) -> Result<Markup, Error> {
    let last = edge.weights.last().map(Vec::as_slice).unwrap_or_default();
    let strongest = (0..last.len()).max_by(|&a, &b| last[a].total_cmp(&last[b])).unwrap_or(0);
    let name = Operation::ALL.get(strongest).map_or("", |operation| operation.name());
    let share = last.get(strongest).map_or(0.0, |share| 100.0 * share);
    let label = format!("{} cell, {} to node {}: {name} {share:.0} %", kind.name(), edge.from, edge.node);
    Ok(html! {
        figure {
            (PreEscaped(alpha::small(edge).inline(&label)?))
            figcaption {
                (edge.from) " → node " (edge.node) br; (name) (format!(" {share:.0} %")) br;
                @if let Some(operation) = chosen { strong.chosen { "in the cell: " (operation.name()) } } @else { "left out" }
            }
        }
    })
}

/// The log as a table.
fn epochs(part: &SearchPart) -> Markup {
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
    html! {
        details {
            summary { "every epoch" }
            div.scroll {
                table {
                    thead { tr {
                        th scope="col" { "epoch" } th scope="col" { "training loss" } th scope="col" { "accuracy %" }
                        th scope="col" { "validation loss" } th scope="col" { "accuracy %" }
                        th scope="col" { "entropy" } th scope="col" { "skips" } th scope="col" { "zeros" } th scope="col" { "time" }
                    } }
                    tbody {
                        @for (i, line) in part.log.iter().enumerate() {
                            tr {
                                th scope="row" { (grouped(line.epoch as u64)) }
                                td { (number(Some(line.training_loss))) } td { (percent(Some(line.training_accuracy))) }
                                td { (number(line.validation_loss)) } td { (percent(line.validation_accuracy)) }
                                td { (format!("{:.3}, {:.3}", line.monitor.entropy[0], line.monitor.entropy[1])) }
                                td { (line.monitor.skips[0]) ", " (line.monitor.skips[1]) }
                                td { (line.monitor.zeros[0]) ", " (line.monitor.zeros[1]) }
                                td { (part.timing.get(i).map_or_else(|| "-".to_owned(), |epoch| duration(epoch.seconds))) }
                            }
                        }
                    }
                }
            }
            p.muted.small { "Pairs: normal cell, reduction cell." }
        }
    }
}
