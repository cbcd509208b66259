//! An attack as a picture: homes, the areas that were asked about, and the homes that were isolated.

use std::fmt::{Error, Write};

use super::attacker::{Strip, Tally};
use super::town::{SIZE, Spot, Town};

/// The part of the fields that is drawn, in metres.
const FIELDS: f64 = 120.0;
/// Pixels in a metre.
const SCALE: f64 = 0.6;

/// Draws an attack; `which` names it in the line below.
pub(crate) fn draw(town: &Town, which: &str, tally: &Tally) -> Result<String, Error> {
    let mut svg = String::new();
    let (width, height) = ((SIZE.0 + 2.0 * FIELDS) * SCALE, (SIZE.1 + 2.0 * FIELDS) * SCALE);
    writeln!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0} {:.0}" font-family="sans-serif" font-size="16">
<rect width="100%" height="100%" fill="#f7f5f0"/>
<g fill="none" stroke="#2166ac" stroke-opacity=".35" stroke-width=".7">"##,
        height + 40.0,
    )?;
    for area in &tally.probed {
        let (x, y, wide, high) = rectangle(*area);
        writeln!(svg, r#"<rect x="{x:.1}" y="{y:.1}" width="{wide:.1}" height="{high:.1}"/>"#)?;
    }
    svg.push_str("</g>\n<g fill=\"#9aa5b1\">\n");
    for camera in &town.cameras {
        let at = Spot::from_degrees(camera.position.lon(), camera.position.lat());
        let (x, y) = pixels(at);
        writeln!(svg, r#"<circle cx="{x:.1}" cy="{y:.1}" r="2.2"/>"#)?;
        if tally.isolated.iter().any(|strip| strip.contains(at)) {
            writeln!(
                svg,
                r##"<circle cx="{x:.1}" cy="{y:.1}" r="6" fill="#d6604d" stroke="#fff"/>"##
            )?;
        }
    }
    writeln!(
        svg,
        r##"</g>
<text x="16" y="{:.0}" fill="#1f2933">With {which}, {} requests (blue) single out {} homes (red) in a town of {} cameras</text>
</svg>"##,
        height + 22.0,
        tally.sent,
        tally.isolated.len(),
        town.cameras.len(),
    )?;
    Ok(svg)
}

/// West, north, width and height in pixels, within the picture.
fn rectangle(area: Strip) -> (f64, f64, f64, f64) {
    let inside = |x: f64| x.clamp(-FIELDS, SIZE.0 + FIELDS);
    let (x, y) = pixels(Spot { x: inside(area.low.x), y: area.high.y });
    let (east, south) = pixels(Spot { x: inside(area.high.x), y: area.low.y });
    (x, y, east - x, south - y)
}

/// From metres, north up, to pixels, south down.
fn pixels(spot: Spot) -> (f64, f64) {
    ((spot.x + FIELDS) * SCALE, (SIZE.1 + FIELDS - spot.y) * SCALE)
}
