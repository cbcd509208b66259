//! Memory that is reused from one request to the next.

use std::fmt;

use fearless_simd::Level;

use super::collect::Collected;
use super::prune::WalkBuffers;
use super::quiet_waits::QuietWaits;
use crate::model::OwnerId;

/// Working memory of [`Snapshot::route_into`](crate::Snapshot::route_into), reused from one
/// request to the next. Keep one for each thread. It never changes a result.
#[derive(Clone)]
pub struct Scratch {
    pub(crate) level: Level,
    pub(crate) walked: WalkBuffers<'static>,
    pub(crate) collected: Collected,
    pub(crate) census: Vec<OwnerId>,
    pub(crate) waits: QuietWaits,
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

impl Scratch {
    /// An empty scratch, for the widest vectors that this machine has.
    #[must_use]
    pub fn new() -> Self {
        Self::at(Level::new())
    }

    /// An empty scratch for a chosen width of vectors; `None` if this machine does not have it.
    /// The results are the same: this is for tests and measurements.
    #[must_use]
    pub fn with_simd(level: SimdLevel) -> Option<Self> {
        level.find().map(Self::at)
    }

    fn at(level: Level) -> Self {
        Self {
            level,
            walked: WalkBuffers::default(),
            collected: Collected::default(),
            census: Vec::new(),
            waits: QuietWaits::default(),
        }
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch").field("level", &self.level).finish_non_exhaustive()
    }
}

/// A width of vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SimdLevel {
    /// No vectors: with the feature `scalar`, or on a target that has none.
    Scalar,
    /// The level that every machine of the target has.
    Baseline,
    /// x86-64-v2: SSE4.2.
    Sse42,
    /// x86-64-v3: AVX2 and FMA.
    Avx2,
    /// AVX-512 as Ice Lake has it.
    Avx512,
}

impl SimdLevel {
    /// All levels, narrowest first.
    pub const ALL: [Self; 5] =
        [Self::Scalar, Self::Baseline, Self::Sse42, Self::Avx2, Self::Avx512];

    fn find(self) -> Option<Level> {
        match self {
            #[cfg(feature = "scalar")]
            Self::Scalar => Some(Level::fallback()),
            #[cfg(not(feature = "scalar"))]
            Self::Scalar => Some(Level::baseline()).filter(|level| level.is_fallback()),
            Self::Baseline => Some(Level::baseline()),
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Self::Sse42 => Level::new().as_sse4_2().map(Level::Sse4_2),
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Self::Avx2 => Level::new().as_avx2().map(Level::Avx2),
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Self::Avx512 => Level::new().as_avx512().map(Level::Avx512),
            #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
            _ => None,
        }
    }
}
