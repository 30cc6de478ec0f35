//! What every room may use and none owns: files, randomness, progress, Ctrl-C, the font of the pictures.
//!
//! Nothing in here knows of hearts or networks. [`files`] replaces files atomically and reads RON with its place in the
//! text, over [`disk`], whose calls a test can make fail; `wording` and `place` complete what that reader says; [`lock`] keeps a
//! folder to one process; [`digests`] say what something was made of; [`random`] is the one source of randomness; [`memory`]
//! says how much there is; [`interrupt`] turns Ctrl-C into a flag that long work looks at;
//! [`progress`] is a bar on a terminal and plain lines elsewhere; [`font`] is the
//! pictures' own.

pub mod digests;
pub mod disk;
pub mod files;
pub mod font;
pub mod interrupt;
pub mod lock;
pub mod memory;
pub mod picture;
pub(crate) mod place;
pub mod progress;
pub mod random;
pub(crate) mod wording;
