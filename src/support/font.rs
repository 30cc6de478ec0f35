//! The font of the pictures, inside the program: a machine that trains has often no fonts, and a picture should look the
//! same everywhere. DejaVu Sans; what it covers and its licence are in `assets/fonts/`.

use std::sync::Once;

use plotters::style::{FontStyle, register_font};

/// The name to give plotters for the embedded font, regular and bold. In SVG it stands for the reader's own sans serif.
pub const SANS: &str = "sans-serif";

static REGULAR: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/fonts/DejaVuSans.ttf"));
static BOLD: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/fonts/DejaVuSans-Bold.ttf"));

/// Makes [`SANS`] known to plotters. To be called before anything is drawn; calling it again does nothing.
pub fn register() {
    static DONE: Once = Once::new();
    DONE.call_once(|| {
        for (style, bytes) in [(FontStyle::Normal, REGULAR), (FontStyle::Bold, BOLD)] {
            let registered = register_font(SANS, style, bytes);
            debug_assert!(registered.is_ok(), "the embedded font is a font");
        }
    });
}

#[cfg(test)]
mod tests {
    use plotters::style::{FontDesc, FontFamily};

    use super::*;

    #[test]
    fn text_has_a_width_and_bold_is_wider() {
        register();
        let width = |style| FontDesc::new(FontFamily::Name(SANS), 100.0, style).box_size("conv13 α ± µV").unwrap().0;
        assert!(width(FontStyle::Normal) > 300);
        assert!(width(FontStyle::Bold) > width(FontStyle::Normal));
    }
}
