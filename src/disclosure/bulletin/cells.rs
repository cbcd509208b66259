//! An area coarsened to H3 cells: the place that a bulletin shows.

use std::collections::BTreeSet;

use geo::{BoundingRect, Intersects, Translate};
use geo_types::{Coord, LineString, MultiPolygon, Polygon, Rect};
use h3o::{CellIndex, LatLng, Resolution};

use super::error::{BulletinReadError, CoverError};
use crate::disclosure::digest::Encoder;
use crate::geometry::Area;

/// The coarsest and the finest resolution: cells of 253 and of 0.74 square kilometres.
const RESOLUTIONS: std::ops::RangeInclusive<Resolution> = Resolution::Five..=Resolution::Eight;
/// The most cells of a cover.
const CELLS: usize = 4_096;
/// Beyond this latitude no area is covered: see [`INFLATED`].
const LATITUDE: f64 = 85.0;
/// No cell that meets an area up to [`LATITUDE`] has its centre beyond this latitude: a cell of
/// resolution 5 reaches 0.2 degrees at most. So none has a pole inside.
const CENTRE_LATITUDE: f64 = 86.0;
/// Cells are compared with an area a hundredth larger than they are.
///
/// A cell's edges are geodesics, and a polygon of its vertices has straight edges in degrees. An
/// edge of 12 km at 85 degrees is 33 m from its chord, and the hundredth is 60 m and more there; an
/// edge half as long is off by a quarter. A shape that meets a cell therefore meets its inflated
/// polygon.
const INFLATED: f64 = 1.01;

/// The cells of one resolution that an area meets, and perhaps some that it comes within a
/// hundredth of a cell of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cover {
    // INVARIANT: within RESOLUTIONS; between one and CELLS cells of that resolution, ascending, none
    // of them around a pole.
    resolution: Resolution,
    cells: Vec<CellIndex>,
}

impl Cover {
    /// The cover of an area. O(c v) for c cells and v vertices.
    pub(crate) fn new(area: &Area, resolution: Resolution) -> Result<Self, CoverError> {
        if !RESOLUTIONS.contains(&resolution) {
            return Err(CoverError::Resolution { resolution: resolution.into() });
        }
        let (_, south, _, north) = area.bounds();
        if let Some(&degrees) = [south, north].iter().find(|degrees| degrees.abs() > LATITUDE) {
            return Err(CoverError::Latitude { degrees, allowed: LATITUDE });
        }
        let mut kept = BTreeSet::new();
        for part in &area.to_multi_polygon().0 {
            keep(part, resolution, &mut kept)?;
        }
        Ok(Self { resolution, cells: kept.into_iter().collect() })
    }

    /// A cover as it is written, validated.
    pub(crate) fn read(resolution: u8, cells: &[String]) -> Result<Self, BulletinReadError> {
        let resolution = Resolution::try_from(resolution)
            .ok()
            .filter(|resolution| RESOLUTIONS.contains(resolution))
            .ok_or(BulletinReadError::Resolution { resolution })?;
        if !(1..=CELLS).contains(&cells.len()) {
            return Err(BulletinReadError::CellCount { cells: cells.len() });
        }
        let cell = |text: &String| {
            text.parse()
                .ok()
                .filter(|cell: &CellIndex| {
                    // Only as it is written here: otherwise one record could have many texts.
                    cell.resolution() == resolution
                        && cell.to_string() == *text
                        && LatLng::from(*cell).lat().abs() <= CENTRE_LATITUDE
                })
                .ok_or_else(|| BulletinReadError::Cell { cell: text.chars().take(80).collect() })
        };
        let cells: Vec<CellIndex> = cells.iter().map(cell).collect::<Result<_, _>>()?;
        if cells.is_sorted_by(|one, next| one < next) {
            Ok(Self { resolution, cells })
        } else {
            Err(BulletinReadError::CellOrder)
        }
    }

    pub(crate) fn resolution(&self) -> Resolution {
        self.resolution
    }

    /// The cells' numbers in H3's own writing, ascending.
    pub(crate) fn names(&self) -> impl ExactSizeIterator<Item = String> + '_ {
        self.cells.iter().map(CellIndex::to_string)
    }

    /// The cells with their polygons, which are split at the antimeridian.
    pub(crate) fn polygons(&self) -> impl ExactSizeIterator<Item = (String, Option<Area>)> + '_ {
        // A cell that is not around a pole is a valid area, so there is always one.
        let area = |cell| Area::new(&MultiPolygon(vec![polygon(cell, 1.0)])).ok();
        self.cells.iter().map(move |&cell| (cell.to_string(), area(cell)))
    }

    pub(crate) fn encode(&self, encoder: Encoder) -> Encoder {
        encoder
            .byte(self.resolution.into())
            .each(self.cells.iter(), |encoder, &cell| encoder.number(cell.into()))
    }
}

/// Adds the cells that a part meets, from one to the next: a part is connected, and where three
/// cells meet each two of them are neighbours, so there is always a next one.
fn keep(
    part: &Polygon<f64>,
    resolution: Resolution,
    kept: &mut BTreeSet<CellIndex>,
) -> Result<(), CoverError> {
    let (Some(first), Some(bounds)) = (part.exterior().0.first(), part.bounding_rect()) else {
        return Ok(());
    };
    let start = LatLng::new(first.y, first.x).unwrap_or_default().to_cell(resolution);
    let mut seen = BTreeSet::from([start]);
    let mut open = vec![start];
    while let Some(cell) = open.pop() {
        kept.insert(cell);
        if kept.len() > CELLS {
            return Err(CoverError::TooManyCells { allowed: CELLS });
        }
        for next in cell.grid_disk::<Vec<_>>(1) {
            if seen.insert(next) && meets(next, part, &bounds) {
                open.push(next);
            }
        }
    }
    Ok(())
}

fn meets(cell: CellIndex, part: &Polygon<f64>, bounds: &Rect<f64>) -> bool {
    let inflated = polygon(cell, INFLATED);
    // A cell at the antimeridian is on both sides of the map.
    [0.0, -360.0, 360.0].into_iter().any(|turn| {
        let moved = inflated.translate(turn, 0.0);
        moved.bounding_rect().is_some_and(|cell| cell.intersects(bounds)) && moved.intersects(part)
    })
}

/// A cell's vertices in degrees, so many times as far from its centre as they are. It may reach
/// beyond 180 degrees.
fn polygon(cell: CellIndex, times: f64) -> Polygon<f64> {
    let centre = LatLng::from(cell);
    let vertex = |vertex: &LatLng| {
        let east = (vertex.lng() - centre.lng() + 540.0).rem_euclid(360.0) - 180.0;
        let north = vertex.lat() - centre.lat();
        Coord { x: centre.lng() + east * times, y: centre.lat() + north * times }
    };
    Polygon::new(LineString(cell.boundary().iter().map(vertex).collect()), Vec::new())
}
