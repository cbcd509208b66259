//! Areas from texts and drawings, and the properties of every area.

use arbitrary::Unstructured;
use canvass::error::AreaError;
use canvass::{Area, Position};
use geo::{Intersects, MapCoords, MultiPolygon, Point};
use wkt::TryFromWkt;

use crate::Reached;
use crate::made;

/// The longest message that any input may cause: messages go to logs.
const MESSAGE: usize = 1_024;

/// Reads GeoJSON in any of its forms, as a text and inside a record, with one verdict.
pub fn area_from_geojson(bytes: &[u8]) -> Reached {
    let Some(text) = text(bytes) else { return Reached::Refused };
    let read = Area::from_geojson(text);
    // A byte order mark is allowed in a text, but not in a record.
    if !text.starts_with('\u{feff}') {
        let record = serde_json::from_str::<Area>(text);
        assert_eq!(record.ok().as_ref(), read.as_ref().ok(), "one reader");
    }
    if read.is_ok() {
        ends(text, Area::from_geojson);
    }
    reached(read)
}

/// Reads well-known text, and compares with the crate `wkt` if that reads the text as well.
pub fn area_from_wkt(bytes: &[u8]) -> Reached {
    let Some(text) = text(bytes) else { return Reached::Refused };
    let read = Area::from_wkt(text);
    if let Ok(area) = &read {
        ends(text, Area::from_wkt);
        let other = geo::Geometry::<f64>::try_from_wkt_str(text.trim());
        match other {
            Ok(geo::Geometry::Polygon(polygon)) => assert_eq!(&again(&polygon.into()), area),
            Ok(geo::Geometry::MultiPolygon(polygons)) => assert_eq!(&again(&polygons), area),
            // Altitudes without a `Z`, and blanks outside ASCII, are read by this library alone.
            _ => {}
        }
    }
    reached(read)
}

fn again(polygons: &MultiPolygon) -> Area {
    Area::new(polygons).expect("both readers accept the text")
}

/// Behind a valid text nothing may follow.
fn ends(text: &str, read: fn(&str) -> Result<Area, AreaError>) {
    for rubbish in [")", "]", "}", ",", "x", "0", "\0", " POLYGON EMPTY", "{}"] {
        let behind = format!("{text}{rubbish}");
        assert!(read(&behind).is_err(), "{behind:?} is read, though something follows");
    }
}

/// Reads each input as both texts of the Common Alerting Protocol.
pub fn area_from_cap(bytes: &[u8]) -> Reached {
    let Some(text) = text(bytes) else { return Reached::Refused };
    let (polygon, circle) =
        (reached(Area::from_cap_polygon(text)), reached(Area::from_cap_circle(text)));
    if polygon == Reached::Checked { polygon } else { circle }
}

/// Rings of a few close places, so that they touch and cross; also near the antimeridian.
pub fn area_from_drawing(bytes: &[u8]) -> Reached {
    let Ok(drawing) = made::drawing(&mut Unstructured::new(bytes)) else { return Reached::Refused };
    let read = Area::new(&drawing);
    match Area::repaired(&drawing) {
        Ok(repaired) => {
            holds(repaired.area());
            assert!(repaired.to_string().len() <= MESSAGE);
            if let Ok(area) = &read {
                assert!(!repaired.is_changed(), "a valid drawing is left as it is");
                assert_eq!(repaired.area(), area);
            }
        }
        // A valid drawing needs no repair.
        Err(error) => {
            assert!(read.is_err(), "{error}");
            told(&error);
        }
    }
    reached(read)
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn reached(read: Result<Area, AreaError>) -> Reached {
    match read {
        Ok(area) => {
            holds(&area);
            Reached::Checked
        }
        Err(error) => {
            told(&error);
            Reached::Refused
        }
    }
}

fn told(error: &AreaError) {
    let words = error.to_string();
    assert!(!words.is_empty() && words.len() <= MESSAGE, "{} bytes", words.len());
    assert!(!error.code().is_empty());
}

/// Asserts the properties of every area, however it was made.
pub(crate) fn holds(area: &Area) {
    let (west, south, east, north) = area.bounds();
    assert!(-180.0 <= west && west <= east && east <= 180.0, "{area:?}");
    assert!(-90.0 <= south && south <= north && north <= 90.0, "{area:?}");
    assert!(area.parts() >= 1 && area.vertices() >= 3 * area.parts(), "{area:?}");
    assert_eq!(area.part_sizes_m2().len(), area.parts());
    assert!(area.part_sizes_m2().all(|m2| m2 >= 0.0) && area.size_m2() < 5.2e14, "{area:?}");
    assert!(area.covers_area(area));

    let again = Area::from_geojson(&area.to_geojson()).expect("a written area can be read");
    assert_eq!(&again, area);
    assert_eq!(again.to_geojson(), area.to_geojson());

    let drawn = area.to_multi_polygon();
    let rings = drawn
        .iter()
        .flat_map(|polygon| std::iter::once(polygon.exterior()).chain(polygon.interiors()));
    let vertices: Vec<_> = rings.flat_map(|ring| &ring.0).collect();
    for vertex in vertices.iter().take(256) {
        let corner = Position::new(vertex.x, vertex.y).expect("a vertex is on the map");
        assert!(area.covers(corner), "{corner:?} is on the boundary");
    }
    // Rounding may have made rings cross; `geo`, which takes part for part, then gives another
    // answer.
    if area.vertices() <= 256 && Area::new(&drawn).is_ok() {
        let whole = drawn.map_coords(|c| geo::coord! { x: e7(c.x), y: e7(c.y) });
        for vertex in vertices.iter().take(32) {
            for (east, north) in [(0, 1), (1, 0), (-1, -1), (3, -2), (50_000, 20_001)] {
                agrees(
                    area,
                    &whole,
                    e7(vertex.x) + f64::from(east),
                    e7(vertex.y) + f64::from(north),
                );
            }
        }
        let middle = |a: f64, b: f64| f64::midpoint(e7(a), e7(b));
        agrees(area, &whole, middle(west, east), middle(south, north));
    }
}

/// In units of 1e-7 degree all coordinates are whole numbers, and `geo` is exact.
fn e7(degrees: f64) -> f64 {
    (degrees * 1e7).round()
}

fn agrees(area: &Area, whole: &MultiPolygon, lon: f64, lat: f64) {
    #[expect(clippy::cast_possible_truncation, reason = "saturates, and is then out of range")]
    let Ok(position) = Position::from_e7(lon as i32, lat as i32) else { return };
    // Longitude -180 is 180 as well.
    let lon = f64::from(position.lon_e7());
    let twin = if position.lon_e7() == -1_800_000_000 { -lon } else { lon };
    let expected = [lon, twin]
        .iter()
        .any(|&lon| whole.intersects(&Point::new(lon, f64::from(position.lat_e7()))));
    assert_eq!(area.covers(position), expected, "{position:?} in {}", area.to_geojson());
}
