//! Where something came from: cells, digests.

use maud::{Markup, PreEscaped, html};

use super::super::{Error, sheet};
use super::pieces::{facts, folded, grouped};
use crate::cell::{self, Genotype};
use crate::support::digests::Digests;

/// Both cells, drawn, with their text folded up.
pub(super) fn cells(genotype: &Genotype) -> Result<Markup, Error> {
    let path = || "the drawing of the cells".into();
    let file = cell::draw::svg(genotype).map_err(|error| Error::Draw { path: path(), message: error.to_string() })?;
    let drawing = sheet::as_element(&file, "The normal and the reduction cell");
    Ok(html! {
        figure.cells { (PreEscaped(drawing)) }
        (folded("the genotype as RON", &genotype.to_ron()))
    })
}

/// Where a genotype was searched.
pub(super) fn genotype(genotype: &Genotype) -> Markup {
    let origin = &genotype.origin;
    let mut rows: Vec<(&str, Markup)> = Vec::new();
    if let Some(note) = &origin.note {
        rows.push(("note", html! { (note) }));
    }
    for (name, named) in [("search configuration", &origin.configuration), ("searched on", &origin.data)] {
        if let Some(named) = named {
            rows.push((name, html! { (named.name) br; span.digest.muted { (named.digest) } }));
        }
    }
    if let Some(split) = &origin.split {
        rows.push(("split of the search", super::pieces::code(split)));
    }
    for (name, number) in [("seed of the search", origin.seed), ("epochs searched", origin.epochs)] {
        if let Some(number) = number {
            rows.push((name, html! { (grouped(number)) }));
        }
    }
    if let Some(version) = &origin.crate_version {
        rows.push(("derived by", html! { "heart-darts " (version) }));
    }
    if rows.is_empty() {
        html! {}
    } else {
        facts(&rows)
    }
}

/// What it was made of.
pub(super) fn digests(digests: &Digests) -> Markup {
    html! {
        details {
            summary { "SHA-256 digests" }
            table.facts { tbody {
                @for (name, digest) in digests.iter() { tr { th scope="row" { (name) } td.digest { (digest) } } }
            } }
        }
    }
}
