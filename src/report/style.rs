//! Colours and letter sizes of all pictures.

use crate::beat::Class;

/// Red, green, blue.
pub(super) type Colour = (u8, u8, u8);

/// Letters and axes.
pub(super) const INK: Colour = (0x22, 0x22, 0x22);
/// Less important letters.
pub(super) const FAINT: Colour = (0x66, 0x66, 0x66);
/// Grid lines.
pub(super) const GRID: Colour = (0xdd, 0xdd, 0xdd);
/// The ground.
pub(super) const PAPER: Colour = (0xff, 0xff, 0xff);

/// Okabe and Ito (2008), without black and yellow.
pub(super) const BLUE: Colour = (0x00, 0x72, 0xb2);
pub(super) const ORANGE: Colour = (0xe6, 0x9f, 0x00);
pub(super) const VERMILLION: Colour = (0xd5, 0x5e, 0x00);
pub(super) const GREEN: Colour = (0x00, 0x9e, 0x73);
pub(super) const PURPLE: Colour = (0xcc, 0x79, 0xa7);
pub(super) const SKY: Colour = (0x56, 0xb4, 0xe9);

/// For series of no particular kind, in this order.
pub(super) const SERIES: [Colour; 6] = [BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY];

/// The colour of a class.
pub(super) fn class(class: Class) -> Colour {
    [BLUE, ORANGE, VERMILLION, PURPLE, GREEN][class.index()]
}

/// The colour of the ten operations in their order: convolutions get darker with their kernels, pools are orange, skip is
/// green, zero is grey. Further ones take the series' colours.
pub(super) fn operation(index: usize) -> Colour {
    const OPERATIONS: [Colour; 10] = [
        (0xd6, 0xe8, 0xf5),
        (0xa9, 0xd0, 0xec),
        (0x74, 0xb3, 0xdd),
        (0x3f, 0x8f, 0xc6),
        (0x1a, 0x66, 0xa3),
        (0x0b, 0x3c, 0x6b),
        (0xf6, 0xc9, 0x6b),
        ORANGE,
        GREEN,
        (0xb5, 0xb5, 0xb5),
    ];
    OPERATIONS.get(index).copied().unwrap_or(SERIES[index % SERIES.len()])
}

/// A colour between white (0) and blue (1).
pub(super) fn shade(share: f64) -> Colour {
    let mix = |to: u8| (255.0 + (f64::from(to) - 255.0) * share.clamp(0.0, 1.0)).round() as u8;
    (mix(0x0b), mix(0x4f), mix(0x8a))
}

/// What a page shows the colours of pictures as: the name of the variable, the colour in files and on light ground, the colour on
/// dark ground. Those of `cell-` are the colours of drawings of cells.
pub(super) const THEME: [(&str, Colour, Colour); 16] = [
    ("ink", INK, (0xe8, 0xea, 0xed)),
    ("faint", FAINT, (0xa3, 0xaa, 0xb2)),
    ("grid", GRID, (0x3a, 0x41, 0x49)),
    ("paper", PAPER, (0x1a, 0x1e, 0x23)),
    ("blue", BLUE, (0x4d, 0xa6, 0xe0)),
    ("orange", ORANGE, (0xe3, 0x9b, 0x1a)),
    ("vermillion", VERMILLION, (0xf0, 0x7c, 0x36)),
    ("green", GREEN, (0x2f, 0xc4, 0x98)),
    ("purple", PURPLE, (0xde, 0x98, 0xc0)),
    ("sky", SKY, (0x9f, 0xd6, 0xf7)),
    ("cell-line", (0x3d, 0x4a, 0x57), (0xaa, 0xb6, 0xc2)),
    ("cell-faint", (0xa8, 0xae, 0xb4), (0x5d, 0x66, 0x70)),
    ("cell-input", (0xe3, 0xec, 0xd8), (0x35, 0x43, 0x2b)),
    ("cell-node", (0xd6, 0xe4, 0xf2), (0x24, 0x3a, 0x50)),
    ("cell-output", (0xf6, 0xe7, 0xb8), (0x52, 0x46, 0x1e)),
    ("focus", FOCUS, (0x3b, 0x35, 0x1f)),
];

/// A colour in a page's style: its variable, where it has one.
pub(super) fn css(colour: Colour) -> String {
    let known = THEME.iter().find(|(_, light, _)| *light == colour);
    known.map_or_else(
        || format!("#{:02X}{:02X}{:02X}", colour.0, colour.1, colour.2),
        |(name, ..)| format!("var(--{name})"),
    )
}

/// Behind the beat that is meant.
pub(super) const FOCUS: Colour = (0xff, 0xf1, 0xc9);

/// Width of every picture.
pub(super) const WIDTH: f64 = 1600.0;
/// Width of a picture that is small enough to be read on a telephone.
pub(super) const NARROW: f64 = 800.0;
/// Height of letters of titles.
pub(super) const TITLE: f64 = 38.0;
/// Height of letters of axis titles and legends.
pub(super) const LABEL: f64 = 30.0;
/// Height of letters of ticks and values: 13 at half size.
pub(super) const SMALL: f64 = 26.0;
