//! The databases that are known here, as descriptions.

use super::{Class, ClassMap, Database, InterPatient, Lead, Published, RecordChoice, Subjects, Trim, Window};

/// The names of the built-in databases.
pub const BUILTIN: [&str; 5] = ["mitdb", "incartdb", "qtdb", "svdb", "synthetic"];

/// With it the paper's counts come out exactly for MIT-BIH and QT. It was found from the counts; the paper does not state
/// it.
const PAPER_TRIM: Trim = Trim { first: 3, last: 2 };

/// The paper's window for MIT-BIH: 300 samples, 0.83 s at 360 Hz.
const MITDB_WINDOW: Window = Window { before: 99, after: 200 };

/// Records of MIT-BIH that lack MLII or V1 (the paper's Table III); the other 40 are used.
const MITDB_OTHER_LEADS: &str = "100 102 103 104 114 117 123 124";

/// de Chazal, O'Dwyer, Reilly: Automatic classification of heartbeats using ECG morphology and heartbeat interval features.
/// IEEE Transactions on Biomedical Engineering 51(7):1196, 2004. doi:10.1109/TBME.2004.827359. Table III there.
const DS1: &str = "101 106 108 109 112 114 115 116 118 119 122 124 201 203 205 207 208 209 215 220 223 230";
const DS2: &str = "100 103 105 111 113 117 121 123 200 202 210 212 213 214 219 221 222 228 231 232 233 234";
const PACED: &str = "102 104 107 217";

fn names(text: &str) -> Vec<String> {
    text.split_whitespace().map(String::from).collect()
}

impl Database {
    /// A database by its name: `mitdb`, `incartdb`, `qtdb`, `svdb` or `synthetic`.
    pub fn builtin(name: &str) -> Option<Self> {
        let blank = Self {
            name: name.into(),
            title: String::new(),
            leads: vec!["MLII".into(), "V1".into()],
            frequency: 360.0,
            window: MITDB_WINDOW,
            classes: ClassMap::aami(),
            trim: Trim::default(),
            annotator: "atr".into(),
            records: RecordChoice::All,
            subjects: Subjects::default(),
            inter_patient: None,
            published: None,
        };
        let published = |beats| Some(Published { source: "Heart-Darts, Table II".into(), beats });
        Some(match name {
            "mitdb" => Self {
                title: "MIT-BIH Arrhythmia Database".into(),
                trim: PAPER_TRIM,
                records: RecordChoice::Except(names(MITDB_OTHER_LEADS)),
                // The header of 202: "taken from the same analog tape as record 201".
                subjects: Subjects { together: vec![names("201 202")], ..Subjects::default() },
                inter_patient: Some(InterPatient {
                    source: "de Chazal et al. 2004, DS1 and DS2 (201 and 202, of one subject, are on both sides)".into(),
                    training: names(DS1),
                    test: names(DS2),
                    left_out: names(PACED),
                }),
                published: published([79508, 2696, 7129, 793, 3887]),
                ..blank
            },
            "incartdb" => Self {
                title: "St Petersburg INCART 12-lead Arrhythmia Database".into(),
                leads: vec!["II".into(), "V1".into()],
                frequency: 257.0,
                window: Window { before: 99, after: 150 },
                // Table II prints no count for Q: the few unclassifiable beats are left out.
                classes: ClassMap::new(Class::ALL[..4].iter().map(|&c| (c, ClassMap::aami().symbols(c).to_vec()))),
                trim: PAPER_TRIM,
                // 75 records of 32 subjects; the headers say which: `# patient 7`.
                subjects: Subjects { comment: Some("patient".into()), ..Subjects::default() },
                published: published([153_350, 1957, 19_973, 219, 0]),
                ..blank
            },
            "qtdb" => Self {
                title: "QT Database".into(),
                // Its leads have many names; the paper's "MLII" can only mean the first signal.
                leads: vec![Lead::Position(0)],
                frequency: 250.0,
                window: Window { before: 99, after: 120 },
                trim: PAPER_TRIM,
                subjects: Subjects {
                    note: "the 33 sele records are from the European ST-T Database, whose 90 records are of 79 subjects, and \
                           no header says which. Records sel100 to sel233 and sel803 to sel891 are excerpts of MIT-BIH \
                           Arrhythmia and Supraventricular records: do not test on them what was trained on those"
                        .into(),
                    ..Subjects::default()
                },
                published: published([81_022, 1485, 1691, 251, 2146]),
                ..blank
            },
            "svdb" => Self {
                title: "MIT-BIH Supraventricular Arrhythmia Database".into(),
                leads: vec![Lead::Position(0), Lead::Position(1)],
                frequency: 128.0,
                window: MITDB_WINDOW.at(360.0, 128.0),
                subjects: Subjects {
                    note: "the headers do not name subjects, so two records may be of one".into(),
                    ..Subjects::default()
                },
                ..blank
            },
            "synthetic" => Self { title: "synthetic records, made by heart-darts; not of any patient".into(), ..blank },
            _ => return None,
        })
    }
}
