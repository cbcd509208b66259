//! The areas as a picture: the cameras that are asked, those in an area that are not, and the others.

use std::collections::BTreeSet;
use std::fmt::{Error, Write};

use canvass::geo_types::{LineString, MultiPolygon};
use canvass::{Area, Camera, CameraId, OwnerId, Position};

use super::arguments::Arguments;
use super::routing::Outcome;

/// The map's longer side in pixels.
const SIZE: f64 = 1000.0;
const MARGIN: f64 = 24.0;
const TOP: f64 = 88.0;
const LEGEND: f64 = 84.0;

const STYLE: &str = "
  text { font-family: Inter, 'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif; fill: #1f2933 }
  .title { font-size: 26px; font-weight: 700 }
  .sub { font-size: 15px; fill: #52606d }
  .number { font-size: 20px; font-weight: 700 }
  .label { font-size: 14px; fill: #3e4c59 }
  .area { fill: #3b73d6; fill-opacity: .12; stroke: #1d4488; stroke-width: 1.6; stroke-linejoin: round }
  .refused { fill: none; stroke: #b42318; stroke-width: 1.6; stroke-dasharray: 7 5; stroke-linejoin: round }
  .outside { fill: #97a0a8 }
  .denied { fill: #fff; stroke: #d9480f; stroke-width: 1.3 }
  .asked { fill: #087f5b; stroke: #fff; stroke-width: .5 }
";

/// Collects outcomes until they are drawn.
pub(crate) struct Picture {
    cameras: Vec<Camera>,
    areas: Vec<(&'static str, Area)>,
    asked: BTreeSet<CameraId>,
    owners: BTreeSet<OwnerId>,
}

impl Picture {
    pub(crate) fn new(cameras: Vec<Camera>) -> Self {
        Self { cameras, areas: Vec::new(), asked: BTreeSet::new(), owners: BTreeSet::new() }
    }

    pub(crate) fn add(&mut self, outcome: &Outcome) {
        let class = if outcome.routed().is_some() { "area" } else { "refused" };
        self.areas.extend(outcome.area().map(|area| (class, area.clone())));
        if let Some(routed) = outcome.routed() {
            self.asked.extend(routed.route.cameras());
            self.owners.extend(routed.route.recipients().map(|recipient| recipient.owner));
        }
    }

    /// Draws all as SVG. Cameras are drawn within the areas' bounds and a little around them; of
    /// several that would cover one another one is drawn.
    pub(crate) fn draw(&self, arguments: &Arguments) -> Result<String, Error> {
        let drawn: Vec<_> = self.areas.iter().map(|(_, area)| area.to_multi_polygon()).collect();
        let map = Map::around(&drawn);
        let (width, height) = (map.width + 2.0 * MARGIN, map.height + TOP + LEGEND);
        let mut svg = String::new();
        let minute = "%-d %B %Y, %H:%M";
        writeln!(
            svg,
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0} {height:.0}" width="{width:.0}" height="{height:.0}">
<title>Who is asked, and who never was</title>
<style>{STYLE}</style>
<rect width="100%" height="100%" fill="#fff"/>
<text x="{MARGIN}" y="44" class="title">Who is asked, and who never was</text>
<text x="{MARGIN}" y="70" class="sub">{} areas, {} to {} UTC; {} households are asked</text>
<clipPath id="map"><rect width="{:.0}" height="{:.0}" rx="6"/></clipPath>
<g transform="translate({MARGIN} {TOP})"><g clip-path="url(#map)">
<rect width="100%" height="100%" fill="#f5f1e8"/>"##,
            self.areas.len(),
            arguments.window.start().strftime(minute),
            arguments.window.end().strftime(minute),
            self.owners.len(),
            map.width,
            map.height,
        )?;
        for ((class, _), drawn) in self.areas.iter().zip(&drawn) {
            let line = outline(&map, drawn)?;
            writeln!(svg, r#"<path class="{class}" fill-rule="evenodd" d="{line}"/>"#)?;
        }
        let counts = self.dots(&map, &mut svg)?;
        writeln!(
            svg,
            r##"</g><rect width="{:.0}" height="{:.0}" rx="6" fill="none" stroke="#cbd2d9"/></g>"##,
            map.width, map.height
        )?;
        legend(&mut svg, counts, map.width, height - LEGEND)?;
        svg.push_str("</svg>\n");
        Ok(svg)
    }

    /// Draws the cameras, the smallest class on top, and counts each class.
    fn dots(&self, map: &Map, svg: &mut String) -> Result<[usize; 3], Error> {
        let mut counts = [0; 3];
        let mut drawn = [const { BTreeSet::new() }; 3];
        for camera in &self.cameras {
            let (x, y) = map.pixels(camera.position.lon(), camera.position.lat());
            let shown = (0.0..map.width).contains(&x) && (0.0..map.height).contains(&y);
            let class = if self.asked.contains(&camera.id) {
                2
            } else {
                usize::from(shown && self.is_in_area(camera.position))
            };
            if let (true, Some(count), Some(drawn)) =
                (shown, counts.get_mut(class), drawn.get_mut(class))
            {
                *count += 1;
                drawn.insert((grid(x), grid(y)));
            }
        }
        for ((class, radius, _), dots) in CLASSES.into_iter().zip(drawn) {
            writeln!(svg, r#"<g class="{class}">"#)?;
            for (x, y) in dots {
                let (x, y) = (f64::from(x) * GRID, f64::from(y) * GRID);
                writeln!(svg, r#"<circle cx="{x:.1}" cy="{y:.1}" r="{radius}"/>"#)?;
            }
            svg.push_str("</g>\n");
        }
        Ok(counts)
    }

    fn is_in_area(&self, position: Position) -> bool {
        self.areas.iter().any(|(_, area)| area.covers(position))
    }
}

/// The classes in the order of drawing.
const CLASSES: [(&str, f64, &str); 3] = [
    ("outside", 1.4, "in no area: never a candidate"),
    ("denied", 2.4, "in an area and never asked"),
    ("asked", 3.0, "asked"),
];

/// The least distance between dots, in pixels.
const GRID: f64 = 1.5;

#[expect(clippy::cast_possible_truncation, reason = "a place within the map")]
fn grid(pixels: f64) -> i32 {
    (pixels / GRID).round() as i32
}

fn legend(svg: &mut String, counts: [usize; 3], width: f64, top: f64) -> Result<(), Error> {
    let mut x = MARGIN + 10.0;
    for ((class, _, label), count) in CLASSES.into_iter().zip(counts).rev() {
        writeln!(
            svg,
            r#"<circle class="{class}" cx="{x:.0}" cy="{:.0}" r="7"/>
<text x="{:.0}" y="{:.0}" class="number">{count}</text>
<text x="{:.0}" y="{:.0}" class="label">{label}</text>"#,
            top + 28.0,
            x + 18.0,
            top + 35.0,
            x + 18.0,
            top + 56.0,
        )?;
        x += width / 3.0;
    }
    Ok(())
}

/// From degrees to pixels, north up; one degree of longitude is as long as in the middle of the map.
struct Map {
    west: f64,
    north: f64,
    /// Whether longitudes go from 0 to 360, for areas around the antimeridian.
    eastward: bool,
    /// Pixels in a degree, east and north.
    scale: (f64, f64),
    width: f64,
    height: f64,
}

impl Map {
    /// The map of some areas with a margin of a twentieth.
    fn around(drawn: &[MultiPolygon<f64>]) -> Self {
        let corners = || drawn.iter().flatten().flat_map(|part| part.exterior().coords());
        let extent = |eastward| Extent::of(corners().map(|at| turned(at.x, eastward)));
        let (plain, turned) = (extent(false), extent(true));
        let eastward = turned.length() < plain.length();
        let lon = if eastward { turned } else { plain };
        let lat = Extent::of(corners().map(|at| at.y));
        let shrink = lat.middle().to_radians().cos().max(0.05);
        let (wide, high) = (lon.length() * shrink, lat.length());
        let margin = wide.max(high) / 20.0;
        let scale = SIZE / (wide.max(high) + 2.0 * margin);
        Self {
            west: lon.low - margin / shrink,
            north: lat.high + margin,
            eastward,
            scale: (scale * shrink, scale),
            width: ((wide + 2.0 * margin) * scale).max(500.0),
            height: ((high + 2.0 * margin) * scale).max(200.0),
        }
    }

    fn pixels(&self, lon: f64, lat: f64) -> (f64, f64) {
        let lon = turned(lon, self.eastward);
        ((lon - self.west) * self.scale.0, (self.north - lat) * self.scale.1)
    }
}

fn turned(lon: f64, eastward: bool) -> f64 {
    if eastward && lon < 0.0 { lon + 360.0 } else { lon }
}

/// The range from the lowest to the highest of some numbers.
struct Extent {
    low: f64,
    high: f64,
}

impl Extent {
    /// At least a metre long, and a degree around zero where there are no numbers.
    fn of(numbers: impl Iterator<Item = f64>) -> Self {
        let both = numbers.map(|number| (number, number));
        let (low, high) =
            both.reduce(|(low, high), (l, h)| (low.min(l), high.max(h))).unwrap_or((-0.5, 0.5));
        Self { low, high: high.max(low + 1e-5) }
    }

    fn length(&self) -> f64 {
        self.high - self.low
    }

    fn middle(&self) -> f64 {
        f64::midpoint(self.low, self.high)
    }
}

fn outline(map: &Map, drawn: &MultiPolygon<f64>) -> Result<String, Error> {
    let mut line = String::new();
    for polygon in drawn {
        ring(map, polygon.exterior(), &mut line)?;
        for hole in polygon.interiors() {
            ring(map, hole, &mut line)?;
        }
    }
    Ok(line)
}

fn ring(map: &Map, ring: &LineString<f64>, line: &mut String) -> Result<(), Error> {
    for (i, at) in ring.coords().enumerate() {
        let (x, y) = map.pixels(at.x, at.y);
        write!(line, "{}{x:.1} {y:.1}", if i == 0 { 'M' } else { 'L' })?;
    }
    line.push('z');
    Ok(())
}
