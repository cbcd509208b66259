//! One agency's use of the service: concurrent, in a minute, and for good.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use canvass::{CaseFile, OpenedRequest, Request};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::rate::Rate;
use crate::http::problem::{Kind, Problem};
use crate::settings::Limits;

/// The charge in bytes for an opened request: its event, its receipt, the counts of its answers,
/// its two entries in the audit log, and the answer stored for a key.
const REQUEST_BYTES: u64 = 3_500;
/// The charge for each vertex of its area,
const VERTEX_BYTES: u64 = 45;
/// and for each byte of its texts, which are in the event, the receipt and the stored answer, where
/// some take two bytes.
const TEXT_COPIES: u64 = 6;
/// The charge for an extension: its event, and the answer stored for a key,
const EXTENSION_BYTES: u64 = 1_500;
/// which has the texts as well.
const EXTENSION_TEXT_COPIES: u64 = 2;

/// The charge for a refused request: its entry in the audit log, with the codes of all violations.
const REFUSAL_BYTES: u64 = 1_000;

/// The shortest extension, except to the latest end. Each is an event that is stored for good.
pub(crate) const SHORTEST: SignedDuration = SignedDuration::from_hours(24);

/// An agency's use, with its limits.
#[derive(Debug)]
pub(crate) struct Account {
    in_flight: Semaphore,
    at_once: usize,
    rate: Rate,
    per_minute: u32,
    used: Mutex<Used>,
    open_allowed: usize,
    bytes_allowed: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Used {
    /// The charges of opened requests in bytes.
    bytes: u64,
    /// An upper bound on open requests: it includes those that ended since the last count.
    open: usize,
    /// Requests that are being opened.
    opening: usize,
}

impl Account {
    /// The account of an agency, given the requests that it opened before, each initially open for
    /// `open_days`.
    pub(crate) fn new(limits: &Limits, open_days: u32, file: &CaseFile, now: Timestamp) -> Self {
        let charged = |opened: &OpenedRequest| {
            let request = opened.request();
            let extensions =
                extensions(opened, open_days).saturating_mul(extension_charge(request));
            request_charge(request).saturating_add(extensions)
        };
        let bytes = file.iter().map(charged).fold(0, u64::saturating_add);
        let used = Used { bytes, open: file.open_at(now).count(), opening: 0 };
        Self {
            in_flight: Semaphore::new(limits.agency_in_flight),
            at_once: limits.agency_in_flight,
            rate: Rate::new(limits.agency_requests_per_minute, Duration::from_secs(60)),
            per_minute: limits.agency_requests_per_minute,
            used: Mutex::new(used),
            open_allowed: limits.agency_open_requests,
            bytes_allowed: limits.agency_stored_bytes,
        }
    }

    /// Admits one request of the agency, until the returned permit is dropped.
    pub(crate) fn enter(&self) -> Result<SemaphorePermit<'_>, Problem> {
        let Ok(place) = self.in_flight.try_acquire() else {
            let detail = format!(
                "{} requests of yours are being answered or still come in; wait for one to end",
                self.at_once
            );
            return Err(Problem::new(Kind::TooManyAtOnce, detail));
        };
        if let Err(wait) = self.rate.take(Instant::now()) {
            let detail = format!(
                "send at most {} requests a minute; there is room for one in {} ms",
                self.per_minute,
                wait.as_millis()
            );
            return Err(Problem::new(Kind::TooManyRequests, detail));
        }
        Ok(place)
    }

    /// Reserves the charge for opening a request. Dropping it without [`Reservation::keep`]
    /// releases it. Open requests are counted anew, with `count`, only if the limit seems to be
    /// reached.
    pub(crate) fn open(
        &self,
        request: &Request,
        count: impl FnOnce() -> usize,
    ) -> Result<Reservation<'_>, Problem> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.open.saturating_add(used.opening) >= self.open_allowed {
            used.open = count();
        }
        if used.open.saturating_add(used.opening) >= self.open_allowed {
            let detail = format!(
                "{} requests of yours are open; resolve or withdraw those that are done with",
                used.open
            );
            return Err(Problem::new(Kind::TooManyOpen, detail)
                .with("open", used.open)
                .with("allowed", self.open_allowed));
        }
        let reserved = self.charge(&mut used, request_charge(request), true)?;
        used.opening = used.opening.saturating_add(1);
        Ok(reserved)
    }

    /// Reserves the charge for an extension.
    pub(crate) fn extend(&self, request: &Request) -> Result<Reservation<'_>, Problem> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        self.charge(&mut used, extension_charge(request), false)
    }

    /// Reserves the charge for recording a refusal.
    pub(crate) fn refuse(&self) -> Result<Reservation<'_>, Problem> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        self.charge(&mut used, REFUSAL_BYTES, false)
    }

    fn charge(
        &self,
        used: &mut Used,
        bytes: u64,
        is_opening: bool,
    ) -> Result<Reservation<'_>, Problem> {
        let total = used.bytes.saturating_add(bytes);
        if total > self.bytes_allowed {
            let detail = format!(
                "requests of yours are charged with {} bytes, this would take {bytes} more, and {} are \
                 allowed; ask the operator for more",
                used.bytes, self.bytes_allowed
            );
            return Err(Problem::new(Kind::StorageQuota, detail)
                .with("charged_bytes", used.bytes)
                .with("allowed_bytes", self.bytes_allowed));
        }
        used.bytes = total;
        Ok(Reservation { account: self, bytes, is_opening, is_kept: false })
    }
}

/// A reservation for one request.
#[must_use]
#[derive(Debug)]
pub(crate) struct Reservation<'a> {
    account: &'a Account,
    bytes: u64,
    is_opening: bool,
    is_kept: bool,
}

impl Reservation<'_> {
    /// Makes the reservation permanent.
    pub(crate) fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        let mut used = self.account.used.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_opening {
            used.opening = used.opening.saturating_sub(1);
            used.open = used.open.saturating_add(usize::from(self.is_kept));
        }
        if !self.is_kept {
            used.bytes = used.bytes.saturating_sub(self.bytes);
        }
    }
}

/// The charge for an opened request in bytes: no less than its stored size.
fn request_charge(request: &Request) -> u64 {
    REQUEST_BYTES
        .saturating_add(times(request.area.vertices(), VERTEX_BYTES))
        .saturating_add(times(text_bytes(request), TEXT_COPIES))
}

fn extension_charge(request: &Request) -> u64 {
    EXTENSION_BYTES.saturating_add(times(text_bytes(request), EXTENSION_TEXT_COPIES))
}

fn text_bytes(request: &Request) -> usize {
    request.case_reference.len().saturating_add(request.contact.len())
}

fn times(many: usize, each: u64) -> u64 {
    u64::try_from(many).unwrap_or(u64::MAX).saturating_mul(each)
}

/// The most extensions that a request can have had, judged by its end: a start knows nothing else.
fn extensions(opened: &OpenedRequest, open_days: u32) -> u64 {
    let day = SHORTEST.as_secs().max(1);
    let open = opened.open_until().as_second() - opened.opened_at().as_second();
    let more = open.saturating_sub(i64::from(open_days).saturating_mul(24 * 3600));
    if more <= 0 { 0 } else { u64::try_from(more / day).map_or(u64::MAX, |days| days + 1) }
}
