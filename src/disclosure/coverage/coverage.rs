//! How many households are registered where, for a map that everybody may see: never exactly.

use std::collections::HashMap;

use foldhash::quality::RandomState;
use h3o::{CellIndex, Resolution};
use serde::{Serialize, Serializer};

use super::cell_outline::outline;
use super::edition::{CoveragePeriod, CoverageSeed};
use crate::disclosure::band::{Band, edge_from};
use crate::disclosure::geojson::feature_collection;
use crate::geometry::{Area, Position};
use crate::model::{CameraId, OwnerId};
use crate::registry::{Snapshot, cell};

/// How many households are registered where, without showing a home: H3 cells with banded counts.
///
/// Households are counted at resolution 8 (0.74 km2) and nowhere else, each once: in the cell of
/// its camera with the lowest id, wherever its others stand. They count as *registered*, agreed or
/// not, and there is no map of those who agreed: beside this one it would reveal how many of a few
/// neighbours did not.
///
/// A coverage is made for a [`CoveragePeriod`], once, when it begins. Each count has noise that only whoever has
/// the [`CoverageSeed`] can foretell, another in each period: 0 in one of three cases, at most 2 in
/// five of six. So with one household more or less no coverage is more than twice as likely, and
/// those of the four quarters of a year together not more than 16 times; but that a cell with one
/// household is there at all, which a cell with none never is, has a probability of 1 in 1,500.
///
/// A count with its noise is published as its band, of those that begin at 11, 21, 51, 101, 201, 501, 1,001
/// and so on. A cell with fewer than [`min_households`](Self::min_households) is absent, exactly as one
/// where nobody lives. That number is the one asked for, rounded up to where a band begins: else a
/// cell that is there for 11 and absent for 12 would have exactly 11.
///
/// # Coarser resolutions
///
/// A coarser cell has the sum of the lower ends that are published below it, so it reads
/// "at least", without an upper end. Hence whoever collects every resolution for
/// every number of households knows no more of a cell than its band, or that it has 0 to 10:
///
/// 1. The map at resolution 8 for a number k is the map for 11 without the bands
///    that begin below k.
/// 2. The map at a coarser resolution for k is a sum over the map at
///    resolution 8 for k.
/// 3. So all of it is computed from the bands at resolution 8 for 11, and is the same for every town
///    with those bands, whichever number within its band each cell has with its noise.
///
/// In particular a cell minus its children is nothing at all, and no second cell needs to be
/// suppressed for the sake of a first. A cell's children cover about the same ground, not exactly
/// the same: that is how H3 is made.
///
/// # Limits
///
/// - **Two coverages of one period**, of two snapshots, have the same noise: keep the first.
/// - **Whoever can register at will** can add households of his own until the band changes, and
///   so count the others, up to the noise. It is up to the service to verify that those who register
///   live there.
///
/// ```
/// use canvass::{Camera, CameraId, Change, OwnerId, Position, Recording, Registry};
/// use canvass::coverage::{Coverage, CoveragePeriod, CoverageSeed};
///
/// let registry = Registry::new();
/// let position = Position::new(-73.974, 40.771)?;
/// let recording = Recording::kept_for_days(30);
/// let snapshot = registry.apply((0..35).map(|id| {
///     Change::Register(Camera::new(CameraId(id), OwnerId(id), position, recording))
/// }))?;
/// // 32 random bytes of the operator's, and the quarter.
/// let (seed, period) = (CoverageSeed::new([7; 32]), CoveragePeriod::of("2026-05-02T09:00:00Z".parse()?));
/// let coverage = snapshot.coverage(period, &seed, Coverage::FINEST, 11)?;
/// let [cell] = coverage.cells() else { panic!("one cell") };
/// assert_eq!((cell.at_least(), cell.at_most()), (21, Some(50)));
/// assert!(snapshot.coverage(period, &seed, Coverage::FINEST, 51)?.cells().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A cell has a lower end:
///
/// ```
/// # fn show(coverage: canvass::coverage::Coverage) {
/// let counts: Vec<u64> = coverage.cells().iter().map(|cell| cell.at_least()).collect();
/// # }
/// ```
///
/// It has no exact count:
///
/// ```compile_fail,E0599
/// # fn show(coverage: canvass::coverage::Coverage) {
/// let counts: Vec<u64> = coverage.cells().iter().map(|cell| cell.households()).collect();
/// # }
/// ```
///
/// In serde formats it has its `period` and its `resolution` as numbers, `min_households` and its `cells`. It can
/// only be written: one that was read could not be trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Coverage {
    period: CoveragePeriod,
    // INVARIANT: not finer than `FINEST`; `min_households` is where a band begins; cells ascend.
    #[serde(serialize_with = "as_number")]
    resolution: Resolution,
    min_households: u64,
    cells: Vec<CoverageCell>,
}

/// A cell of a [`Coverage`].
///
/// In serde formats it has its H3 index as `cell`, in hexadecimal digits as is usual, `at_least`,
/// and `at_most` if there is such a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CoverageCell {
    #[serde(serialize_with = "as_hexadecimal")]
    cell: CellIndex,
    at_least: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_most: Option<u64>,
}

/// Why there is no [`Coverage`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CoverageError {
    /// Cells would be so small that they show single homes.
    #[error(
        "cells of resolution `{resolution}` are finer than those of `{finest}`, the finest that are published"
    )]
    TooFine {
        /// The resolution given.
        resolution: Resolution,
        /// [`Coverage::FINEST`].
        finest: Resolution,
    },
    /// Cells of so few households are never published.
    #[error("`{min_households}` households are fewer than `{least}`, the least that are published")]
    TooFew {
        /// The number given.
        min_households: u32,
        /// [`Coverage::LEAST_HOUSEHOLDS`].
        least: u32,
    },
}

impl Snapshot {
    /// About how many households are registered where: everybody's to see, once a period.
    ///
    /// `min_households` is rounded up to where a band begins; see [`Coverage`] for all the rules.
    /// O(cameras), and memory for each household: it is made for a publication, not for a request.
    ///
    /// # Errors
    ///
    /// If the resolution is finer than [`Coverage::FINEST`], or `min_households` is below
    /// [`Coverage::LEAST_HOUSEHOLDS`].
    pub fn coverage(
        &self,
        period: CoveragePeriod,
        seed: &CoverageSeed,
        resolution: Resolution,
        min_households: u32,
    ) -> Result<Coverage, CoverageError> {
        let (finest, least) = (Coverage::FINEST, Coverage::LEAST_HOUSEHOLDS);
        if resolution > finest {
            return Err(CoverageError::TooFine { resolution, finest });
        }
        if min_households < least {
            return Err(CoverageError::TooFew { min_households, least });
        }
        let min_households = edge_from(min_households);
        let mut finest: Vec<CoverageCell> = households(self)
            .into_iter()
            .map(|(cell, households)| {
                let told = households.saturating_add_signed(seed.noise(period, cell));
                (cell, Band::of(told, min_households))
            })
            .filter(|(_, band)| band.at_least() >= min_households)
            .map(|(cell, band)| CoverageCell {
                cell,
                at_least: band.at_least(),
                at_most: band.at_most(),
            })
            .collect();
        finest.sort_unstable_by_key(|cell| cell.cell);
        let cells = if resolution == Coverage::FINEST { finest } else { sums(&finest, resolution) };
        Ok(Coverage { period, resolution, min_households, cells })
    }
}

impl Coverage {
    /// The one resolution at which households are counted; there is no finer one.
    pub const FINEST: Resolution = Resolution::Eight;

    /// The least households of a cell that is published: where the first band begins.
    pub const LEAST_HOUSEHOLDS: u32 = 11;

    /// The cost of one coverage to a household: the natural logarithm of 2. With a household more or less
    /// no coverage is more than twice as likely.
    pub const EPSILON: f64 = std::f64::consts::LN_2;

    /// The period that it was made for.
    #[must_use]
    pub fn period(&self) -> CoveragePeriod {
        self.period
    }

    /// The resolution of the cells.
    #[must_use]
    pub fn resolution(&self) -> Resolution {
        self.resolution
    }

    /// With fewer households than these, a cell of [`Coverage::FINEST`] is absent: the number asked
    /// for, rounded up to where a band begins.
    #[must_use]
    pub fn min_households(&self) -> u64 {
        self.min_households
    }

    /// The cells, ascending by their H3 index.
    #[must_use]
    pub fn cells(&self) -> &[CoverageCell] {
        &self.cells
    }

    /// The cells as a GeoJSON feature collection, in the same order: a feature has a cell's outline,
    /// and as properties the fields of the cell.
    ///
    /// An outline that could not be drawn as an [`Area`] would be `null`; see
    /// [`CoverageCell::outline`].
    #[must_use]
    pub fn to_geojson(&self) -> String {
        feature_collection(self.cells.iter().map(|cell| (cell, cell.outline())))
    }
}

impl CoverageCell {
    /// The H3 index.
    #[must_use]
    pub fn h3(&self) -> u64 {
        self.cell.into()
    }

    /// The cell has at least so many households, up to the noise of the count.
    #[must_use]
    pub fn at_least(&self) -> u64 {
        self.at_least
    }

    /// The cell has at most so many households, up to the noise; `None` without an upper end: at coarser resolutions
    /// than [`Coverage::FINEST`], and in the last band, which begins beyond all numbers of `u32`.
    #[must_use]
    pub fn at_most(&self) -> Option<u64> {
        self.at_most
    }

    /// The cell's outline: its vertices with edges straight in longitude and latitude, split at the
    /// antimeridian. The cell around a pole is drawn from a line around the world up to the pole.
    ///
    /// H3's own edges are geodesics, so that near a pole the two differ: households are counted by
    /// cell, not by outline. `None` if the vertices are not a valid [`Area`], which is known of no
    /// cell.
    #[must_use]
    pub fn outline(&self) -> Option<Area> {
        outline(self.cell)
    }
}

/// How many households each cell of the finest resolution has, in no order; none has 0.
fn households(snapshot: &Snapshot) -> HashMap<CellIndex, u64, RandomState> {
    let mut homes: HashMap<OwnerId, (CameraId, Position), RandomState> = HashMap::default();
    snapshot.root().blocks(&mut |block| {
        for row in 0..block.len() {
            let (owner, camera) = block.ids(row);
            let here = (camera, block.position(row));
            homes.entry(owner).and_modify(|home| *home = here.min(*home)).or_insert(here);
        }
    });
    let mut households: HashMap<CellIndex, u64, RandomState> = HashMap::default();
    for (_, position) in homes.into_values() {
        // Not more than there are cameras.
        *households.entry(cell(position, Coverage::FINEST)).or_default() += 1;
    }
    households
}

/// The parents of published cells, which ascend. They are summed from published cells alone, so they
/// reveal nothing more.
fn sums(finest: &[CoverageCell], resolution: Resolution) -> Vec<CoverageCell> {
    let mut sums: Vec<CoverageCell> = Vec::new();
    for child in finest {
        let Some(cell) = child.cell.parent(resolution) else { continue };
        match sums.last_mut() {
            // Siblings are neighbours: an index begins with its parent's digits.
            Some(sum) if sum.cell == cell => {
                sum.at_least = sum.at_least.saturating_add(child.at_least);
            }
            _ => sums.push(CoverageCell { cell, at_least: child.at_least, at_most: None }),
        }
    }
    sums
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn as_number<S: Serializer>(resolution: &Resolution, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(u8::from(*resolution))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn as_hexadecimal<S: Serializer>(cell: &CellIndex, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(cell)
}
