//! From annotation codes to the classes of EC57.

use crate::database::Class;
use crate::wfdb::Code;

/// The class that EC57 counts a label under, `None` for what is no beat. Source: what WFDB's `bxb` 10.7.0 makes of each label;
/// *Evaluating ECG Analyzers*, section 2.2, names the classes.
///
/// | class | labels |
/// |---|---|
/// | N | `N` `L` `R` `B` |
/// | S | `a` `J` `A` `S` `j` `e` `n` |
/// | V | `V` `E` `r` |
/// | F | `F` |
/// | Q | `/` `Q` `?` `f` |
///
/// ```
/// use heart_darts::{database::Class, evaluate::ec57::class_of, wfdb::Code};
///
/// assert_eq!(class_of(Code::LBBB), Some(Class::N));
/// assert_eq!(class_of(Code::NESC), Some(Class::S), "a nodal escape beat");
/// assert_eq!(class_of(Code::FLWAV), None, "a flutter wave is no beat here");
/// ```
pub fn class_of(code: Code) -> Option<Class> {
    match code {
        Code::NORMAL | Code::LBBB | Code::RBBB | Code::BBB => Some(Class::N),
        Code::ABERR | Code::NPC | Code::APC | Code::SVPB | Code::NESC | Code::AESC | Code::SVESC => Some(Class::S),
        Code::PVC | Code::VESC | Code::RONT => Some(Class::V),
        Code::FUSION => Some(Class::F),
        Code::PACE | Code::UNKNOWN | Code::LEARN | Code::PFUS => Some(Class::Q),
        _ => None,
    }
}
