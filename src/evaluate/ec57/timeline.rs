//! What an annotation list says in the order of the file: beats, episodes of flutter, shutdowns.

use super::class_of;
use super::period::{FAR, Period, in_range};
use crate::database::Class;
use crate::wfdb::{Annotation, Code};

/// Both bits of the subtype of a `~` that begins a shutdown.
const SHUTDOWN: i8 = 0x30;
/// So many latest episodes are known at a time.
const KNOWN: usize = 2;

/// A stretch of time, both ends in it; none when it ends before it begins.
#[derive(Debug, Clone, Copy)]
struct Span {
    first: i64,
    last: i64,
}

impl Span {
    fn contains(self, at: i64) -> bool {
        (self.first..=self.last).contains(&at)
    }
}

/// A beat.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beat {
    /// In samples.
    pub at: i64,
    /// What it is.
    pub class: Class,
    /// Episodes and shutdowns that began before it.
    before: Begun,
}

#[derive(Debug, Clone, Copy, Default)]
struct Begun {
    episodes: usize,
    shutdowns: usize,
}

/// A list of annotations, sorted out.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    beats: Vec<Beat>,
    episodes: Vec<Span>,
    shutdowns: Vec<Span>,
    /// What each shutdown adds to the shutdown time, in samples.
    lengths: Vec<i64>,
}

/// Whose list it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Reference,
    Test,
}

impl Timeline {
    /// Sorts out a list, in its order.
    pub fn new(annotations: &[Annotation], side: Side, period: &Period) -> Self {
        let mut line = Self::default();
        let mut in_episode = false;
        // What an AHA shutdown is counted from: the last beat, or the end of an episode.
        let mut previous = 0;
        for (index, annotation) in annotations.iter().enumerate() {
            let at = in_range(annotation.sample);
            match annotation.code {
                Code::VFON if !in_episode => {
                    in_episode = true;
                    // Without an end it keeps that of the episode before, and so is empty.
                    let last = line.episodes.last().map_or(FAR, |episode| episode.last);
                    line.episodes.push(Span { first: at, last });
                }
                Code::VFOFF if in_episode => {
                    in_episode = false;
                    previous = at;
                    line.episodes.last_mut().expect("an episode has begun").last = at;
                }
                // In an episode only its end counts.
                _ if in_episode => {}
                Code::NOISE if is_shutdown(annotation) => {
                    line.shutdown(at, previous, annotations.get(index + 1), side, period);
                }
                code => {
                    if let Some(class) = class_of(code) {
                        let before = line.begun();
                        line.beats.push(Beat { at, class, before });
                        previous = at;
                    }
                }
            }
        }
        line
    }

    fn shutdown(&mut self, at: i64, previous: i64, next: Option<&Annotation>, side: Side, period: &Period) {
        let (span, length) = match next {
            Some(next) if next.code == Code::NOISE && !is_shutdown(next) => {
                let span = Span { first: at, last: in_range(next.sample) };
                (span, span.last - span.first)
            }
            Some(next) => {
                let last = in_range(next.sample) - period.window;
                let span = Span { first: last.min(previous + period.window), last };
                (span, span.last - span.first)
            }
            // Nothing follows: to the end of the record. In the test only the first shutdown may be of that kind.
            None => {
                let last = match (side, self.shutdowns.last()) {
                    (Side::Test, Some(before)) => before.last,
                    _ => period.end.unwrap_or(FAR),
                };
                (Span { first: at, last }, period.end.map_or(0, |end| end - at))
            }
        };
        self.shutdowns.push(span);
        self.lengths.push(length.max(0));
    }

    fn begun(&self) -> Begun {
        Begun { episodes: self.episodes.len(), shutdowns: self.shutdowns.len() }
    }

    /// The beats outside episodes, in the order of the list.
    pub fn beats(&self) -> &[Beat] {
        &self.beats
    }

    /// What is known with beat `next` being the next one: all up to the one after it.
    fn known(&self, next: usize) -> Begun {
        self.beats.get(next + 1).map_or_else(|| self.begun(), |beat| beat.before)
    }

    /// Whether a time is in an episode of flutter, as known with beat `next` being the next one.
    pub fn in_episode(&self, next: usize, at: i64) -> bool {
        self.episodes[..self.known(next).episodes].iter().rev().take(KNOWN).any(|span| span.contains(at))
    }

    /// Whether a time is in a shutdown, as known with beat `next` being the next one.
    pub fn in_shutdown(&self, next: usize, at: i64) -> bool {
        self.shutdowns[..self.known(next).shutdowns].iter().rev().take(KNOWN).any(|span| span.contains(at))
    }

    /// The total length of the shutdowns known with beat `next` being the next one, in samples.
    pub fn shutdown_samples(&self, next: usize) -> i64 {
        // Times may go back in a file, and each of them be as far as a number goes.
        self.lengths[..self.known(next).shutdowns].iter().fold(0, |sum, length| sum.saturating_add(*length))
    }
}

fn is_shutdown(annotation: &Annotation) -> bool {
    annotation.code == Code::NOISE && annotation.subtype & SHUTDOWN == SHUTDOWN
}
