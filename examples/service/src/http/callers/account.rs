//! One agency's use of the service: at once, in a minute, and for good.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use canvass::{CaseFile, Request};
use jiff::Timestamp;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::rate::Rate;
use crate::http::problem::{Kind, Problem};
use crate::settings::Limits;

/// An opened request is charged with so many bytes: its event, its receipt, what is counted of its
/// answers, the answers kept for keys, and up to one extension a day.
const REQUEST_BYTES: u64 = 8_000;
/// Each vertex of its area with so many more,
const VERTEX_BYTES: u64 = 60;
/// and each byte of its texts with so many: both are in the event, the receipt and the kept answers.
const TEXT_COPIES: u64 = 8;

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
    /// The account of an agency, given the requests that it opened before.
    pub(crate) fn new(limits: &Limits, file: &CaseFile, now: Timestamp) -> Self {
        let bytes = file.iter().map(|opened| charge(opened.request())).sum();
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

    /// Sets aside what a request would use. It is given back if [`Reservation::keep`] is not called.
    /// Open requests are counted anew, with `count`, only where too many seem to be open.
    pub(crate) fn reserve(
        &self,
        request: &Request,
        count: impl FnOnce() -> usize,
    ) -> Result<Reservation<'_>, Problem> {
        let bytes = charge(request);
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let total = used.bytes.saturating_add(bytes);
        if total > self.bytes_allowed {
            let detail = format!(
                "requests of yours are charged with {} bytes, this one would take {bytes}, and {} are \
                 allowed; ask the operator for more",
                used.bytes, self.bytes_allowed
            );
            return Err(Problem::new(Kind::StorageQuota, detail)
                .with("charged_bytes", used.bytes)
                .with("allowed_bytes", self.bytes_allowed));
        }
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
        (used.bytes, used.opening) = (total, used.opening.saturating_add(1));
        Ok(Reservation { account: self, bytes, is_kept: false })
    }
}

/// What is set aside for one request.
#[must_use]
#[derive(Debug)]
pub(crate) struct Reservation<'a> {
    account: &'a Account,
    bytes: u64,
    is_kept: bool,
}

impl Reservation<'_> {
    /// Notes that the request was opened.
    pub(crate) fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        let mut used = self.account.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.opening = used.opening.saturating_sub(1);
        if self.is_kept {
            used.open = used.open.saturating_add(1);
        } else {
            used.bytes = used.bytes.saturating_sub(self.bytes);
        }
    }
}

/// How many bytes a request is charged with: at least what is kept of it.
fn charge(request: &Request) -> u64 {
    let (vertices, texts) =
        (request.area.vertices(), request.case_reference.len() + request.contact.len());
    let bytes =
        |many: usize, each: u64| u64::try_from(many).unwrap_or(u64::MAX).saturating_mul(each);
    REQUEST_BYTES
        .saturating_add(bytes(vertices, VERTEX_BYTES))
        .saturating_add(bytes(texts, TEXT_COPIES))
}
