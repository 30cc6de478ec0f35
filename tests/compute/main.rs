//! The kernels against their plain twins, against finite differences and against themselves on other numbers of threads.

mod cells;
mod everywhere;
mod layers;
mod misuse;
mod tape;
mod twins;
mod update;
