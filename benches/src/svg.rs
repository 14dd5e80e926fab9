//! Reports as pictures: bars, drawn by hand, readable without a script.

use std::fmt::Write as _;

const WIDTH: f64 = 720.0;
const LABEL: f64 = 250.0;
const ROW: f64 = 26.0;

/// One bar: what it is, its length and what is written behind it.
pub struct Bar {
    label: String,
    value: f64,
    text: String,
}

/// Bars to be compared, under a title.
pub type Group = (String, Vec<Bar>);

pub fn bar(label: &str, value: f64, text: String) -> Bar {
    Bar { label: label.to_owned(), value, text }
}

pub fn draw(groups: &[Group]) -> String {
    let mut body = String::new();
    let mut y = 10.0;
    for (title, bars) in groups {
        y += ROW;
        let _ = writeln!(body, r#"<text x="10" y="{y}" class="t">{title}</text>"#);
        let longest = bars.iter().map(|bar| bar.value).fold(f64::MIN_POSITIVE, f64::max);
        for bar in bars {
            y += ROW;
            let width = (WIDTH - LABEL - 110.0) * bar.value / longest;
            let (top, after) = (y - 14.0, LABEL + width + 8.0);
            let Bar { label, text, .. } = bar;
            let _ = writeln!(
                body,
                r#"<text x="20" y="{y}">{label}</text><rect x="{LABEL}" y="{top:.0}" width="{width:.1}" height="18"/><text x="{after:.1}" y="{y}">{text}</text>"#
            );
        }
        y += ROW / 2.0;
    }
    let height = y + 10.0;
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="Ballast bench">
<style>text{{font:14px sans-serif}}.t{{font-weight:bold}}rect{{fill:#2f6f9f}}</style>
<rect width="{WIDTH}" height="{height}" style="fill:#fff"/>
{body}</svg>
"#
    )
}
