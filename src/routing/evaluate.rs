//! Which rows of a block may be asked. Exact; anything unknown is a no.
//!
//! The same as [`Consent::evaluate`](crate::Consent::evaluate) and
//! [`Recording::has_footage`](crate::Recording::has_footage) for one row, which are the
//! specification: here the zone map and the masks of a block answer for most rows at once, and each
//! distinct pair of scopes is decided once.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, u16x32};
use jiff::Timestamp;

use crate::agency::{AgencyId, IncidentKind};
use crate::authorized::AuthorizedRequest;
use crate::consent::Denial;
use crate::geometry::{Area, Position};
use crate::registry::{Block, ROWS, Row, RowStanding, TermsTable, Timing, rows};
use crate::request::Request;
use crate::time::{DAY, TimeWindow, seconds};

/// What a request asks of each row, at one instant, in seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inquiry<'a> {
    agency: AgencyId,
    incident: IncidentKind,
    instant: Timestamp,
    window: TimeWindow,
    now: i64,
    window_start: i64,
    /// The earlier of the window's end and `now`: what comes later is not recorded yet.
    end: i64,
    /// A camera must keep footage for more than so many days.
    days: i64,
    /// Where no camera is asked.
    never_asked: &'a [Area],
}

impl<'a> Inquiry<'a> {
    pub(super) fn new(authorized: &'a AuthorizedRequest, instant: Timestamp) -> Self {
        let Request { agency, incident, window, .. } = *authorized.request();
        let now = seconds(instant);
        let end = now.min(seconds(window.end()));
        let (window_start, days) = (seconds(window.start()), (now - end) / DAY);
        let never_asked = authorized.never_asked();
        Self { agency, incident, instant, window, now, window_start, end, days, never_asked }
    }

    /// The rows that agreed and keep footage for long enough; what is left to decide costs more.
    pub(super) fn candidates(&self, level: Level, block: &Block) -> u64 {
        let granted = block.granted();
        if granted == 0 || self.window_start >= self.end {
            0
        } else if i64::from(block.least_kept()) > self.days {
            granted
        } else {
            match u16::try_from(self.days) {
                Ok(days) => {
                    granted & dispatch!(level, simd => more_than(simd, block.kept_days(), days))
                }
                Err(_) => 0,
            }
        }
    }

    /// Those of the candidate rows that may be asked.
    pub(super) fn evaluate(&self, block: &Block, candidates: u64, verdicts: &mut Verdicts) -> u64 {
        let mut asked = candidates;
        if i64::from(block.latest_since()) >= self.end {
            for row in rows(asked) {
                asked &= !(u64::from(i64::from(block.since(row)) >= self.end) << row);
            }
        }
        for (row, &until) in block.ended().iter() {
            asked &= !(u64::from(!self.outlives(until, block.kept(row))) << row);
        }
        for (row, timing) in block.timed().iter() {
            asked &= !(u64::from(self.lapsed(timing).is_some()) << row);
        }
        let asked = verdicts.permitted(block, asked);
        if self.never_asked.is_empty() { asked } else { self.elsewhere(block, asked) }
    }

    /// Those of the rows that are in no sensitive place.
    #[cold]
    fn elsewhere(&self, block: &Block, asked: u64) -> u64 {
        let sensitive = rows(asked).filter(|&row| self.is_sensitive(block.position(row)));
        sensitive.fold(asked, |asked, row| asked & !(1 << row))
    }

    fn is_sensitive(&self, position: Position) -> bool {
        self.never_asked.iter().any(|area| area.covers(position))
    }

    /// Whether a camera that was taken down still keeps footage of the window.
    fn outlives(&self, until: u32, kept_days: u16) -> bool {
        let (until, kept_days) = (i64::from(until), i64::from(kept_days));
        until > self.window_start && until > self.now - kept_days * DAY
    }

    /// Why a row's owner is not asked or its camera has nothing to show, if so: the first reason
    /// in the order of [`Denial`], for one row.
    pub(super) fn denial(&self, row: &Row, terms: &TermsTable) -> Option<Denial> {
        let RowStanding::Granted { terms: number, timing } = row.standing else {
            return Some(Denial::NotGranted);
        };
        let lapsed = timing.and_then(|timing| self.lapsed(&timing));
        let scopes = match terms.get(number) {
            Some(terms) => terms.decide(self.agency, self.incident),
            None => Err(Denial::NotGranted),
        };
        let footage = row.camera.recording.has_footage(&self.window, self.instant);
        let sensitive = self.is_sensitive(row.camera.position).then_some(Denial::SensitivePlace);
        let footage = (!footage).then_some(Denial::NoFootage);
        [lapsed, scopes.err(), footage, sensitive].into_iter().flatten().min()
    }

    /// Why a grant does not hold at `now`, if time is the reason.
    fn lapsed(&self, timing: &Timing) -> Option<Denial> {
        if self.now >= timing.expires {
            Some(Denial::Expired)
        } else if self.now < timing.paused_until {
            Some(Denial::Paused)
        } else if self.now < timing.reached_until {
            Some(Denial::AskedOftenEnough)
        } else {
            None
        }
    }
}

/// The rows whose value is larger.
#[inline(always)]
#[expect(clippy::inline_always, reason = "the SIMD level of the caller must reach the inside")]
fn more_than<S: Simd>(simd: S, column: &[u16; ROWS], value: u16) -> u64 {
    let (halves, _) = column.as_chunks::<32>();
    halves.iter().zip([0, 32]).fold(0, |mask, (half, shift)| {
        let larger = u16x32::load_array_ref(simd, half).simd_gt(value);
        mask | larger.to_bitmask() << shift
    })
}

/// A memo of what was decided about interned scopes, for one agency and kind of incident.
///
/// Questions repeat in a batch, and in a service that keeps a scratch: so the memo is kept while
/// the question and the table stay the same. Another question only takes another stamp.
#[derive(Clone, Debug, Default)]
pub(super) struct Verdicts {
    asked: Option<(AgencyId, IncidentKind)>,
    terms: TermsTable,
    stamp: u32,
    // INVARIANT: one for each number in `terms`; what does not carry the stamp is not decided.
    decided: Vec<u32>,
}

/// The bit of a verdict that says yes; the others are the stamp.
const PERMITTED: u32 = 1;

impl Verdicts {
    /// Gets ready for a question; forgets what was decided if it is another one.
    pub(super) fn ask(&mut self, terms: &TermsTable, inquiry: &Inquiry<'_>) {
        let asked = Some((inquiry.agency, inquiry.incident));
        let same_terms = self.terms.is_same(terms);
        if self.asked == asked && same_terms {
            return;
        }
        self.asked = asked;
        self.stamp = self.stamp.wrapping_add(2);
        if self.stamp == 0 || !same_terms {
            // Holding the table keeps its address from being used for another one.
            self.terms = terms.clone();
            self.stamp = 2;
            self.decided.clear();
            self.decided.resize(terms.len(), 0);
        }
    }

    /// Those of the rows whose scopes extend to the question.
    #[inline]
    fn permitted(&mut self, block: &Block, asked: u64) -> u64 {
        let (mut permitted, mut undecided) = (0, 0);
        for row in rows(asked) {
            let verdict = self.decided.get(block.terms(row) as usize).copied().unwrap_or(0);
            permitted |= u64::from(verdict == self.stamp | PERMITTED) << row;
            undecided |= u64::from(verdict & !PERMITTED != self.stamp) << row;
        }
        for row in rows(undecided) {
            permitted |= u64::from(self.decide(block.terms(row))) << row;
        }
        permitted
    }

    fn decide(&mut self, number: u32) -> bool {
        let Some((agency, incident)) = self.asked else { return false };
        let permitted = self.terms.permits(number, agency, incident);
        if let Some(verdict) = self.decided.get_mut(number as usize) {
            *verdict = self.stamp | u32::from(permitted);
        }
        permitted
    }
}
