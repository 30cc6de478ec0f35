//! Annotation codes: what a label on a position means.

/// The meaning of an annotation, by its number in the file; names as in WFDB's `ecgcodes.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub u8);

/// Symbol and description by code; unassigned codes are written in brackets, as WFDB's own tools do.
const TABLE: [(&str, &str); 50] = [
    (" ", "not an annotation"),
    ("N", "normal beat"),
    ("L", "left bundle branch block beat"),
    ("R", "right bundle branch block beat"),
    ("a", "aberrated atrial premature beat"),
    ("V", "premature ventricular contraction"),
    ("F", "fusion of ventricular and normal beat"),
    ("J", "nodal (junctional) premature beat"),
    ("A", "atrial premature contraction"),
    ("S", "premature or ectopic supraventricular beat"),
    ("E", "ventricular escape beat"),
    ("j", "nodal (junctional) escape beat"),
    ("/", "paced beat"),
    ("Q", "unclassifiable beat"),
    ("~", "signal quality change"),
    ("[15]", "unassigned"),
    ("|", "isolated QRS-like artifact"),
    ("[17]", "unassigned"),
    ("s", "ST change"),
    ("T", "T-wave change"),
    ("*", "systole"),
    ("D", "diastole"),
    ("\"", "comment"),
    ("=", "measurement"),
    ("p", "P-wave peak"),
    ("B", "left or right bundle branch block"),
    ("^", "non-conducted pacer spike"),
    ("t", "T-wave peak"),
    ("+", "rhythm change"),
    ("u", "U-wave peak"),
    ("?", "learning"),
    ("!", "ventricular flutter wave"),
    ("[", "start of ventricular flutter or fibrillation"),
    ("]", "end of ventricular flutter or fibrillation"),
    ("e", "atrial escape beat"),
    ("n", "supraventricular escape beat"),
    ("@", "link to external data"),
    ("x", "non-conducted P-wave (blocked APC)"),
    ("f", "fusion of paced and normal beat"),
    ("(", "waveform onset"),
    (")", "waveform end"),
    ("r", "R-on-T premature ventricular contraction"),
    ("[42]", "unassigned"),
    ("[43]", "unassigned"),
    ("[44]", "unassigned"),
    ("[45]", "unassigned"),
    ("[46]", "unassigned"),
    ("[47]", "unassigned"),
    ("[48]", "unassigned"),
    ("[49]", "unassigned"),
];

macro_rules! codes {
    ($($name:ident = $number:literal)*) => {
        $(
            #[doc = concat!("Code ", $number, " of `ecgcodes.h`; see [`Code::description`].")]
            pub const $name: Self = Self($number);
        )*
    };
}

impl Code {
    codes! {
        NOTQRS = 0 NORMAL = 1 LBBB = 2 RBBB = 3 ABERR = 4 PVC = 5 FUSION = 6 NPC = 7 APC = 8 SVPB = 9 VESC = 10 NESC = 11
        PACE = 12 UNKNOWN = 13 NOISE = 14 ARFCT = 16 STCH = 18 TCH = 19 SYSTOLE = 20 DIASTOLE = 21 NOTE = 22 MEASURE = 23
        PWAVE = 24 BBB = 25 PACESP = 26 TWAVE = 27 RHYTHM = 28 UWAVE = 29 LEARN = 30 FLWAV = 31 VFON = 32 VFOFF = 33
        AESC = 34 SVESC = 35 LINK = 36 NAPC = 37 PFUS = 38 WFON = 39 WFOFF = 40 RONT = 41
    }

    /// The largest code of an annotation (`ACMAX`).
    pub const MAX: Self = Self(49);

    /// The symbol that WFDB's tools print, such as `N` or `V`; `[15]` for a code without a meaning, `[?]` above
    /// [`MAX`](Self::MAX).
    pub fn symbol(self) -> &'static str {
        TABLE.get(usize::from(self.0)).map_or("[?]", |entry| entry.0)
    }

    /// The meaning in words.
    pub fn description(self) -> &'static str {
        TABLE.get(usize::from(self.0)).map_or("not a WFDB code", |entry| entry.1)
    }

    /// The code of a symbol, the reverse of [`symbol`](Self::symbol).
    pub fn from_symbol(symbol: &str) -> Option<Self> {
        TABLE.iter().position(|entry| entry.0 == symbol).map(|position| Self(position as u8))
    }

    /// Whether a QRS complex is marked, by WFDB's `isqrs`: beats of every kind, and also `!` (flutter wave) and `?`.
    pub const fn is_beat(self) -> bool {
        matches!(self.0, 1..=13 | 25 | 30 | 31 | 34 | 35 | 38 | 41)
    }

    /// Whether an annotation may carry this code.
    pub(super) const fn is_annotation(self) -> bool {
        matches!(self.0, 1..=49)
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.symbol())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_and_codes_are_one_to_one() {
        for number in 0..=Code::MAX.0 {
            assert_eq!(Code::from_symbol(Code(number).symbol()), Some(Code(number)));
        }
        assert_eq!(Code(50).symbol(), "[?]");
        assert_eq!(Code::from_symbol("[?]"), None);
        assert_eq!((Code::RONT.symbol(), Code::PACE.symbol(), Code::WFOFF.symbol()), ("r", "/", ")"));
    }
}
