//! The town as a picture: cameras that are asked, others in the area, and cameras outside it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Result, Write};

use canvass::h3o::{CellIndex, LatLng};
use canvass::{CameraId, Funnel, Layout, Route};

use crate::town::{self, House, SIZE, Spot, Town};

const SCALE: f64 = 0.56;
const MARGIN: f64 = 24.0;
const TOP: f64 = 104.0;
const LEGEND: f64 = 132.0;

const STYLE: &str = "
  text { font-family: Inter, 'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif; fill: #1f2933 }
  .title { font-size: 30px; font-weight: 700 }
  .sub { font-size: 17px; fill: #52606d }
  .number { font-size: 26px; font-weight: 700 }
  .label { font-size: 16px; fill: #3e4c59 }
  .small { font-size: 12.5px; fill: #5b4b8a }
  .casing, .street, .river { fill: none; stroke-linecap: round; stroke-linejoin: round }
  .casing { stroke: #d9d3c6; stroke-width: 6.6 }
  .street { stroke: #fff; stroke-width: 5 }
  .river { stroke: #abd0e6; stroke-width: 42 }
  .park { fill: #cfe5bf; stroke: #b9d6a6; stroke-width: 1.5 }
  .house { fill: #e2dace; stroke: #cfc5b4; stroke-width: .5 }
  .tile { fill: none; stroke: #7c5cbf; stroke-width: 1.8; stroke-dasharray: 9 6; opacity: .75 }
  .area { fill: #3b73d6; fill-opacity: .12; stroke: #1d4488; stroke-width: 3; stroke-linejoin: round }
  .vertex { fill: #fff; stroke: #1d4488; stroke-width: 2.4 }
  .outside { fill: #97a0a8 }
  .denied { fill: #fff; stroke: #d9480f; stroke-width: 2 }
  .asked { fill: #087f5b; stroke: #fff; stroke-width: .9 }
";

/// Draws the town and a route in it as SVG.
pub(crate) fn draw(
    town: &Town,
    route: &Route,
    funnel: &Funnel,
) -> std::result::Result<String, std::fmt::Error> {
    let (width, height) = (SIZE.0 * SCALE + 2.0 * MARGIN, SIZE.1 * SCALE + TOP + LEGEND);
    let mut svg = String::new();
    write!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0} {height:.0}" width="{width:.0}" height="{height:.0}">
<title>Who is asked, and who never was</title>
<style>{STYLE}</style>
<rect width="100%" height="100%" fill="#fff"/>
"##
    )?;
    header(&mut svg, route)?;
    let (w, h) = (SIZE.0 * SCALE, SIZE.1 * SCALE);
    write!(
        svg,
        r##"<clipPath id="map"><rect width="{w:.0}" height="{h:.0}" rx="8"/></clipPath>
<g transform="translate({MARGIN} {TOP})"><g clip-path="url(#map)">
<rect width="{w:.0}" height="{h:.0}" fill="#f5f1e8"/>
"##
    )?;
    land(&mut svg, town)?;
    tiles(&mut svg)?;
    request(&mut svg, route)?;
    cameras(&mut svg, town, route)?;
    tile_names(&mut svg)?;
    scale_bar(&mut svg)?;
    writeln!(
        svg,
        r##"</g><rect width="{w:.0}" height="{h:.0}" rx="8" fill="none" stroke="#cbd2d9" stroke-width="1.5"/></g>"##
    )?;
    legend(&mut svg, town, funnel, height - LEGEND)?;
    svg.push_str("</svg>\n");
    Ok(svg)
}

fn header(svg: &mut String, route: &Route) -> Result {
    let request = route.authorized().request();
    let minute = "%-d %B %Y, %H:%M";
    let (start, end) = (request.window.start().strftime(minute), request.window.end());
    writeln!(
        svg,
        r#"<text x="{MARGIN}" y="50" class="title">Who is asked, and who never was</text>
<text x="{MARGIN}" y="80" class="sub">Case {}: {}, {start} to {} UTC, {:.2} km² of the town of Ashford</text>"#,
        request.case_reference,
        request.incident,
        end.strftime("%H:%M"),
        request.area.size_m2() / 1e6,
    )
}

fn land(svg: &mut String, town: &Town) -> Result {
    let park = (0_u32..90).map(|step| {
        let angle = f64::from(step).to_radians() * 4.0;
        let (sin, cos) = angle.sin_cos();
        Spot {
            x: town::PARK.x + town::park(angle) * cos,
            y: town::PARK.y + town::park(angle) * sin,
        }
    });
    path(svg, "park", &line(park, End::Closed)?)?;
    let river = (0_u32..80).map(|step| {
        let y = f64::from(step) * 20.0 - 60.0;
        Spot { x: town::river(y).0, y }
    });
    path(svg, "river", &line(river, End::Open)?)?;
    let mut streets = String::new();
    for street in &town.streets {
        streets.push_str(&line(street.iter().copied(), End::Open)?);
    }
    path(svg, "casing", &streets)?;
    path(svg, "street", &streets)?;
    let mut houses = String::new();
    for house in &town.houses {
        houses.push_str(&line(corners(house), End::Closed)?);
    }
    path(svg, "house", &houses)
}

/// The corners of a house, which stands along its street.
fn corners(house: &House) -> impl Iterator<Item = Spot> {
    let (sin, cos) = house.direction.sin_cos();
    [(-4.6, -3.6), (4.6, -3.6), (4.6, 3.6), (-4.6, 3.6)].into_iter().map(move |(along, across)| {
        let (x, y) = (along * cos - across * sin, along * sin + across * cos);
        Spot { x: house.spot.x + x, y: house.spot.y + y }
    })
}

/// The H3 cells that the town lies in, each with the places where the map's edge runs through it.
fn tiles_on_rim() -> BTreeMap<CellIndex, Vec<Spot>> {
    let mut rim: BTreeMap<CellIndex, Vec<Spot>> = BTreeMap::new();
    let places = (1_u32..40).map(|i| SIZE.0 * f64::from(i) / 40.0);
    for spot in places.flat_map(|x| [Spot { x, y: 30.0 }, Spot { x, y: SIZE.1 - 38.0 }]) {
        if let Some(cell) = cell(spot) {
            rim.entry(cell).or_default().push(spot);
        }
    }
    rim
}

fn tiles(svg: &mut String) -> Result {
    for cell in tiles_on_rim().keys() {
        let boundary = cell.boundary();
        let ring = boundary.iter().map(|at| Spot::from_degrees(at.lng(), at.lat()));
        path(svg, "tile", &line(ring, End::Closed)?)?;
    }
    Ok(())
}

fn tile_names(svg: &mut String) -> Result {
    for (cell, spots) in tiles_on_rim() {
        if let Some(&spot) = spots.get(spots.len() / 2) {
            let (x, y) = pixels(spot);
            writeln!(
                svg,
                r##"<rect x="{:.0}" y="{:.0}" width="168" height="22" rx="4" fill="#fff" fill-opacity=".88"/>
<text x="{x:.0}" y="{y:.0}" class="small" text-anchor="middle">H3 tile {cell}</text>"##,
                x - 84.0,
                y - 15.5,
            )?;
        }
    }
    Ok(())
}

fn cell(spot: Spot) -> Option<CellIndex> {
    let position = spot.position().ok()?;
    Some(LatLng::new(position.lat(), position.lon()).ok()?.to_cell(Layout::default().tile()))
}

fn request(svg: &mut String, route: &Route) -> Result {
    let drawn = route.authorized().request().area.to_multi_polygon();
    for polygon in &drawn {
        let ring = || polygon.exterior().coords().map(|at| Spot::from_degrees(at.x, at.y));
        path(svg, "area", &line(ring(), End::Closed)?)?;
        for vertex in ring().skip(1) {
            circle(svg, "vertex", vertex, 5.0)?;
        }
    }
    Ok(())
}

fn cameras(svg: &mut String, town: &Town, route: &Route) -> Result {
    let asked: BTreeSet<CameraId> = route.cameras().iter().copied().collect();
    let area = &route.authorized().request().area;
    let (mut outside, mut denied, mut on_route) = (Vec::new(), Vec::new(), Vec::new());
    for camera in &town.cameras {
        let at = Spot::from_degrees(camera.position.lon(), camera.position.lat());
        if asked.contains(&camera.id) {
            on_route.push(at);
        } else if area.covers(camera.position) {
            denied.push(at);
        } else {
            outside.push(at);
        }
    }
    // Drawn with the smallest class on top.
    for (class, radius, spots) in
        [("outside", 2.1, outside), ("denied", 3.2, denied), ("asked", 4.5, on_route)]
    {
        writeln!(svg, r#"<g class="{class}">"#)?;
        for spot in spots {
            let (x, y) = pixels(spot);
            writeln!(svg, r#"<circle cx="{x:.1}" cy="{y:.1}" r="{radius}"/>"#)?;
        }
        svg.push_str("</g>\n");
    }
    Ok(())
}

fn scale_bar(svg: &mut String) -> Result {
    let (x, y) = pixels(Spot { x: SIZE.0 - 240.0, y: 34.0 });
    let length = 200.0 * SCALE;
    writeln!(
        svg,
        r##"<rect x="{:.0}" y="{:.0}" width="{:.0}" height="30" rx="5" fill="#fff" fill-opacity=".85"/>
<path d="M{x:.0} {:.0}v6h{length:.0}v-6" fill="none" stroke="#3e4c59" stroke-width="1.6"/>
<text x="{:.0}" y="{y:.0}" font-size="12.5" text-anchor="middle">200 m</text>"##,
        x - 8.0,
        y - 14.0,
        length + 16.0,
        y + 4.0,
        x + length / 2.0,
    )
}

fn legend(svg: &mut String, town: &Town, funnel: &Funnel, top: f64) -> Result {
    let outside = town.cameras.len() - funnel.in_area();
    let columns = [
        (
            "asked",
            9.0,
            funnel.asked(),
            "asked: in the area, with footage,",
            "and the owner agreed to this",
        ),
        (
            "denied",
            8.0,
            funnel.in_area() - funnel.asked(),
            "in the area and never asked:",
            "no consent to it, or no footage",
        ),
        ("outside", 7.0, outside, "outside: never a candidate,", "whatever the owner said"),
    ];
    let width = (SIZE.0 * SCALE) / 3.0;
    let mut x = MARGIN + 14.0;
    for (class, radius, number, first, second) in columns {
        let (middle, text, y) = (top + 42.0, x + 24.0, top + 51.0);
        writeln!(
            svg,
            r#"<circle class="{class}" cx="{x:.0}" cy="{middle:.0}" r="{radius}"/>
<text x="{text:.0}" y="{y:.0}" class="number">{number} cameras</text>
<text x="{text:.0}" y="{:.0}" class="label">{first}</text>
<text x="{text:.0}" y="{:.0}" class="label">{second}</text>"#,
            y + 26.0,
            y + 47.0,
        )?;
        x += width;
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    Closed,
}

fn line(
    spots: impl Iterator<Item = Spot>,
    end: End,
) -> std::result::Result<String, std::fmt::Error> {
    let mut line = String::new();
    for (i, spot) in spots.enumerate() {
        let (x, y) = pixels(spot);
        write!(line, "{}{x:.1} {y:.1}", if i == 0 { 'M' } else { 'L' })?;
    }
    if end == End::Closed {
        line.push('z');
    }
    Ok(line)
}

fn path(svg: &mut String, class: &str, line: &str) -> Result {
    writeln!(svg, r#"<path class="{class}" d="{line}"/>"#)
}

fn circle(svg: &mut String, class: &str, spot: Spot, radius: f64) -> Result {
    let (x, y) = pixels(spot);
    writeln!(svg, r#"<circle class="{class}" cx="{x:.1}" cy="{y:.1}" r="{radius}"/>"#)
}

/// From metres, north up, to pixels of the map, south down.
fn pixels(spot: Spot) -> (f64, f64) {
    (spot.x * SCALE, (SIZE.1 - spot.y) * SCALE)
}
