//! The page around what it shows: head, style, foot.

use std::fmt::Write;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::super::style::{Colour, THEME};

const STYLE: &str = include_str!("style.css");

/// A whole page. Its policy forbids scripts and whatever would be loaded.
pub(super) fn document(title: &str, command: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · heart-darts" }
                style { (PreEscaped(theme())) (PreEscaped(STYLE)) }
            }
            body {
                main { (body) }
                footer {
                    p { "Made by heart-darts " (env!("CARGO_PKG_VERSION")) ", with" }
                    pre { code { (command) } }
                    p { "For research on recorded ECGs. Not a medical device." }
                }
            }
        }
    };
    page.into_string()
}

/// The colours of pictures as variables, light and dark, and what gives them to the shapes.
fn theme() -> String {
    let hex = |(r, g, b): Colour| format!("#{r:02X}{g:02X}{b:02X}");
    let (mut light, mut dark, mut shapes) = (String::new(), String::new(), String::new());
    for (name, on_light, on_dark) in THEME {
        let _ = write!(light, "--{name}:{};", hex(on_light));
        let _ = write!(dark, "--{name}:{};", hex(on_dark));
        for property in ["fill", "stroke"] {
            let _ = writeln!(shapes, "svg [{property}=\"{}\"]{{{property}:var(--{name})}}", hex(on_light));
        }
    }
    // Paper stays white, whatever the screen is like.
    format!(":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{shapes}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::style::{FOCUS, INK, css};

    #[test]
    fn every_colour_has_a_variable_of_its_own() {
        let mut colours: Vec<Colour> = THEME.iter().map(|(_, light, _)| *light).collect();
        colours.sort_unstable();
        colours.dedup();
        assert_eq!(colours.len(), THEME.len());
        assert!(colours.contains(&INK) && colours.contains(&FOCUS));
        assert_eq!([css(INK), css((1, 2, 255))], ["var(--ink)", "#0102FF"]);
        assert!(theme().contains("svg [fill=\"#222222\"]{fill:var(--ink)}"));
    }
}
