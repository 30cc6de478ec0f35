//! Samples in a FLAC stream (formats 508, 516, 524), a channel a signal; decoded by symphonia.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use symphonia_bundle_flac::{FlacDecoder, FlacReader};
use symphonia_core::audio::{Audio, GenericAudioBufferRef};
use symphonia_core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia_core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia_core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia_core::packet::Packet;
use symphonia_core::units::Timestamp;

use super::Format;
use crate::support::files::{self, FileError};
use crate::wfdb::{Error, Result};

/// What a stream's head says.
pub(in crate::wfdb) struct Stream {
    path: PathBuf,
    reader: FlacReader<'static>,
    parameters: AudioCodecParameters,
    /// Samples a channel, where the head says; not to be trusted before all are decoded.
    samples: Option<u64>,
    bits: u32,
}

/// An error of the decoder with the file's name.
fn failed(path: &Path, error: &symphonia_core::errors::Error) -> Error {
    damaged(path, error.to_string(), "a FLAC stream")
}

fn damaged(path: &Path, found: impl Into<Box<str>>, expected: &str) -> Error {
    let expected = format!("{expected}; the file is damaged or belongs to another header: fetch it again");
    Error::Stream { path: path.into(), found: found.into(), expected: expected.into() }
}

impl Stream {
    /// Opens a stream that must have so many channels, and samples that fit the format.
    pub(in crate::wfdb) fn open(path: &Path, format: Format, signals: usize) -> Result<Self> {
        let file = files::open(path).map_err(|source| FileError::Read { path: path.into(), source })?;
        let source = MediaSourceStream::new(Box::new(file), MediaSourceStreamOptions::default());
        let reader = FlacReader::try_new(source, FormatOptions::default()).map_err(|error| failed(path, &error))?;
        let track = reader.default_track(TrackType::Audio);
        let parameters = track.and_then(|track| track.codec_params.as_ref()?.audio()).cloned();
        let (Some(parameters), Some(track)) = (parameters, track) else {
            return Err(damaged(path, "no stream information", "a FLAC stream"));
        };
        let (channels, bits) =
            (parameters.channels.as_ref().map_or(0, |channels| channels.count()), parameters.bits_per_sample);
        if channels != signals {
            return Err(damaged(
                path,
                format!("{channels} channels"),
                &format!("{signals}, one a signal of the header"),
            ));
        }
        let Some(bits) = bits.filter(|bits| (1..=format.bits()).contains(bits)) else {
            let expected = format!("at most {}, as format {format} has", format.bits());
            return Err(damaged(path, format!("{} bits a sample", bits.unwrap_or(0)), &expected));
        };
        let samples = track.num_frames;
        Ok(Self { path: path.into(), reader, parameters, samples, bits })
    }

    /// Samples a channel: as the stream's head says, or else counted, which reads through the file.
    pub(in crate::wfdb) fn count(mut self) -> Result<u64> {
        if let Some(samples) = self.samples {
            return Ok(samples);
        }
        let mut samples = 0_u64;
        while let Some(packet) = self.packet()? {
            samples = samples.saturating_add(packet.dur.get());
        }
        Ok(samples)
    }

    /// The next block; `None` at the end, be it within a block.
    fn packet(&mut self) -> Result<Option<Packet>> {
        match self.reader.next_packet() {
            Err(symphonia_core::errors::Error::IoError(error)) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
            other => other.map_err(|error| failed(&self.path, &error)),
        }
    }

    /// Decodes the first `needed` samples of every channel, a block at a time: `take` gets a channel's number and its
    /// samples. Where the whole stream is read, its own checksum is verified.
    pub(in crate::wfdb) fn read(mut self, needed: u64, mut take: impl FnMut(usize, &[i32])) -> Result<()> {
        let options = AudioDecoderOptions::default().verify(true);
        let mut decoder =
            FlacDecoder::try_new(&self.parameters, &options).map_err(|error| failed(&self.path, &error))?;
        let mut samples = Vec::new();
        let mut at = 0_u64;
        let path = self.path.clone();
        let short = |at: u64| {
            let expected = format!("{needed} samples a signal, as the header says");
            damaged(&path, format!("the end of the stream after {at} samples"), &expected)
        };
        while at < needed {
            let packet = self.packet()?.ok_or_else(|| short(at))?;
            // The reader leaves out what it cannot make sense of.
            if packet.pts != Timestamp::from(at as i64) {
                return Err(damaged(&self.path, format!("samples from {}", packet.pts), &format!("samples from {at}")));
            }
            let decoded = decoder.decode(&packet).map_err(|error| failed(&self.path, &error))?;
            let GenericAudioBufferRef::S32(block) = decoded else {
                return Err(damaged(&self.path, "samples that are not integers", "integers"));
            };
            let frames = (block.frames() as u64).min(needed - at) as usize;
            if frames == 0 {
                return Err(damaged(&self.path, format!("an empty block at sample {at}"), "samples"));
            }
            for (channel, plane) in block.iter_planes().enumerate() {
                // The decoder moves every sample to the top of its 32 bits.
                samples.clear();
                samples.extend(plane[..frames].iter().map(|sample| sample >> (32 - self.bits)));
                take(channel, &samples);
            }
            at += frames as u64;
        }
        if self.samples == Some(at) && decoder.finalize().verify_ok == Some(false) {
            return Err(damaged(&self.path, "samples with another checksum (MD5) than the stream's own", "that one"));
        }
        Ok(())
    }
}
