//! One agency's use of the service: at once, in a minute, and for good.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use canvass::{CaseFile, OpenedRequest, Request};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::rate::Rate;
use crate::http::problem::{Kind, Problem};
use crate::settings::Limits;

/// An opened request is charged with so many bytes: its event, its receipt, what is counted of its
/// answers, its two entries in the audit log, and the answer that is kept for a key.
const REQUEST_BYTES: u64 = 3_500;
/// Each vertex of its area with so many more,
const VERTEX_BYTES: u64 = 45;
/// and each byte of its texts with so many: they are in the event, the receipt and the kept answer, where
/// some take two bytes.
const TEXT_COPIES: u64 = 6;
/// An extension is charged with so many: its event, and the answer that is kept for a key,
const EXTENSION_BYTES: u64 = 1_500;
/// in which the texts are as well.
const EXTENSION_TEXT_COPIES: u64 = 2;

/// A refused request is charged with so many: its entry in the audit log, with the codes of all violations.
const REFUSAL_BYTES: u64 = 1_000;

/// The shortest extension, but for one up to the latest end. Each is an event that is kept for good.
pub(crate) const SHORTEST: SignedDuration = SignedDuration::from_hours(24);

/// What an agency uses, and how much it may.
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
    /// Bytes that opened requests are charged with.
    bytes: u64,
    /// As many open requests as there may be: those that ended since the last count are in it.
    open: usize,
    /// Requests that are being opened.
    opening: usize,
}

impl Account {
    /// The account of an agency, given the requests that it opened before, each for so many days at first.
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

    /// Lets one request of the agency in, until what is returned is dropped.
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

    /// Sets aside what it takes to open a request. It is given back if [`Reservation::keep`] is not called.
    /// Open requests are counted anew, with `count`, only where too many seem to be open.
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

    /// Sets aside what it takes to extend a request.
    pub(crate) fn extend(&self, request: &Request) -> Result<Reservation<'_>, Problem> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        self.charge(&mut used, extension_charge(request), false)
    }

    /// Sets aside what it takes to note that a request was refused.
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

/// What is set aside for one request.
#[must_use]
#[derive(Debug)]
pub(crate) struct Reservation<'a> {
    account: &'a Account,
    bytes: u64,
    is_opening: bool,
    is_kept: bool,
}

impl Reservation<'_> {
    /// Notes that it was done.
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

/// How many bytes an opened request is charged with: at least what is kept of it.
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

/// How often a request was extended at most, judged by its end: it is not known otherwise after a start.
fn extensions(opened: &OpenedRequest, open_days: u32) -> u64 {
    let day = SHORTEST.as_secs().max(1);
    let open = opened.open_until().as_second() - opened.opened_at().as_second();
    let more = open.saturating_sub(i64::from(open_days).saturating_mul(24 * 3600));
    if more <= 0 { 0 } else { u64::try_from(more / day).map_or(u64::MAX, |days| days + 1) }
}
