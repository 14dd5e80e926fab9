//! Reports as pictures: bars, and lines over time, drawn by hand, readable without a script.

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
    frame(y + 10.0, &body)
}

fn frame(height: f64, body: &str) -> String {
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="Ballast bench">
<style>text{{font:14px sans-serif}}.t{{font-weight:bold}}.s{{font-size:11px}}rect{{fill:#2f6f9f}}polyline{{fill:none;stroke-width:1.5}}</style>
<rect width="{WIDTH}" height="{height}" style="fill:#fff"/>
{body}</svg>
"#
    )
}

/// Values of each second, on a logarithmic scale from 10 to 100,000.
pub struct Line {
    pub name: String,
    pub points: Vec<f64>,
}

/// Lines over the same seconds, of which some are shaded.
pub struct Chart {
    pub title: String,
    pub lines: Vec<Line>,
    pub shaded: (f64, f64),
}

const CHART: f64 = 150.0;
const LEFT: f64 = 60.0;
const COLOURS: [&str; 3] = ["#2f6f9f", "#c0552d", "#666"];

pub fn plot(charts: &[Chart]) -> String {
    let mut body = String::new();
    let mut y = 10.0;
    for chart in charts {
        let title = &chart.title;
        let _ = writeln!(body, r#"<text x="10" y="{}" class="t">{title}</text>"#, y + ROW);
        y += ROW * 1.5;
        chart.draw(&mut body, y);
        y += CHART + ROW;
    }
    frame(y + 10.0, &body)
}

impl Chart {
    fn draw(&self, body: &mut String, top: f64) {
        let seconds = self.lines.iter().map(|line| line.points.len()).max().unwrap_or(0);
        let wide = (WIDTH - LEFT - 20.0) / seconds.max(1) as f64;
        let (from, to) = (LEFT + self.shaded.0 * wide, LEFT + self.shaded.1 * wide);
        let _ = writeln!(
            body,
            r##"<rect x="{from:.1}" y="{top}" width="{:.1}" height="{CHART}" style="fill:#eee"/>"##,
            to - from
        );
        for value in [10.0, 100.0, 1_000.0, 10_000.0, 100_000.0] {
            let y = height_of(value, top);
            let _ = writeln!(
                body,
                r##"<text x="10" y="{y:.1}" class="s">{value}</text><line x1="{LEFT}" x2="{}" y1="{y:.1}" y2="{y:.1}" stroke="#ccc"/>"##,
                WIDTH - 20.0
            );
        }
        for (n, (line, colour)) in self.lines.iter().zip(COLOURS).enumerate() {
            let point = |(n, value): (usize, &f64)| {
                format!("{:.1},{:.1}", LEFT + (n as f64 + 0.5) * wide, height_of(*value, top))
            };
            let points: Vec<_> = line.points.iter().enumerate().map(point).collect();
            let (name, points) = (&line.name, points.join(" "));
            let (x, y) = (LEFT + 60.0 * n as f64, top + 12.0);
            let _ = writeln!(
                body,
                r#"<polyline points="{points}" stroke="{colour}"/><text x="{x}" y="{y}" class="s" fill="{colour}">{name}</text>"#
            );
        }
    }
}

fn height_of(value: f64, top: f64) -> f64 {
    let decades = value.clamp(10.0, 100_000.0).log10() - 1.0;
    top + CHART - CHART * decades / 4.0
}
