//! Searches a neural architecture for heartbeat classification on ECG records, and trains, evaluates and applies the
//! network that was found. See the README for the tour; the modules follow the line
//! records → beats → search → cell → network → model → evaluation → report.
#![warn(missing_docs)]

pub mod beat;
pub mod bench;
pub mod cell;
pub mod compute;
pub mod database;
pub mod evaluate;
pub mod model;
pub mod network;
pub mod pipeline;
pub mod report;
pub mod search;
pub mod signal;
pub mod support;
pub mod train;
pub mod wfdb;
