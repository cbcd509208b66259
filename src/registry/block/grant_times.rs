//! The column of grants with time limits.

use prefetch_index::prefetch_index;

use super::column::SparseColumn;
use crate::model::day;
use crate::util::RowMask;

/// The time limits of a grant: it holds once the pause is over and the limit allows another request,
/// and before it expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GrantWindow {
    pub(crate) paused_until: i64,
    pub(crate) reached_until: i64,
    pub(crate) expires: i64,
}

impl GrantWindow {
    fn begins(&self) -> i64 {
        self.paused_until.max(self.reached_until)
    }

    /// Whether the grant holds at an instant, in seconds.
    fn holds(&self, now: i64) -> bool {
        self.begins() <= now && now < self.expires
    }
}

/// The time limits of some rows. Only on the first and the last day of a grant are the exact instants
/// read; on other days the block itself decides.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct GrantTimes {
    /// The rows with time limits, and the days of the first of them.
    // INVARIANT: derived from `exact`.
    mask: RowMask,
    days: [Days; DAYS],
    exact: SparseColumn<GrantWindow>,
}

impl Clone for GrantTimes {
    fn clone(&self) -> Self {
        Self { mask: self.mask, days: self.days, exact: self.exact.clone() }
    }

    fn clone_from(&mut self, source: &Self) {
        self.exact.clone_from(&source.exact);
        (self.mask, self.days) = (source.mask, source.days);
    }
}

/// Enough for most blocks.
const DAYS: usize = 10;

/// The first and the last day of a grant, in days since 1970, capped to 16 bits.
#[derive(Clone, Copy, Debug, Default)]
struct Days {
    begins: u16,
    ends: u16,
}

impl Days {
    fn of(timing: GrantWindow) -> Self {
        Self { begins: day(timing.begins()), ends: day(timing.expires) }
    }
}

impl GrantTimes {
    pub(crate) const NONE: Self = Self {
        mask: RowMask::NONE,
        days: [Days { begins: 0, ends: 0 }; DAYS],
        exact: SparseColumn::NONE,
    };

    /// The `rows` whose grants hold at `now`, in seconds, which lies on the day `today`.
    #[inline]
    #[expect(
        clippy::needless_bitwise_bool,
        reason = "a branch on these comparisons would be unpredictable"
    )]
    pub(crate) fn granted_at(&self, rows: RowMask, (now, today): (i64, u16)) -> RowMask {
        let (mut granted_at, mut unsure) = (rows, RowMask::NONE);
        for row in (rows & self.mask).rows() {
            // A row without stored days is treated as undecided: both are today.
            let known = self.days.get(self.mask.rank(row)).copied();
            let Days { begins, ends } = known.unwrap_or(Days { begins: today, ends: today });
            unsure |= RowMask::only_if((begins == today) | (ends == today), row);
            granted_at &= !RowMask::only_if((begins > today) | (ends < today), row);
        }
        for row in (granted_at & unsure).rows() {
            granted_at &= !RowMask::only_if(!self.holds(row, now), row);
        }
        granted_at
    }

    #[cold]
    fn holds(&self, row: usize, now: i64) -> bool {
        self.exact.get(row).is_none_or(|timing| timing.holds(now))
    }

    pub(crate) fn get(&self, row: usize) -> Option<GrantWindow> {
        self.exact.get(row)
    }

    pub(crate) fn set(&mut self, row: usize, timing: Option<GrantWindow>) {
        if timing.is_some() || self.mask.contains(row) {
            self.exact.set(row, timing);
            self.follow();
        }
    }

    pub(crate) fn swap(&mut self, a: usize, b: usize) {
        if self.mask.contains(a) || self.mask.contains(b) {
            self.exact.swap(a, b);
            self.follow();
        }
    }

    /// Releases unused memory.
    pub(crate) fn shrink(&mut self) {
        self.exact.shrink();
    }

    /// Prefetches the cache line that `granted_at` reads.
    #[inline]
    pub(crate) fn prefetch(&self) {
        prefetch_index(std::slice::from_ref(&self.mask), 0);
    }

    /// Prefetches the instants.
    pub(crate) fn prefetch_exact(&self) {
        self.exact.prefetch();
    }

    fn follow(&mut self) {
        self.mask = self.exact.mask();
        for (days, &timing) in self.days.iter_mut().zip(self.exact.values()) {
            *days = Days::of(timing);
        }
    }
}
