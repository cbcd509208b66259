//! The column of grants with time limits.

use prefetch_index::prefetch_index;

use super::column::{SparseColumn, clone_list};
use crate::model::{AgencyId, UsedShares, day};
use crate::util::RowMask;

/// The time limits of a grant: it holds once the pause is over and the limit allows another request,
/// and before it expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RowTimeLimits {
    pub(crate) paused_until: i64,
    pub(crate) reached_until: i64,
    pub(crate) expires: i64,
    /// The agencies that must wait for longer than `reached_until`.
    pub(crate) shares: UsedShares,
}

/// The same without the agencies, in 24 bytes.
#[derive(Clone, Copy, Debug)]
struct Instants {
    paused_until: i64,
    reached_until: i64,
    expires: i64,
}

impl Instants {
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
    // INVARIANT: `exact` has one value for each row of the mask, and the days are derived from it.
    mask: RowMask,
    days: [Days; DAYS],
    /// The rows whose owner some agency has asked as often as its share is. Boxed, since in most blocks
    /// there are none: the list takes no memory there but for this pointer.
    // INVARIANT: rows of the mask; not empty.
    shares: Option<Box<SparseColumn<UsedShares>>>,
    exact: Vec<Instants>,
}

impl Clone for GrantTimes {
    fn clone(&self) -> Self {
        let Self { mask, days, shares, exact } = self;
        Self { mask: *mask, days: *days, shares: shares.clone(), exact: exact.clone() }
    }

    fn clone_from(&mut self, source: &Self) {
        clone_list(&mut self.exact, &source.exact);
        match (&mut self.shares, &source.shares) {
            (Some(shares), Some(source)) => shares.as_mut().clone_from(source),
            (shares, source) => shares.clone_from(source),
        }
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
    fn of(timing: Instants) -> Self {
        Self { begins: day(timing.begins()), ends: day(timing.expires) }
    }
}

impl GrantTimes {
    pub(crate) const NONE: Self = Self {
        mask: RowMask::NONE,
        days: [Days { begins: 0, ends: 0 }; DAYS],
        shares: None,
        exact: Vec::new(),
    };

    /// The `rows` whose grants hold for an agency at `now`, in seconds, which lies on the day `today`.
    #[inline]
    #[expect(clippy::needless_bitwise_bool, reason = "what is compared cannot be foreseen")]
    pub(crate) fn granted_at(
        &self,
        rows: RowMask,
        (now, today): (i64, u16),
        agency: AgencyId,
    ) -> RowMask {
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
        match &self.shares {
            None => granted_at,
            Some(shares) => without_used(granted_at, shares, now, agency),
        }
    }

    #[cold]
    fn holds(&self, row: usize, now: i64) -> bool {
        self.instants(row).is_none_or(|timing| timing.holds(now))
    }

    fn instants(&self, row: usize) -> Option<&Instants> {
        if self.mask.contains(row) { self.exact.get(self.mask.rank(row)) } else { None }
    }

    pub(crate) fn get(&self, row: usize) -> Option<RowTimeLimits> {
        let &Instants { paused_until, reached_until, expires } = self.instants(row)?;
        let shares = self.shares.as_ref().and_then(|shares| shares.get(row));
        let shares = shares.unwrap_or_default();
        Some(RowTimeLimits { paused_until, reached_until, expires, shares })
    }

    pub(crate) fn set(&mut self, row: usize, timing: Option<RowTimeLimits>) {
        let had = self.mask.contains(row);
        if timing.is_none() && !had {
            return;
        }
        let place = self.mask.rank(row).min(self.exact.len());
        let shares = timing.map(|timing| timing.shares).filter(|shares| !shares.is_empty());
        if let Some(RowTimeLimits { paused_until, reached_until, expires, .. }) = timing {
            let instants = Instants { paused_until, reached_until, expires };
            match self.exact.get_mut(place).filter(|_| had) {
                Some(old) => *old = instants,
                None => self.exact.insert(place, instants),
            }
            self.mask |= RowMask::only(row);
        } else if place < self.exact.len() {
            self.exact.remove(place);
            self.mask &= !RowMask::only(row);
        }
        self.set_shares(row, shares);
        self.follow();
    }

    fn set_shares(&mut self, row: usize, of_row: Option<UsedShares>) {
        if of_row.is_none() && self.shares.is_none() {
            return;
        }
        let shares = self.shares.get_or_insert_with(|| Box::new(SparseColumn::NONE));
        shares.set(row, of_row);
        if shares.mask().is_empty() {
            self.shares = None;
        }
    }

    pub(crate) fn swap(&mut self, a: usize, b: usize) {
        if self.mask.contains(a) || self.mask.contains(b) {
            let (of_a, of_b) = (self.get(a), self.get(b));
            self.set(a, of_b);
            self.set(b, of_a);
        }
    }

    /// Releases unused memory.
    pub(crate) fn shrink(&mut self) {
        self.exact.shrink_to_fit();
        if let Some(shares) = &mut self.shares {
            shares.shrink();
        }
    }

    /// Prefetches the cache line that `granted_at` reads.
    #[inline]
    pub(crate) fn prefetch(&self) {
        prefetch_index(std::slice::from_ref(&self.mask), 0);
    }

    /// Prefetches the instants.
    pub(crate) fn prefetch_exact(&self) {
        for place in
            (0..self.exact.len()).step_by(const { 64_usize.div_ceil(size_of::<Instants>()) })
        {
            prefetch_index(self.exact.as_slice(), place);
        }
    }

    fn follow(&mut self) {
        for (days, &timing) in self.days.iter_mut().zip(&self.exact) {
            *days = Days::of(timing);
        }
    }
}

/// Those of the rows whose owner an agency has not asked as often as its share is.
#[cold]
fn without_used(
    rows: RowMask,
    shares: &SparseColumn<UsedShares>,
    now: i64,
    agency: AgencyId,
) -> RowMask {
    (rows & shares.mask()).rows().fold(rows, |left, row| {
        let has_used = shares.get(row).is_some_and(|shares| shares.has_used(agency, now));
        left & !RowMask::only_if(has_used, row)
    })
}
