//! The public record of a request, for everybody.

use h3o::Resolution;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::cells::Cover;
use super::ending::Ending;
use super::error::{BulletinError, BulletinReadError};
use super::history::{BulletinEntry, BulletinEvent, History};
use crate::disclosure::digest::{Digest, Encoder};
use crate::disclosure::geojson::feature_collection;
use crate::disclosure::notice::lint_public;
use crate::model::{Agency, IncidentKind, TimeWindow, seconds};
use crate::request::{AuthorizedRequest, CameraScope};

/// Seconds in an hour.
const HOUR: i64 = 3_600;

/// The public record of an authorised request, for **everybody**: a text, the agency's name, the kind
/// of incident, the policy's version, the area coarsened to H3 cells, whether cameras that see into
/// it from outside are asked as well, the window widened to whole hours of UTC, and the end of
/// it.
///
/// You can append to it and never edit it. Each entry of its history has a digest over everything
/// before, which is checked when a bulletin is read. Somebody who rewrites everything can make new
/// digests as well: keep a [head](Self::head), and compare with [`continues`](Self::continues).
///
/// ```
/// use canvass::*;
/// use canvass::bulletin::*;
/// use canvass::h3o::Resolution;
///
/// # fn show(authorized: &AuthorizedRequest, agency: &Agency, now: jiff::Timestamp) -> Result<(), BulletinError> {
/// let text = "A parcel was taken from a porch.";
/// let mut bulletin = Bulletin::open(authorized, agency, text, Resolution::Seven, now)?;
/// let head = bulletin.head();
/// bulletin.correct("There were two parcels.", now)?;
/// bulletin.end(Ending::Resolved, now)?;
/// assert!(bulletin.continues(&head) && bulletin.ending() == Some(Ending::Resolved));
/// # Ok(())
/// # }
/// ```
///
/// It is made of a request and never of a route, so it cannot carry an id, a position or a count:
///
/// ```
/// # use canvass::*;
/// # use canvass::bulletin::*;
/// # use canvass::h3o::Resolution;
/// # fn show(route: Route, agency: Agency, now: jiff::Timestamp) -> Result<(), BulletinError> {
/// let bulletin = Bulletin::open(route.authorized(), &agency, "Text.", Resolution::Seven, now)?;
/// # Ok(())
/// # }
/// ```
///
/// A bulletin cannot contain anything of the operator's route:
///
/// ```compile_fail,E0308
/// # use canvass::*;
/// # use canvass::bulletin::*;
/// # use canvass::h3o::Resolution;
/// # fn show(route: Route, agency: Agency, now: jiff::Timestamp) -> Result<(), BulletinError> {
/// let bulletin = Bulletin::open(&route, &agency, "Text.", Resolution::Seven, now)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BulletinForm", into = "BulletinForm")]
pub struct Bulletin {
    said: BulletinContent,
    // INVARIANT: it is the history of the content.
    history: History,
}

/// The content of a bulletin: its digest begins the history.
#[derive(Clone, Debug, PartialEq, Eq)]
struct BulletinContent {
    text: String,
    agency: String,
    incident: IncidentKind,
    policy_version: String,
    cover: Cover,
    camera_scope: CameraScope,
    // INVARIANT: both ends are whole hours of UTC.
    window: TimeWindow,
}

impl Bulletin {
    /// Publishes a request of `agency` at `now`, with a text and cells of an H3 resolution.
    ///
    /// O(c v) for c cells and v vertices of the area.
    ///
    /// # Errors
    ///
    /// If the request is another agency's; if the text is blank or breaks a rule of
    /// [`lint_public`], with all findings at once; if `now` is before the review; or if the area
    /// has no
    /// cover of that resolution: see [`CoverError`](crate::bulletin::CoverError).
    pub fn open(
        authorized: &AuthorizedRequest,
        agency: &Agency,
        text: &str,
        resolution: Resolution,
        now: Timestamp,
    ) -> Result<Self, BulletinError> {
        let request = authorized.request();
        if request.agency != agency.id {
            return Err(BulletinError::Agency { named: request.agency, known: agency.id });
        }
        let reviewed_at = authorized.reviewed_at();
        if now < reviewed_at {
            return Err(BulletinError::Backwards { at: now, last: reviewed_at });
        }
        let said = BulletinContent {
            text: linted(text)?,
            agency: agency.name.clone(),
            incident: request.incident,
            policy_version: authorized.policy_version().to_owned(),
            cover: Cover::new(&request.area, resolution).map_err(BulletinError::Cover)?,
            camera_scope: request.camera_scope,
            window: whole_hours(&request.window).ok_or(BulletinError::Window)?,
        };
        let history = History::open(said.digest(), now);
        Ok(Self { said, history })
    }

    /// Adds a correction, also after the end.
    ///
    /// # Errors
    ///
    /// If the text is blank or breaks a rule of [`lint_public`], or `now` is before the
    /// last entry.
    pub fn correct(&mut self, text: &str, now: Timestamp) -> Result<(), BulletinError> {
        self.history.append(now, BulletinEvent::Correction(linted(text)?))
    }

    /// Publishes that nobody is asked any more, and why.
    ///
    /// # Errors
    ///
    /// If it has ended already, or `now` is before the last entry.
    pub fn end(&mut self, ending: Ending, now: Timestamp) -> Result<(), BulletinError> {
        self.history.append(now, BulletinEvent::Ended(ending))
    }

    /// The public text, as it was when opened; corrections are in the history.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.said.text
    }

    /// The name of the agency that asked.
    #[must_use]
    pub fn agency(&self) -> &str {
        &self.said.agency
    }

    /// The kind of incident.
    #[must_use]
    pub fn incident(&self) -> IncidentKind {
        self.said.incident
    }

    /// The version of the policy that let the request pass.
    #[must_use]
    pub fn policy_version(&self) -> &str {
        &self.said.policy_version
    }

    /// The H3 resolution of the cells, between 5 and 8.
    #[must_use]
    pub fn resolution(&self) -> Resolution {
        self.said.cover.resolution()
    }

    /// The H3 cells that the area meets, in H3's own writing and ascending.
    ///
    /// Every position of the area is in one of them; one that the area misses by less than a
    /// hundredth of a cell may be among them.
    #[must_use]
    pub fn cells(&self) -> impl ExactSizeIterator<Item = String> + '_ {
        self.said.cover.names()
    }

    /// Which cameras were asked for: where they may stand outside the area, they may stand outside
    /// the [cells](Self::cells) as well.
    #[must_use]
    pub fn camera_scope(&self) -> CameraScope {
        self.said.camera_scope
    }

    /// The request's window, widened to whole hours of UTC.
    #[must_use]
    pub fn window(&self) -> &TimeWindow {
        &self.said.window
    }

    /// The history, the opening first.
    #[must_use]
    pub fn history(&self) -> impl DoubleEndedIterator<Item = &BulletinEntry> {
        self.history.entries()
    }

    /// How it ended; `None` while it is open.
    #[must_use]
    pub fn ending(&self) -> Option<Ending> {
        self.history.ending()
    }

    /// The digest of the bulletin and its history up to now. Keep it to find out whether the
    /// bulletin is ever rewritten.
    ///
    /// The SHA-256 digest of `canvass/bulletin/entry/1`, the digest before, the last entry's instant
    /// and its event. Before the first is the digest of `canvass/bulletin/1`, the text, the agency's
    /// name, the code of the incident's kind, the policy's version, the resolution, the list of
    /// cells, the window, and `seeing_into` if cameras that see into the area are asked for.
    #[must_use]
    pub fn head(&self) -> Digest {
        self.history.head()
    }

    /// Whether this bulletin had that head, perhaps with fewer entries. Use it on a head that you
    /// kept. O(n) in the history.
    #[must_use]
    pub fn continues(&self, head: &Digest) -> bool {
        self.history().any(|entry| entry.digest() == *head)
    }

    /// The cells as a GeoJSON `FeatureCollection`, a feature for each: polygons that share edges
    /// are no valid multipolygon. Cells at the antimeridian are split there, as RFC 7946 requires.
    #[must_use]
    pub fn to_geojson(&self) -> String {
        feature_collection(self.said.cover.polygons().map(|(cell, geometry)| {
            let properties = Properties {
                cell,
                agency: &self.said.agency,
                incident: self.said.incident,
                camera_scope: self.said.camera_scope,
                start: self.said.window.start(),
                end: self.said.window.end(),
            };
            (properties, geometry)
        }))
    }
}

impl BulletinContent {
    fn digest(&self) -> Digest {
        let encoder = Encoder::new("canvass/bulletin/1")
            .text(&self.text)
            .text(&self.agency)
            .text(self.incident.code())
            .text(&self.policy_version);
        self.cover.encode(encoder).window(&self.window).camera_scope(self.camera_scope).finish()
    }
}

/// The wire form of a bulletin, before it is validated.
#[derive(Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", rename = "Bulletin", deny_unknown_fields)]
struct BulletinForm {
    text: String,
    agency: String,
    incident: IncidentKind,
    policy_version: String,
    resolution: u8,
    cells: Vec<String>,
    #[serde(default, skip_serializing_if = "CameraScope::is_default")]
    camera_scope: CameraScope,
    window: TimeWindow,
    history: Vec<BulletinEntry>,
}

impl TryFrom<BulletinForm> for Bulletin {
    type Error = BulletinReadError;

    /// Texts are not linted again: rules may grow, and published texts stay readable.
    fn try_from(written: BulletinForm) -> Result<Self, Self::Error> {
        let BulletinForm { text, agency, incident, policy_version, camera_scope, window, .. } =
            written;
        if whole_hours(&window) != Some(window) {
            return Err(BulletinReadError::Window);
        }
        let cover = Cover::read(written.resolution, &written.cells)?;
        let said =
            BulletinContent { text, agency, incident, policy_version, cover, camera_scope, window };
        let history = History::read(said.digest(), written.history)?;
        Ok(Self { said, history })
    }
}

impl From<Bulletin> for BulletinForm {
    fn from(bulletin: Bulletin) -> Self {
        let (resolution, cells) = (bulletin.resolution().into(), bulletin.cells().collect());
        let history = bulletin.history().cloned().collect();
        let said = bulletin.said;
        Self {
            resolution,
            cells,
            history,
            text: said.text,
            agency: said.agency,
            incident: said.incident,
            policy_version: said.policy_version,
            camera_scope: said.camera_scope,
            window: said.window,
        }
    }
}

#[derive(Serialize)]
struct Properties<'a> {
    cell: String,
    agency: &'a str,
    incident: IncidentKind,
    #[serde(skip_serializing_if = "CameraScope::is_default")]
    camera_scope: CameraScope,
    start: Timestamp,
    end: Timestamp,
}

fn linted(text: &str) -> Result<String, BulletinError> {
    if text.trim().is_empty() {
        return Err(BulletinError::TextMissing);
    }
    lint_public(text).map_err(BulletinError::Findings)?;
    Ok(text.to_owned())
}

/// The smallest window of whole hours around a window; `None` where the calendar starts.
fn whole_hours(window: &TimeWindow) -> Option<TimeWindow> {
    let hours = |second: i64| Timestamp::from_second(second.checked_mul(HOUR)?).ok();
    let start = seconds(window.start()).div_euclid(HOUR);
    // Half-open: an end that is a whole hour stays.
    let end = seconds(window.end()).checked_sub(1)?.div_euclid(HOUR).checked_add(1)?;
    TimeWindow::new(hours(start)?, hours(end)?).ok()
}
