//! What the entries work on: folders that vanish, and examples that are sound.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use heart_darts::beat::{Prepared, SplitRule, prepare};
use heart_darts::cell::{Genotype, Named};
use heart_darts::database::{Class, Database, Lead, Window};
use heart_darts::evaluate::{ConfusionMatrix, Evaluation};
use heart_darts::model::{Model, ModelOrigin, ModelSpec};
use heart_darts::network::{DerivedSpec, InputShape, NetworkSpec};
use heart_darts::signal::Preprocessing;
use heart_darts::support::digests::Digests;
use heart_darts::support::random::Generator;
use heart_darts::train::TensorFile;
use heart_darts::wfdb::{Annotation, AnnotationFile, Code, Format, Header, Record, SignalSpec};

/// A folder in memory where there is such a place; it vanishes with this.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let memory = Path::new("/dev/shm");
        let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let name = format!("heart-darts-fuzz-{}-{}", std::process::id(), NEXT.fetch_add(1, Relaxed));
        let folder = base.join(name);
        std::fs::create_dir_all(&folder).expect("a folder for the files of an input");
        Self(folder)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        if name.is_empty() { self.0.clone() } else { self.0.join(name) }
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder above")).expect("a folder for a file of an input");
        std::fs::write(path, bytes).expect("a file of an input");
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Between two files of one input.
const MARK: &[u8] = b"\n=== ";

/// The files of an input: `=== NAME`, a line break and the bytes, up to the next such line.
pub fn parts(data: &[u8]) -> Vec<(String, &[u8])> {
    let mut files = Vec::new();
    let mut rest = data.strip_prefix(&MARK[1..]).unwrap_or_default();
    while !rest.is_empty() && files.len() < 16 {
        let end = rest.windows(MARK.len()).position(|window| window == MARK);
        let (file, next) = end.map_or((rest, &[][..]), |end| (&rest[..end], &rest[end + MARK.len()..]));
        let line = file.iter().position(|byte| *byte == b'\n').unwrap_or(file.len());
        let name = String::from_utf8_lossy(&file[..line]).into_owned();
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        if plain && (1..=40).contains(&name.len()) && !name.starts_with('.') {
            files.push((name, &file[(line + 1).min(file.len())..]));
        }
        rest = next;
    }
    files
}

/// One node a cell.
pub const GENOTYPE: &str = "(
    version: 1,
    normal: (nodes: [[(operation: conv3, from: 0), (operation: max3, from: 1)]]),
    reduction: (nodes: [[(operation: skip, from: 0), (operation: conv3, from: 1)]]),
)";

/// A small model, whole.
pub struct Example {
    /// `model.ron` with `WEIGHTS` in the place of the digest.
    pub description: String,
    /// `weights.safetensors`.
    pub weights: Vec<u8>,
    /// The same as before there were digests of the description: they go with any.
    pub undigested: Vec<u8>,
}

/// A model of 1 lead, 8 samples, 1 channel and 3 cells.
pub fn model() -> &'static Example {
    static EXAMPLE: OnceLock<Example> = OnceLock::new();
    EXAMPLE.get_or_init(|| {
        let genotype = Genotype::parse(GENOTYPE, "cell.ron").expect("a sound genotype");
        let shape = DerivedSpec { channels: 1, layers: 3, ..DerivedSpec::default() };
        let network = NetworkSpec::Derived { shape, genotype };
        let input = InputShape { leads: 1, samples: 8, classes: 5 };
        let spec = ModelSpec {
            version: ModelSpec::VERSION,
            network: network.clone(),
            input,
            leads: vec![Lead::Name("MLII".into())],
            frequency: 360.0,
            window: Window { before: 3, after: 4 },
            preprocessing: Preprocessing::default(),
            classes: Class::ALL.to_vec(),
            origin: ModelOrigin {
                data: Named { name: "fuzz".into(), digest: "0".into() },
                split: SplitRule::default(),
                split_digest: "0".into(),
                split_sentence: "random".into(),
                reduction: None,
                configuration: "0".into(),
                selection: "last epoch".into(),
                epoch: (1, 1),
                seed: 0,
                crate_version: "0".into(),
            },
            weights: String::new(),
        };
        let network = network.build(&input, &mut Generator::new(0)).expect("a network");
        let mut model = Model { spec, network };
        let scratch = Scratch::new();
        let evaluation = Evaluation::of_matrix("fuzz", ConfusionMatrix::default());
        model.write(&scratch.path(""), &evaluation).expect("a model is written");
        let read = |name: &str| std::fs::read(scratch.path(name)).expect("a file of the model");
        let description = String::from_utf8(read("model.ron")).expect("RON");
        let weights = read("weights.safetensors");
        let path = Path::new("weights.safetensors");
        let mut file = TensorFile::parse(&weights, path).expect("a tensor file");
        file.digests = Digests::default();
        let undigested = file.to_bytes(path).expect("a tensor file");
        Example { description: description.replace(&model.spec.weights, "WEIGHTS"), weights, undigested }
    })
}

/// A folder of two short records of MLII and V1 at 360 Hz with a dozen beats each; it stays until the process ends.
pub fn records() -> &'static Path {
    static FOLDER: OnceLock<Scratch> = OnceLock::new();
    let make = || {
        let scratch = Scratch::new();
        for name in ["a1", "b2"] {
            let mut header = Header::new(name, 360.0);
            header.comments = vec![format!("# patient {name}")];
            for lead in ["MLII", "V1"] {
                let description = lead.into();
                header.signals.push(SignalSpec { format: Format::Format16, description, ..SignalSpec::default() });
            }
            let signal = |phase: i32| (0..720).map(|i| (i * i + phase) % 199 - 100).collect();
            Record { header, signals: vec![signal(0), signal(9)] }.write(&scratch.path("")).expect("a record");
            let codes = [Code(1), Code(5), Code(8), Code(6), Code(12)];
            let annotations = (0..12).map(|i| Annotation::new(60 * i + 30, codes[i as usize % 5])).collect();
            let file = AnnotationFile { annotations, ..AnnotationFile::default() };
            file.write(&scratch.path(&format!("{name}.atr"))).expect("annotations");
        }
        scratch
    };
    &FOLDER.get_or_init(make).0
}

/// The description by which [`prepared`] reads [`records`].
pub fn description() -> Database {
    let text = r#"(name: "fuzz", leads: ["MLII"], frequency: 360, window: (before: 3, after: 4))"#;
    Database::parse(text, "fuzz.ron").expect("a sound description")
}

pub fn preprocessing() -> Preprocessing {
    Preprocessing::none()
}

/// The beats of [`records`], cut without a cache.
pub fn prepared() -> &'static Prepared {
    static PREPARED: OnceLock<Prepared> = OnceLock::new();
    PREPARED.get_or_init(|| prepare(&description(), records(), &preprocessing(), None).expect("beats"))
}
