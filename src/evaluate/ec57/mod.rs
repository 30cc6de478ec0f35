//! Annotations against annotations, as ANSI/AAMI EC57 has it: the figures that a heartbeat detector and classifier is
//! judged by, cell for cell what WFDB's `bxb` and `sumstats` print.
//!
//! ```text
//! reference annotations ─▶ Timeline ─┐
//!                                    ├─▶ Tally, one a record ─▶ Figures ─▶ Report: records, gross, average
//! test annotations      ─▶ Timeline ─┘
//! ```
//!
//! Unlike the rest of this room, which takes beats as given and asks for their class, this finds out first which test beat
//! is which reference beat: missed and invented beats count. It needs annotations alone, of any program, no network: of the
//! project it uses `wfdb` and `database::Class`.
//!
//! # The rules
//! From EC57:1998, section 4.2 (beat by beat) and 3.5.2 and 3.5.3 (gross and average), as the WFDB Applications Guide gives
//! them (Moody, *bxb(1)*, *sumstats(1)*, *Evaluating ECG Analyzers*: <https://physionet.org/physiotools/wag/>). Where those
//! pages leave something open, the rule is what `bxb` of WFDB 10.7.0 was seen to do on some ten thousand small files; the code
//! is written from these rules alone.
//!
//! - **Labels** become five classes, [`class_of`].
//! - **Pairs.** Going through both lists in time, the next beat of each are a pair when at most the match window (150 ms, that
//!   included) lies between them, unless the later one goes better with the beat that follows the earlier one. What has no
//!   partner is missed (test label `o`) or invented (reference label `O`).
//! - **The learning period**, five minutes, is left out; at its end a pair may reach over the border.
//! - **Ventricular flutter and fibrillation**, `[` to `]`. Beats between them are left out of the list that they are in; an invented
//!   beat inside an episode of the reference is not counted either. Inside an episode that only the test has, beats of the
//!   reference are missed.
//! - **Shutdown**, `~` with bits 16 and 32 of the subtype, to the next `~` of another subtype. A beat missed in a shutdown of
//!   the test is counted under `x` instead of `o`, one invented in a shutdown of the reference under `X`. A `~` that no such
//!   `~` follows at once marks, as in AHA files, an interval from a match window after the beat before to one before the next
//!   annotation.
//!
//! # Where `bxb` is not what one would read
//! Followed here, since equal figures are the point (only the time of a shutdown that begins behind the record's end is 0
//! here, negative there; RR intervals are not compared):
//!
//! - Beats missed in shutdown still lower sensitivity, and invented ones in the reference's shutdown lower positive predictivity: they
//!   are shown apart, not left out.
//! - `!` (flutter wave) is no beat; `e`, `j`, `n` (escape beats) are S, where de Chazal's table and the descriptions of this
//!   project put `e` and `j` to N.
//! - [`Figures::of`] counts reference F as false S, `sumstats` in gross and average does not ([`Figures::of_sum`]): its input
//!   has F and Q in one column.
//! - A flutter episode without end lasts to the record's end only when it is the first one; after others it is none (for
//!   invented beats). The same holds for a shutdown of the test.
//! - Of a list's episodes, and of its shutdowns, only the two latest before the next beat but one are known.
//! - After an episode of flutter an AHA shutdown begins one match window after its `]`.
//! - Without a learning period no beat at the border is dropped.
//! - The last sample of the test period is one behind the record's last: a beat on it counts.

mod compare;
mod figures;
mod label;
mod period;
mod report;
mod tally;
pub mod text;
mod timeline;

pub use compare::{Comparison, compare};
pub use figures::{Ectopic, Figures, Qrs};
pub use label::class_of;
pub use period::{Options, Period};
pub use report::{RecordReport, Report, SCHEMA};
pub use tally::{Tally, Test, Truth};
