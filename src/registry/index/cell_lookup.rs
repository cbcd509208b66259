//! Which H3 cell a position belongs to.

use std::collections::HashMap;

use foldhash::quality::RandomState;
use h3o::{CellIndex, LatLng, Resolution};
use smallvec::SmallVec;

use super::layout::Layout;
use crate::geometry::Position;
use crate::model::Camera;
use crate::util::parallel;

/// The cells of many positions: what is well inside of a cell that was met before is not looked up.
pub(crate) struct CellLookup {
    layout: Layout,
    /// The cells that were met, and the places of those among them.
    met: Vec<CellShape>,
    places: HashMap<CellIndex, u32, RandomState>,
    /// The places of those that were met in a square.
    near: HashMap<(i32, i32), SmallVec<[u32; 4]>, RandomState>,
    /// The place of the last one.
    last: u32,
}

impl CellLookup {
    pub(crate) fn new(layout: Layout) -> Self {
        let (places, near) = (HashMap::default(), HashMap::default());
        Self { layout, met: Vec::new(), places, near, last: 0 }
    }

    /// The cell of a position.
    pub(crate) fn cell(&mut self, position: Position) -> CellIndex {
        let place = self.place(position);
        self.met.get(place as usize).map_or_else(|| self.layout.cell(position), |met| met.cell)
    }

    /// The place of a position's cell among those that were [met](Self::into_cells).
    pub(crate) fn place(&mut self, position: Position) -> u32 {
        // Neighbours come one after the other, mostly.
        if !self.is_well_in(self.last, position) {
            self.last = self.near(position).unwrap_or_else(|| self.look_up(position));
        }
        self.last
    }

    /// The cells that were met, in the order in which they were.
    pub(crate) fn into_cells(self) -> Vec<CellIndex> {
        self.met.into_iter().map(|met| met.cell).collect()
    }

    fn is_well_in(&self, place: u32, position: Position) -> bool {
        self.met.get(place as usize).is_some_and(|met| met.is_well_around(position))
    }

    fn near(&self, position: Position) -> Option<u32> {
        let near = self.near.get(&self.square(position))?;
        near.iter().copied().find(|&place| self.is_well_in(place, position))
    }

    fn look_up(&mut self, position: Position) -> u32 {
        let cell = self.layout.cell(position);
        let place = *self.places.entry(cell).or_insert_with(|| {
            self.met.push(CellShape::of(cell));
            u32::try_from(self.met.len() - 1).unwrap_or(u32::MAX)
        });
        let near = self.near.entry(self.square(position)).or_default();
        if !near.contains(&place) {
            near.push(place);
        }
        place
    }

    /// A square that has positions of few cells: half as wide as a cell's side is long. Cells of the next
    /// resolution are smaller by 2^1.4.
    fn square(&self, position: Position) -> (i32, i32) {
        let side = 26 - 7 * u32::from(u8::from(self.layout.tile())) / 5;
        (position.lon_e7() >> side, position.lat_e7() >> side)
    }
}

/// Cameras whose cells are found together: so many that few cells are looked up for several of them.
const TILED: usize = 1 << 17;

/// The cells that have cameras, ascending, and the place among them of each camera's.
pub(crate) fn cells(cameras: &[Camera], layout: Layout) -> (Vec<CellIndex>, Vec<u32>) {
    let mut tile_of = vec![0; cameras.len()];
    let mut runs: Vec<_> = cameras.chunks(TILED).zip(tile_of.chunks_mut(TILED)).collect();
    let met = parallel::map_mut(&mut runs, |_, (cameras, tile_of)| {
        let mut tiling = CellLookup::new(layout);
        for (tile, camera) in tile_of.iter_mut().zip(*cameras) {
            *tile = tiling.place(camera.position);
        }
        tiling.into_cells()
    });
    let mut cells: Vec<CellIndex> = met.iter().flatten().copied().collect();
    cells.sort_unstable();
    cells.dedup();
    // From the places among a run's cells to those among all.
    parallel::map_mut(&mut runs, |run, (_, tile_of)| {
        let met = met.get(run).into_iter().flatten();
        let places: Vec<usize> =
            met.map(|cell| cells.binary_search(cell).unwrap_or_default()).collect();
        for tile in tile_of.iter_mut() {
            *tile = places.get(*tile as usize).map_or(0, |&place| number(place));
        }
    });
    (cells, tile_of)
}

/// A cell, and what is surely in it.
#[derive(Debug)]
pub(crate) struct CellShape {
    cell: CellIndex,
    /// None where they are not known.
    sides: SmallVec<[Side; 6]>,
}

/// Finer cells have too few cameras for their sides to pay.
const FINEST: Resolution = Resolution::Eight;

impl CellShape {
    pub(crate) fn of(cell: CellIndex) -> Self {
        let sides = if cell.resolution() <= FINEST { sides(cell) } else { None };
        Self { cell, sides: sides.unwrap_or_default() }
    }

    /// Whether a position is in the cell, and not so near to a side that it has to be looked up.
    pub(crate) fn is_well_around(&self, position: Position) -> bool {
        !self.sides.is_empty() && self.sides.iter().all(|side| side.is_well_left(position))
    }
}

/// The sides of a cell, unless it has one that is no [`Side`].
fn sides(cell: CellIndex) -> Option<SmallVec<[Side; 6]>> {
    let vertices = cell.boundary();
    let corner = |vertex: &LatLng| Position::new(vertex.lng(), vertex.lat()).ok();
    let nexts = vertices.iter().cycle().skip(1);
    let sides = vertices.iter().zip(nexts).map(|(from, to)| Side::of(corner(from)?, corner(to)?));
    sides.collect()
}

/// A side of a cell, seen counter-clockwise: `lon * x + lat * y >= least` are the positions well left of
/// it. All that are left of each side are in the cell, whatever its shape.
#[derive(Debug)]
struct Side {
    x: i64,
    y: i64,
    least: i64,
}

/// Nearer to a pole degrees of longitude are too short.
const POLAR: i32 = 800_000_000;
/// Sides that are longer, in units of 1e-7 degree, go across the antimeridian or are not worth it.
const LONGEST: i64 = 1 << 27;
/// What corners lose by rounding, and more.
const ROUNDED: i64 = 16;

impl Side {
    fn of(from: Position, to: Position) -> Option<Self> {
        let [[lon, lat], [lon_to, lat_to]] =
            [from, to].map(|end| [end.lon_e7(), end.lat_e7()].map(i64::from));
        let (x, y) = (lat - lat_to, lon_to - lon);
        let long = x.abs().max(y.abs());
        if long > LONGEST || from.lat_e7().abs() > POLAR {
            return None;
        }
        // A side is a geodesic, which is no straight line in degrees. Up to the latitude of 80 degrees it
        // is off by at most 1.5 times the square of its length, in radians: that is 2.5e-9 in these units,
        // and 2^-28 is 3.7e-9.
        let margin = ((long * long) >> 28) + ROUNDED;
        Some(Self { x, y, least: x * lon + y * lat + margin * (x.abs() + y.abs()) })
    }

    fn is_well_left(&self, position: Position) -> bool {
        let (lon, lat) = (i64::from(position.lon_e7()), i64::from(position.lat_e7()));
        lon * self.x + lat * self.y >= self.least
    }
}

/// The number of a camera, a consent or a cell. There are less than 2^32, or loading is refused.
pub(crate) fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
