//! Registered cameras, their owners, and the footage that they keep.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::facing::Facing;
use super::ids::{CameraId, OwnerId};
use super::time::{DAY, TimeWindow, read_some_instant, seconds};
use crate::geometry::{Area, Position};

/// One registered camera. You need its id and position, its owner's id, and its [`Recording`].
///
/// ```
/// use canvass::{Camera, CameraId, OwnerId, Position, Recording};
///
/// let place = Position::new(-73.974, 40.771)?;
/// let porch = Camera::new(CameraId(7), OwnerId(1), place, Recording::kept_for_days(60));
/// assert_eq!(serde_json::from_str::<Camera>(&serde_json::to_string(&porch)?)?, porch);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", deny_unknown_fields)]
#[non_exhaustive]
pub struct Camera {
    /// The camera's id.
    pub id: CameraId,
    /// The id of its owner.
    pub owner: OwnerId,
    /// Its position.
    pub position: Position,
    /// The times in which it records, and how long it keeps footage.
    pub recording: Recording,
    /// The direction in which it looks, if that is on record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facing: Option<Facing>,
}

impl Camera {
    /// A camera without a facing on record. Use [`with_facing`](Self::with_facing) to add one.
    ///
    /// ```
    /// use canvass::{Camera, CameraId, OwnerId, Position, Recording};
    ///
    /// let porch = Position::new(-73.9741, 40.7711)?;
    /// let camera = Camera::new(CameraId(7), OwnerId(1), porch, Recording::kept_for_days(30));
    /// assert_eq!(camera.facing, None);
    /// # Ok::<(), canvass::error::PositionError>(())
    /// ```
    #[must_use]
    pub const fn new(
        id: CameraId,
        owner: OwnerId,
        position: Position,
        recording: Recording,
    ) -> Self {
        Self { id, owner, position, recording, facing: None }
    }

    /// The same camera with the direction in which it looks, or with `None` if that is not on record.
    #[must_use]
    pub fn with_facing(self, facing: impl Into<Option<Facing>>) -> Self {
        Self { facing: facing.into(), ..self }
    }

    /// The same camera with another id.
    #[must_use]
    pub const fn with_id(self, id: CameraId) -> Self {
        Self { id, ..self }
    }

    /// The same camera in the hands of another owner.
    #[must_use]
    pub const fn with_owner(self, owner: OwnerId) -> Self {
        Self { owner, ..self }
    }

    /// The same camera at another position.
    #[must_use]
    pub const fn with_position(self, position: Position) -> Self {
        Self { position, ..self }
    }

    /// The same camera with other footage.
    #[must_use]
    pub const fn with_recording(self, recording: Recording) -> Self {
        Self { recording, ..self }
    }

    /// Whether the camera can see into an area: it stands in it, or its [view](Facing) and the area
    /// have a point in common, the boundaries included. A camera without a facing sees into the areas
    /// that it stands in. The readable specification; the routing core decides the same for blocks.
    ///
    /// Exact, across the antimeridian too. O(n) for n vertices of the area.
    ///
    /// ```
    /// use canvass::{Area, Camera, CameraId, Facing, OwnerId, Position, Recording};
    ///
    /// let door = Position::new(-73.9801, 40.765)?;
    /// let camera = Camera::new(CameraId(7), OwnerId(1), door, Recording::kept_for_days(30));
    /// let looking = |bearing| Facing::new(bearing, 110.0, 25.0).map(|it| camera.with_facing(it));
    /// let park = Area::from_bounds(-73.98, 40.76, -73.97, 40.77)?;
    /// assert!(looking(90.0)?.sees_into(&park));
    /// assert!(!looking(270.0)?.sees_into(&park));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn sees_into(&self, area: &Area) -> bool {
        // A view hangs together: one that begins outside comes in by the boundary.
        area.covers(self.position)
            || self.facing.is_some_and(|facing| {
                let mut copies = facing.fan(self.position).copies();
                copies.any(|view| area.boundary().touches(&view))
            })
    }
}

/// When a camera records and for how long it keeps footage.
///
/// At an instant `now` there is footage of `[max(since, now - kept), min(until, now))`.
/// A camera without a storage plan keeps nothing: 0 days.
///
/// ```
/// use canvass::{Recording, TimeWindow};
///
/// let recording = Recording::between("2026-04-20T00:00:00Z".parse()?, None, 7)?;
/// let evening: TimeWindow = "2026-05-01T18:00:00Z/2026-05-01T21:00:00Z".parse()?;
/// assert!(recording.has_footage(&evening, "2026-05-02T09:00:00Z".parse()?));
/// assert!(!recording.has_footage(&evening, "2026-05-08T21:00:00Z".parse()?), "written over");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Spans", into = "Spans")]
pub struct Recording {
    // INVARIANT: since < until. Seconds from 1970 in 32 bits reach 2106; `NEVER` means no end.
    since: u32,
    until: u32,
    kept_days: u16,
}

/// `until` of a camera that still records.
pub(crate) const NEVER: u32 = u32::MAX;

impl Recording {
    /// A camera that has always recorded, still does, and keeps footage for so many days of 24
    /// hours.
    #[must_use]
    pub const fn kept_for_days(days: u16) -> Self {
        Self { since: 0, until: NEVER, kept_days: days }
    }

    /// A camera that records since `since` and, if it was taken down, until `until`.
    ///
    /// # Errors
    ///
    /// If `until` is not after `since`, or either is not between 1970 and early 2106.
    pub fn between(
        since: Timestamp,
        until: Option<Timestamp>,
        kept_days: u16,
    ) -> Result<Self, RecordingError> {
        let narrow = |instant: Timestamp| {
            u32::try_from(seconds(instant))
                .ok()
                .filter(|&second| second != NEVER)
                .ok_or(RecordingError::OutOfRange { instant })
        };
        let (from, to) = (narrow(since)?, until.map_or(Ok(NEVER), narrow)?);
        match until {
            Some(until) if to <= from => Err(RecordingError::Empty { since, until }),
            _ => Ok(Self { since: from, until: to, kept_days }),
        }
    }

    /// The first second recorded.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        Timestamp::from_second(i64::from(self.since)).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// The first second no longer recorded, if the camera was taken down.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        if self.until == NEVER { None } else { Timestamp::from_second(i64::from(self.until)).ok() }
    }

    /// For how many days of 24 hours footage is kept.
    #[must_use]
    pub const fn kept_days(&self) -> u16 {
        self.kept_days
    }

    /// Whether at `now` there is footage of any part of `window`. The readable specification; the
    /// routing core decides the same for 64 cameras at once.
    #[must_use]
    pub fn has_footage(&self, window: &TimeWindow, now: Timestamp) -> bool {
        let now = seconds(now);
        let first = i64::from(self.since).max(now - i64::from(self.kept_days) * DAY);
        let until = if self.until == NEVER { i64::MAX } else { i64::from(self.until) };
        let end = until.min(now);
        first.max(seconds(window.start())) < end.min(seconds(window.end()))
    }

    pub(crate) const fn columns(self) -> (u32, u32, u16) {
        (self.since, self.until, self.kept_days)
    }

    pub(crate) const fn from_columns(since: u32, until: u32, kept_days: u16) -> Self {
        Self { since, until, kept_days }
    }
}

/// In instants, not as it is held.
impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording")
            .field("since", &self.since())
            .field("until", &self.until())
            .field("kept_days", &self.kept_days)
            .finish()
    }
}

/// Why instants do not make a [`Recording`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// The camera would have stopped before it started.
    #[error("recording until `{until}` does not end after it starts at `{since}`")]
    Empty {
        /// The start given.
        since: Timestamp,
        /// The end given.
        until: Timestamp,
    },
    /// An instant is before 1970 or after early 2106.
    #[error("recording time `{instant}` is not between 1970 and 2106")]
    OutOfRange {
        /// The instant given.
        instant: Timestamp,
    },
}

/// The wire form of a recording, before it is validated.
#[derive(Serialize, Deserialize)]
#[serde(
    crate = "crate::util::by_name",
    deny_unknown_fields,
    expecting = "an object with `kept_days`, and `since` and `until` where known"
)]
struct Spans {
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "read_some_instant"
    )]
    since: Option<Timestamp>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "read_some_instant"
    )]
    until: Option<Timestamp>,
    kept_days: u16,
}

impl TryFrom<Spans> for Recording {
    type Error = RecordingError;

    fn try_from(spans: Spans) -> Result<Self, Self::Error> {
        let since = spans.since.unwrap_or(Timestamp::UNIX_EPOCH);
        Self::between(since, spans.until, spans.kept_days)
    }
}

impl From<Recording> for Spans {
    fn from(recording: Recording) -> Self {
        let since = (recording.since != 0).then(|| recording.since());
        Self { since, until: recording.until(), kept_days: recording.kept_days }
    }
}
