//! Reads a record and plots its first ten seconds with the annotated beats:
//!
//!     cargo run --release --example plot_record -- ../shared/data/mitdb/100 100.svg
//!
//! Without arguments it makes a synthetic record and plots that.

use std::error::Error;
use std::path::PathBuf;

use heart_darts::database::synthetic;
use heart_darts::support::font::{self, SANS};
use heart_darts::wfdb::{Record, read_annotations};
use plotters::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let stem = match arguments.next() {
        Some(stem) => stem,
        None => {
            let folder = std::env::temp_dir().join("heart-darts-plot-record");
            synthetic::write(&folder, &synthetic::Options { subjects: 1, seconds: 60, seed: 1 })?;
            folder.join("syn01")
        }
    };
    let picture = arguments.next().unwrap_or_else(|| "record.svg".into());

    // Samples are kept as the converter's numbers; `physical` gives millivolts, NaN where there is no sample.
    let record = Record::read(&stem)?;
    let frequency = record.header.frequency;
    let shown = ((10.0 * frequency) as usize).min(record.samples());
    let beats = read_annotations(&stem.with_extension("atr"))?;
    let beats: Vec<_> = beats.iter().filter(|beat| beat.code.is_beat() && beat.sample < shown as u64).collect();

    // The letters come with the library: a machine without fonts draws them too.
    font::register();
    let root = SVGBackend::new(&picture, (1200, 300 * record.signals.len() as u32)).into_drawing_area();
    root.fill(&WHITE)?;
    for (area, (lead, spec)) in
        root.split_evenly((record.signals.len(), 1)).iter().zip(record.header.signals.iter().enumerate())
    {
        let millivolts = &record.physical(lead)[..shown];
        let low = millivolts.iter().copied().fold(f32::INFINITY, f32::min);
        let high = millivolts.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut chart = ChartBuilder::on(area)
            .caption(format!("{}, {}", record.header.name, spec.description), (SANS, 18))
            .margin(10)
            .x_label_area_size(30)
            .y_label_area_size(45)
            .build_cartesian_2d(0.0..shown as f64 / frequency, low - 0.1..high + 0.3)?;
        chart.configure_mesh().x_desc("s").y_desc(spec.units.as_str()).draw()?;
        let seconds = |sample: usize| sample as f64 / frequency;
        chart.draw_series(LineSeries::new(millivolts.iter().enumerate().map(|(i, mv)| (seconds(i), *mv)), &BLACK))?;
        chart.draw_series(beats.iter().map(|beat| {
            let place = (seconds(beat.sample as usize), high + 0.15);
            Text::new(beat.code.symbol(), place, (SANS, 16).into_font().color(&RED))
        }))?;
    }
    root.present()?;
    println!("{}: {} beats in the first 10 s, drawn to {}", stem.display(), beats.len(), picture.display());
    Ok(())
}
