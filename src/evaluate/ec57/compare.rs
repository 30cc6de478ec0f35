//! Which test beat is which reference beat.

use super::period::{FAR, Period};
use super::timeline::{Side, Timeline};
use super::{Tally, Test, Truth};
use crate::wfdb::Annotation;

/// What comparing two lists of annotations of a record gave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// Beats by reference and test label.
    pub tally: Tally,
    /// How long the test was shut down, in seconds, learning period included.
    pub shutdown: f64,
}

/// Compares test annotations with reference annotations of the same record, both in the order of time and with samples as
/// unit.
///
/// ```
/// use heart_darts::evaluate::ec57::{Options, Period, Test, Truth, compare};
/// use heart_darts::{database::Class, wfdb::{Annotation, Code}};
///
/// let period = Period::new(360.0, Some(650_000), Options::default())?;
/// let reference = [Annotation::new(120_000, Code::NORMAL), Annotation::new(120_400, Code::PVC)];
/// let test = [Annotation::new(120_050, Code::NORMAL), Annotation::new(120_460, Code::PVC)];
/// let tally = compare(&reference, &test, &period).tally;
/// assert_eq!(tally.count(Truth::Beat(Class::N), Test::Beat(Class::N)), 1, "139 ms apart");
/// assert_eq!(tally.count(Truth::Beat(Class::V), Test::Missed), 1, "167 ms apart: missed,");
/// assert_eq!(tally.count(Truth::Absent, Test::Beat(Class::V)), 1, "and another one invented");
/// # Ok::<(), heart_darts::evaluate::Error>(())
/// ```
pub fn compare(reference: &[Annotation], test: &[Annotation], period: &Period) -> Comparison {
    let reference = Timeline::new(reference, Side::Reference, period);
    let test = Timeline::new(test, Side::Test, period);
    let (truth, found) = (Beats(&reference), Beats(&test));
    // Without a known length the comparison ends with the last beat of the reference.
    let end = period.end.unwrap_or_else(|| reference.beats().last().map_or(0, |beat| beat.at));
    let mut tally = Tally::default();
    let mut r = reference.beats().iter().take_while(|beat| beat.at < period.start).count();
    let mut t = first_test_beat(truth.at(r), &test, period);
    while truth.at(r) <= end || found.at(t) <= end {
        let (here, there) = (truth.at(r), found.at(t));
        let (next_here, next_there) = (truth.at(r + 1), found.at(t + 1));
        let paired = if here <= there {
            is_pair(here, there, next_here, next_there, period.window)
        } else {
            is_pair(there, here, next_there, next_here, period.window)
        };
        match (paired, here <= there) {
            (true, _) => {
                tally.record(Truth::Beat(truth.0.beats()[r].class), Test::Beat(found.0.beats()[t].class));
                (r, t) = (r + 1, t + 1);
            }
            (false, true) => {
                let missed = if test.in_shutdown(t, here) { Test::Shutdown } else { Test::Missed };
                tally.record(Truth::Beat(truth.0.beats()[r].class), missed);
                r += 1;
            }
            (false, false) => {
                if !reference.in_episode(r, there) {
                    let invented = if reference.in_shutdown(r, there) { Truth::Unreadable } else { Truth::Absent };
                    tally.record(invented, Test::Beat(found.0.beats()[t].class));
                }
                t += 1;
            }
        }
    }
    Comparison { tally, shutdown: test.shutdown_samples(t) as f64 / period.frequency }
}

/// The beats of a list by number; behind the last one there is one that is never reached.
struct Beats<'a>(&'a Timeline);

impl Beats<'_> {
    fn at(&self, index: usize) -> i64 {
        self.0.beats().get(index).map_or(FAR, |beat| beat.at)
    }
}

/// Whether the earlier of the two next beats and the later one, of the other list, are a pair: they are within the window, and the
/// later one does not go with the beat that follows the earlier one. It does when that one is at least as near to it, and no
/// farther from it than from the later one's own follower, which it would rather take.
fn is_pair(earlier: i64, later: i64, after_earlier: i64, after_later: i64, window: i64) -> bool {
    let apart = later - earlier;
    let rival = (after_earlier - later).abs();
    let taken = rival <= apart && rival <= (after_earlier - after_later).abs();
    apart <= window && !taken
}

/// The first test beat that is compared, given when the first reference beat is. The last one of the learning period
/// is, when it is within the window of that beat and nearer to it than the next; and the first one of the test period is not,
/// when it is within a window of the border and the next is nearer: its partner may lie in the learning period
/// (if there is one).
fn first_test_beat(reference: i64, test: &Timeline, period: &Period) -> usize {
    let beats = Beats(test);
    let first = test.beats().iter().take_while(|beat| beat.at < period.start).count();
    let distance = |index: usize| (reference - beats.at(index)).abs();
    if first > 0 && distance(first - 1) <= period.window && distance(first - 1) < distance(first) {
        first - 1
    } else if period.start > 0
        && beats.at(first) <= period.start + period.window
        && distance(first + 1) < distance(first)
    {
        first + 1
    } else {
        first
    }
}
