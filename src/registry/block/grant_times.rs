//! The column of grants that do not hold always.

use prefetch_index::prefetch_index;

use super::column::SparseColumn;
use crate::model::day;
use crate::util::RowMask;

/// When a grant holds: from both the end of a pause and of a reached limit, up to its expiry.
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

/// When the grants of some rows hold. But on two days that is known without leaving the block.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct GrantTimes {
    /// The rows that have a value, and the days of the first of these.
    // INVARIANT: as `exact` has them.
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

/// More than most blocks have.
const DAYS: usize = 10;

/// The days on which a grant begins and ceases to hold, since 1970 and as far as 16 bits go.
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

    /// Those of some rows whose grants hold at an instant, in seconds, which is on a day.
    #[inline]
    #[expect(clippy::needless_bitwise_bool, reason = "what is compared cannot be foreseen")]
    pub(crate) fn granted_at(&self, rows: RowMask, (now, today): (i64, u16)) -> RowMask {
        let (mut granted_at, mut unsure) = (rows, RowMask::NONE);
        for row in (rows & self.mask).rows() {
            // Where days are not known, both are today.
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

    /// Gives back memory that is not used.
    pub(crate) fn shrink(&mut self) {
        self.exact.shrink();
    }

    /// Has the cache line fetched that questions are answered from.
    #[inline]
    pub(crate) fn prefetch(&self) {
        prefetch_index(std::slice::from_ref(&self.mask), 0);
    }

    /// Has the instants fetched. Nothing waits for them here.
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
