//! Finds the H3 cell of a position.

use std::collections::HashMap;

use foldhash::quality::RandomState;
use h3o::{CellIndex, LatLng, Resolution};
use smallvec::SmallVec;

use super::layout::Layout;
use crate::geometry::Position;
use crate::model::Camera;
use crate::util::parallel;

/// Finds the cells of many positions. A position well inside a cell that was found before needs no
/// look-up in H3.
pub(crate) struct CellLookup {
    layout: Layout,
    /// The cells found so far, and their indexes.
    found: Vec<CellShape>,
    places: HashMap<CellIndex, u32, RandomState>,
    /// The indexes of the cells found in a square.
    near: HashMap<(i32, i32), SmallVec<[u32; 4]>, RandomState>,
    /// The index of the last cell found.
    last: u32,
}

impl CellLookup {
    pub(crate) fn new(layout: Layout) -> Self {
        let (places, near) = (HashMap::default(), HashMap::default());
        Self { layout, found: Vec::new(), places, near, last: 0 }
    }

    /// The cell of a position.
    pub(crate) fn cell(&mut self, position: Position) -> CellIndex {
        let place = self.place(position);
        self.found
            .get(place as usize)
            .map_or_else(|| self.layout.cell(position), |found| found.cell)
    }

    /// The index of a position's cell among [`into_cells`](Self::into_cells).
    pub(crate) fn place(&mut self, position: Position) -> u32 {
        // Consecutive positions are mostly neighbours.
        if !self.is_well_in(self.last, position) {
            self.last = self.near(position).unwrap_or_else(|| self.look_up(position));
        }
        self.last
    }

    /// The cells, in the order in which they were found.
    pub(crate) fn into_cells(self) -> Vec<CellIndex> {
        self.found.into_iter().map(|found| found.cell).collect()
    }

    fn is_well_in(&self, place: u32, position: Position) -> bool {
        self.found.get(place as usize).is_some_and(|found| found.is_well_around(position))
    }

    fn near(&self, position: Position) -> Option<u32> {
        let near = self.near.get(&self.square(position))?;
        near.iter().copied().find(|&place| self.is_well_in(place, position))
    }

    fn look_up(&mut self, position: Position) -> u32 {
        let cell = self.layout.cell(position);
        let place = *self.places.entry(cell).or_insert_with(|| {
            self.found.push(CellShape::of(cell));
            u32::try_from(self.found.len() - 1).unwrap_or(u32::MAX)
        });
        let near = self.near.entry(self.square(position)).or_default();
        if !near.contains(&place) {
            near.push(place);
        }
        place
    }

    /// A square that meets few cells: half as wide as a cell's side. Cells of the next resolution are
    /// smaller by 2^1.4.
    fn square(&self, position: Position) -> (i32, i32) {
        let side = 26 - 7 * u32::from(u8::from(self.layout.tile())) / 5;
        (position.lon_e7() >> side, position.lat_e7() >> side)
    }
}

/// The number of cameras whose cells are found together: few cells are looked up in more than one run.
const TILED: usize = 1 << 17;

/// The cells that have cameras, ascending, and the index of each camera's cell.
pub(crate) fn cells(cameras: &[Camera], layout: Layout) -> (Vec<CellIndex>, Vec<u32>) {
    let mut tile_of = vec![0; cameras.len()];
    let mut runs: Vec<_> = cameras.chunks(TILED).zip(tile_of.chunks_mut(TILED)).collect();
    let found = parallel::map_mut(&mut runs, |_, (cameras, tile_of)| {
        let mut tiling = CellLookup::new(layout);
        for (tile, camera) in tile_of.iter_mut().zip(*cameras) {
            *tile = tiling.place(camera.position);
        }
        tiling.into_cells()
    });
    let mut cells: Vec<CellIndex> = found.iter().flatten().copied().collect();
    cells.sort_unstable();
    cells.dedup();
    // Maps a run's indexes to indexes among all cells.
    parallel::map_mut(&mut runs, |run, (_, tile_of)| {
        let found = found.get(run).into_iter().flatten();
        let places: Vec<usize> =
            found.map(|cell| cells.binary_search(cell).unwrap_or_default()).collect();
        for tile in tile_of.iter_mut() {
            *tile = places.get(*tile as usize).map_or(0, |&place| number(place));
        }
    });
    (cells, tile_of)
}

/// A cell, with its sides if a position can be tested against them.
#[derive(Debug)]
pub(crate) struct CellShape {
    cell: CellIndex,
    /// `None` if the sides cannot be used.
    sides: SmallVec<[Side; 6]>,
}

/// Cells finer than this have too few cameras for the sides to pay off.
const FINEST: Resolution = Resolution::Eight;

impl CellShape {
    pub(crate) fn of(cell: CellIndex) -> Self {
        let sides = if cell.resolution() <= FINEST { sides(cell) } else { None };
        Self { cell, sides: sides.unwrap_or_default() }
    }

    /// Whether a position is in the cell and not too near to a side to be certain.
    pub(crate) fn is_well_around(&self, position: Position) -> bool {
        !self.sides.is_empty() && self.sides.iter().all(|side| side.is_well_left(position))
    }
}

/// The sides of a cell, unless one of them cannot be a [`Side`].
fn sides(cell: CellIndex) -> Option<SmallVec<[Side; 6]>> {
    let vertices = cell.boundary();
    let corner = |vertex: &LatLng| Position::new(vertex.lng(), vertex.lat()).ok();
    let nexts = vertices.iter().cycle().skip(1);
    let sides = vertices.iter().zip(nexts).map(|(from, to)| Side::of(corner(from)?, corner(to)?));
    sides.collect()
}

/// A side of a cell, seen counter-clockwise: positions with `lon * x + lat * y >= least` are well
/// to the left of it. A position left of all sides is in the cell, for cells of any shape.
#[derive(Debug)]
struct Side {
    x: i64,
    y: i64,
    least: i64,
}

/// Nearer to a pole, degrees of longitude are too short.
const POLAR: i32 = 800_000_000;
/// Longer sides, in units of 1e-7 degree, cross the antimeridian or are not worth it.
const LONGEST: i64 = 1 << 27;
/// More than the rounding error of corners.
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
        // A side is a geodesic, which is not straight in degrees. Up to latitude 80 it deviates by at
        // most 1.5 times the square of its length in radians: 2.5e-9 in these units, and 2^-28 is
        // 3.7e-9.
        let margin = ((long * long) >> 28) + ROUNDED;
        Some(Self { x, y, least: x * lon + y * lat + margin * (x.abs() + y.abs()) })
    }

    fn is_well_left(&self, position: Position) -> bool {
        let (lon, lat) = (i64::from(position.lon_e7()), i64::from(position.lat_e7()));
        lon * self.x + lat * self.y >= self.least
    }
}

/// The index of a camera, a consent or a cell. Loading refuses 2^32 or more of them.
pub(crate) fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
