//! The year as a picture: a bar a quarter for each share.

use std::fmt::{Error, Write};

use crate::attackers::Attacked;
use crate::quarter::Quarter;

const BAR: f64 = 34.0;
const HIGH: f64 = 160.0;
const WIDE: f64 = 220.0;

/// One bar in each panel: its heading, its colour, and the share that it shows.
type Panel = (&'static str, &'static str, fn(&Quarter) -> f64);

pub(crate) fn draw(
    population: &str,
    quarters: &[Quarter],
    attacks: &[Attacked],
) -> Result<String, Error> {
    let panels: [Panel; 4] = [
        ("owners asked", "#2166ac", Quarter::asked_share),
        ("own outcomes", "#4d9221", Quarter::own_share),
        ("refused for good", "#b2182b", Quarter::refused_share),
        ("nobody asked", "#d6604d", Quarter::nobody_share),
    ];
    let width = WIDE * panels.len() as f64;
    let mut svg = String::new();
    writeln!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0} {:.0}" font-family="sans-serif" font-size="13" fill="#1f2933">
<rect width="100%" height="100%" fill="#f7f5f0"/>
<text x="16" y="24" font-size="16">A year of requests in a {population}, by quarter</text>"##,
        HIGH + 130.0 + 22.0 * attacks.len() as f64
    )?;
    for (place, (title, colour, share)) in panels.into_iter().enumerate() {
        let left = WIDE * place as f64 + 20.0;
        writeln!(svg, r#"<text x="{left:.0}" y="52">{title}</text>"#)?;
        for quarter in quarters {
            let x = left + (BAR + 8.0) * (quarter.number.saturating_sub(1)) as f64;
            let (share, middle) = (share(quarter), x + BAR / 2.0);
            let (high, foot) = (HIGH * share, HIGH + 76.0);
            writeln!(
                svg,
                r##"<rect x="{x:.1}" y="{:.1}" width="{BAR}" height="{high:.1}" fill="{colour}"/>
<text x="{middle:.1}" y="{:.1}" text-anchor="middle" font-size="11">{:.0} %</text>
<text x="{middle:.1}" y="{:.1}" text-anchor="middle" fill="#52606d">{}</text>"##,
                foot - high,
                foot - high - 4.0,
                100.0 * share,
                foot + 16.0,
                quarter.number
            )?;
        }
    }
    let top = HIGH + 120.0;
    writeln!(svg, r#"<text x="20" y="{top:.0}">claims of attackers that are right</text>"#)?;
    for (place, attack) in attacks.iter().enumerate() {
        let (y, share) = (top + 22.0 * (place as f64 + 1.0), attack.right_share());
        writeln!(
            svg,
            r##"<text x="20" y="{y:.0}" font-size="12">{}</text>
<rect x="220" y="{:.0}" width="{:.1}" height="13" fill="#762a83"/>
<text x="{:.1}" y="{y:.0}" font-size="11">{:.0} %</text>"##,
            attack.name,
            y - 11.0,
            400.0 * share + 1.0,
            400.0 * share + 228.0,
            100.0 * share
        )?;
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}
