//! Reports as pictures: bars, drawn by hand, readable without a script.

use std::fmt::Write as _;

use crate::report::Report;

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

/// The groups of a standard run.
pub fn standard(report: &Report) -> Vec<Group> {
    let ms = |name: &str, value: f64| bar(name, value, format!("{value:.0} ms"));
    let per_s = |name: &str, value: f64| bar(name, value, format!("{value:.0} /s"));
    let us = |name: &str, value: f64| bar(name, value, format!("{value:.1} µs"));
    vec![
        (
            "Committed transfers a second".to_owned(),
            vec![
                per_s("verification ceiling", report.verification_ceiling_per_s),
                per_s("committed, maximum", report.maximum.committed_per_s),
                per_s("committed, half", report.half.committed_per_s),
            ],
        ),
        (
            "Latency from intended time to receipt".to_owned(),
            vec![
                ms("quiet chain, p50", report.idle_p50_ms),
                ms("half, p50", report.half.p50_ms),
                ms("half, p99", report.half.p99_ms),
                ms("maximum, p50", report.maximum.p50_ms),
                ms("maximum, p99", report.maximum.p99_ms),
            ],
        ),
        (
            "CPU for each transfer and validator".to_owned(),
            vec![
                us("batch verification alone", report.batch_verify_us_per_sig),
                us("maximum", report.maximum.cpu_us_per_tx_per_validator),
                us("half", report.half.cpu_us_per_tx_per_validator),
            ],
        ),
    ]
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
