//! Which rows of a block may be asked. Exact; anything unknown is a no.
//!
//! The same as [`Consent::evaluate`](crate::Consent::evaluate) and
//! [`Recording::has_footage`](crate::Recording::has_footage) for one row, which are the
//! specification: here the summary and the masks of a block answer for most rows at once, and a sketch of
//! few bits for most scopes.

use fearless_simd::prelude::*;
use fearless_simd::u16x32;
use jiff::Timestamp;

use crate::geometry::Position;
use crate::model::{AgencyId, DAY, Denial, SensitivePlaces, TimeWindow, day, near, seconds};
use crate::registry::{
    Block, BlockSummary, Row, RowStanding, RowTimeLimits, ScopeQuery, TermsTable,
};
use crate::request::{AuthorizedRequest, CameraScope, Request};
use crate::util::{BLOCK_ROWS, RowMask};

/// The question that a request puts to each row, at one instant, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConsentQuery<'a> {
    scopes: ScopeQuery<'a>,
    agency: AgencyId,
    instant: Timestamp,
    window: TimeWindow,
    now: i64,
    today: u16,
    window_start: i64,
    /// The earlier of the window's end and `now`: later footage is not recorded yet.
    end: i64,
    /// A camera must keep footage for more than so many days; `None` if none has any of the window.
    days: Option<u16>,
    /// The upper half of when a camera must have begun to record, as far as 16 bits go.
    before: u16,
    /// The places in some of which no camera is asked; `None` if none of these is near.
    silent_places: Option<&'a SensitivePlaces>,
}

impl<'a> ConsentQuery<'a> {
    pub(crate) fn new(
        authorized: &'a AuthorizedRequest,
        terms: &'a TermsTable,
        instant: Timestamp,
    ) -> Self {
        let Request { agency, incident, window, .. } = *authorized.request();
        let now = seconds(instant);
        let end = now.min(seconds(window.end()));
        let window_start = seconds(window.start());
        let days = u16::try_from((now - end) / DAY).ok().filter(|_| window_start < end);
        let before = u16::try_from(end.max(0) >> 16).unwrap_or(u16::MAX);
        Self {
            scopes: ScopeQuery::new(terms, agency, incident),
            agency,
            instant,
            window,
            now,
            today: day(now),
            window_start,
            end,
            days,
            before,
            silent_places: silent_places(authorized),
        }
    }

    /// The rows that agreed, keep footage for long enough and began to record early enough, as far as
    /// upper halves decide; the rest costs more.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the SIMD level of the caller must reach the inside")]
    pub(crate) fn candidates<S: Simd>(
        &self,
        simd: S,
        block: &Block,
        summary: BlockSummary,
    ) -> RowMask {
        let granted = summary.granted();
        let Some(days) = self.days.filter(|_| !granted.is_empty()) else { return RowMask::NONE };
        let keeps_all = summary.least_kept() > days;
        if keeps_all && summary.began_before(self.before) {
            return granted;
        }
        let (rows, kept, since) = (summary.granted_len(), block.kept_days(), block.since_upper());
        granted & footage(simd, rows, (kept, days), (since, self.before))
    }

    /// Those of the candidate rows that may be asked.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the SIMD level of the caller must reach the inside")]
    pub(crate) fn evaluate<S: Simd>(
        &self,
        simd: S,
        block: &Block,
        summary: BlockSummary,
        candidates: RowMask,
    ) -> RowMask {
        let permitted = self.permitted(block, candidates);
        let mut asked = block.timed().granted_at(permitted, (self.now, self.today), self.agency);
        asked = block.ended().recording_after(asked, |row| self.shown_until(block.kept(row)));
        let (granted, since) = (summary.granted_len(), block.since_upper());
        let unsure = asked & equal(simd, granted, since, self.before);
        for row in unsure.rows() {
            asked &= !RowMask::only_if(i64::from(block.since(row)) >= self.end, row);
        }
        if self.silent_places.is_none() { asked } else { self.elsewhere(block, asked) }
    }

    /// Those of the rows whose scopes extend to the question.
    #[inline]
    fn permitted(&self, block: &Block, asked: RowMask) -> RowMask {
        let (mut permitted, mut unsure) = (RowMask::NONE, RowMask::NONE);
        let mut sketch_allows = |row, number| {
            let (yes, not_enough) = self.scopes.sketch_allows(number);
            permitted |= RowMask::only_if(yes, row);
            unsure |= RowMask::only_if(not_enough, row);
        };
        match block.shared_upper_terms() {
            Some(upper) => {
                asked.rows().for_each(|row| sketch_allows(row, upper | block.lower_terms(row)));
            }
            None => asked.rows().for_each(|row| sketch_allows(row, block.terms(row))),
        }
        for row in unsure.rows() {
            permitted &= !RowMask::only(row);
            permitted |= RowMask::only_if(self.scopes.permitted(block.terms(row)), row);
        }
        permitted
    }

    /// Those of the rows that are in no sensitive place.
    #[cold]
    fn elsewhere(&self, block: &Block, asked: RowMask) -> RowMask {
        let sensitive = asked.rows().filter(|&row| self.is_sensitive(block.position(row)));
        sensitive.fold(asked, |asked, row| asked & !RowMask::only(row))
    }

    fn is_sensitive(&self, position: Position) -> bool {
        self.silent_places.is_some_and(|places| places.is_silent(position, &self.window))
    }

    /// A camera that was taken down must have recorded after this to keep footage of the window.
    fn shown_until(&self, kept_days: u16) -> i64 {
        self.window_start.max(self.now - i64::from(kept_days) * DAY)
    }

    /// Why a row's owner is not asked or its camera has nothing to show, if so: the first reason
    /// in the order of [`Denial`], for one row.
    pub(crate) fn denial(&self, row: &Row) -> Option<Denial> {
        let RowStanding::Granted { terms: number, timing } = row.standing else {
            return Some(Denial::NotGranted);
        };
        let lapsed = timing.and_then(|timing| self.lapsed(&timing));
        let scopes = self.scopes.decide(number);
        let footage = row.camera.recording.has_footage(&self.window, self.instant);
        let sensitive = self.is_sensitive(row.camera.position).then_some(Denial::SensitivePlace);
        let footage = (!footage).then_some(Denial::NoFootage);
        [lapsed, scopes.err(), footage, sensitive].into_iter().flatten().min()
    }

    /// Why a grant does not hold at `now`, if time is the reason.
    fn lapsed(&self, timing: &RowTimeLimits) -> Option<Denial> {
        if self.now >= timing.expires {
            Some(Denial::Expired)
        } else if self.now < timing.paused_until {
            Some(Denial::Paused)
        } else if self.now < timing.reached_until || timing.shares.has_used(self.agency, self.now) {
            Some(Denial::AskedOftenEnough)
        } else {
            None
        }
    }
}

/// The sensitive places, if the request's cameras may stand in one in which none is asked.
fn silent_places(authorized: &AuthorizedRequest) -> Option<&SensitivePlaces> {
    let places = authorized.sensitive_places();
    if places.is_empty() {
        return None;
    }
    let (around, camera_scope) = authorized.about();
    let has_silent = match camera_scope {
        CameraScope::StandingIn => places.has_silent_near(&[around]),
        CameraScope::SeeingInto => places.has_silent_near(&near(around)),
    };
    has_silent.then_some(places)
}

/// Those of the first rows that keep footage for more than some days and began to record not after
/// an instant, in upper halves; and perhaps some rows after them.
#[inline(always)]
#[expect(clippy::inline_always, reason = "the SIMD level of the caller must reach the inside")]
fn footage<S: Simd>(
    simd: S,
    rows: usize,
    (kept, days): (&[u16; BLOCK_ROWS], u16),
    (since, before): (&[u16; BLOCK_ROWS], u16),
) -> RowMask {
    let chunks = kept.as_chunks::<32>().0.iter().zip(since.as_chunks::<32>().0).enumerate();
    let mut mask = RowMask::NONE;
    for (number, (kept, since)) in chunks.take(rows.div_ceil(32)) {
        let keeps = u16x32::load_array_ref(simd, kept).simd_gt(days);
        let began = u16x32::load_array_ref(simd, since).simd_le(before);
        mask |= RowMask::from_chunk((keeps & began).to_bitmask(), 32 * number);
    }
    mask
}

/// Those of the first rows that have a value; and perhaps some rows after them.
#[inline(always)]
#[expect(clippy::inline_always, reason = "the SIMD level of the caller must reach the inside")]
fn equal<S: Simd>(simd: S, rows: usize, column: &[u16; BLOCK_ROWS], value: u16) -> RowMask {
    let mut mask = RowMask::NONE;
    let chunks = column.as_chunks::<32>().0.iter().enumerate();
    for (number, chunk) in chunks.take(rows.div_ceil(32)) {
        let equal = u16x32::load_array_ref(simd, chunk).simd_eq(value);
        mask |= RowMask::from_chunk(equal.to_bitmask(), 32 * number);
    }
    mask
}
