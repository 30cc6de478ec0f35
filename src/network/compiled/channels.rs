//! How channels lie in planes.

use crate::compute::planes::WIDTH;

/// Signals side by side, each of which begins a plane: what a cell leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Channels {
    /// Signals.
    pub parts: usize,
    /// Channels of each.
    pub each: usize,
}

impl Channels {
    pub fn one(channels: usize) -> Self {
        Self { parts: 1, each: channels }
    }

    pub fn count(self) -> usize {
        self.parts * self.each
    }

    /// Planes of each part.
    pub fn planes_each(self) -> usize {
        self.each.div_ceil(WIDTH)
    }

    pub fn planes(self) -> usize {
        self.parts * self.planes_each()
    }

    /// The plane and the lane of a channel.
    pub fn place(self, channel: usize) -> (usize, usize) {
        let (part, channel) = (channel / self.each, channel % self.each);
        (part * self.planes_each() + channel / WIDTH, channel % WIDTH)
    }

    /// The same as one number.
    pub fn lane(self, channel: usize) -> usize {
        let (plane, lane) = self.place(channel);
        plane * WIDTH + lane
    }
}
