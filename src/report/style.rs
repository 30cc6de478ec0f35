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

/// Width of every picture.
pub(super) const WIDTH: f64 = 1600.0;
/// Height of letters of titles.
pub(super) const TITLE: f64 = 38.0;
/// Height of letters of axis titles and legends.
pub(super) const LABEL: f64 = 30.0;
/// Height of letters of ticks and values: 13 at half size.
pub(super) const SMALL: f64 = 26.0;
