//! Changes to a registry, as values that a service can log and replay.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::geometry::Position;
use crate::model::{AgencyId, Camera, CameraId, Consent, OwnerId, read_instant};

/// One change to a registry.
///
/// New kinds may be added: where you match, handle the kinds that you do not know, or use
/// [`camera`](Self::camera), [`owner`](Self::owner) and [`position`](Self::position). A kind gets no
/// further field that its texts would have to have.
///
/// In serde formats: an object with one key, the change's name in `snake_case`. This form is stable:
/// a log can keep changes as JSON, to be [replayed](crate::Registry::replay), and later releases read
/// logs of earlier ones.
///
/// ```
/// use canvass::{Change, OwnerId};
///
/// let change: Change = serde_json::from_str(r#"{"withdraw":{"owner":7}}"#)?;
/// assert_eq!(change, Change::Withdraw { owner: OwnerId(7) });
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Change {
    /// Registers a camera that is not registered yet.
    Register(Camera),
    /// Puts a camera in the place of the registered one with the same id; the owner may change.
    Replace(Camera),
    /// Registers a camera or, if one with its id is registered, puts it in that one's place; the
    /// owner may change. Use it for a feed of records whose earlier state you do not keep.
    ///
    /// ```
    /// use canvass::{Camera, CameraId, Change, OwnerId, Position, Recording, Registry};
    ///
    /// let (owner, recording) = (OwnerId(1), Recording::kept_for_days(30));
    /// let at = |lon| Position::new(lon, 40.77);
    /// let porch = Camera::new(CameraId(7), owner, at(-73.97)?, recording);
    /// let moved = porch.with_position(at(-73.98)?);
    /// let registry = Registry::new();
    /// registry.apply([Change::Upsert(porch), Change::Upsert(moved)])?;
    /// assert_eq!(registry.camera(CameraId(7)), Some(moved));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    Upsert(Camera),
    /// Moves a registered camera.
    Move {
        /// Which camera.
        camera: CameraId,
        /// Where it stands now.
        position: Position,
    },
    /// Removes a registered camera. Its owner's consent and history stay.
    Remove {
        /// Which camera.
        camera: CameraId,
    },
    /// Sets an owner's consent, before or after they register cameras. A consent that is not
    /// granted is a withdrawal; its other fields are ignored.
    SetConsent {
        /// Whose consent.
        owner: OwnerId,
        /// The consent.
        consent: Consent,
    },
    /// Withdraws an owner's consent, if they gave any. The history of when they were asked stays.
    Withdraw {
        /// Whose consent.
        owner: OwnerId,
    },
    /// Forgets an owner's consent and when they were asked, as if they had never been known: their
    /// limits begin anew. Their cameras stay: to erase an owner, remove them in the same list.
    Forget {
        /// Who is forgotten.
        owner: OwnerId,
    },
    /// Records that an owner was asked, which counts towards their limit and towards the agency's share
    /// of it.
    ///
    /// Texts of earlier versions are read as they were meant: without an agency, and with one as
    /// `record_asked_by`.
    ///
    /// ```
    /// use canvass::{AgencyId, Change, OwnerId};
    ///
    /// let read = |text: &str| serde_json::from_str::<Change>(text);
    /// let at = "2026-05-10T12:00:00Z".parse()?;
    /// let asked = |agency| Change::RecordAsked { owner: OwnerId(7), agency, at };
    /// let text = r#"{"record_asked":{"owner":7,"agency":3,"at":"2026-05-10T12:00:00Z"}}"#;
    /// assert_eq!(read(text)?, asked(Some(AgencyId(3))));
    /// let earlier = r#"{"record_asked":{"owner":7,"at":"2026-05-10T12:00:00Z"}}"#;
    /// assert_eq!(read(earlier)?, asked(None));
    /// let earlier = r#"{"record_asked_by":{"owner":7,"agency":3,"at":"2026-05-10T12:00:00Z"}}"#;
    /// assert_eq!(read(earlier)?, asked(Some(AgencyId(3))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[serde(alias = "record_asked_by")]
    RecordAsked {
        /// Who was asked.
        owner: OwnerId,
        /// By which agency. `None` if nobody knows, as in logs from before shares: it then counts towards the
        /// limit, and towards no agency's share.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agency: Option<AgencyId>,
        /// When.
        #[serde(deserialize_with = "read_instant")]
        at: Timestamp,
    },
}

impl Change {
    /// The camera that is registered, replaced, moved or removed.
    #[must_use]
    pub const fn camera(&self) -> Option<CameraId> {
        match self {
            Self::Register(camera) | Self::Replace(camera) | Self::Upsert(camera) => {
                Some(camera.id)
            }
            Self::Move { camera, .. } | Self::Remove { camera } => Some(*camera),
            Self::SetConsent { .. }
            | Self::Withdraw { .. }
            | Self::Forget { .. }
            | Self::RecordAsked { .. } => None,
        }
    }

    /// The owner whom the change names; one that moves or removes a camera names nobody.
    ///
    /// Use this, [`camera`](Self::camera) and [`position`](Self::position) to sort changes of any
    /// kind: they know the kinds that later releases add.
    ///
    /// ```
    /// use canvass::{CameraId, Change, OwnerId};
    ///
    /// assert_eq!(Change::Withdraw { owner: OwnerId(7) }.owner(), Some(OwnerId(7)));
    /// assert_eq!(Change::Remove { camera: CameraId(7) }.owner(), None);
    /// ```
    #[must_use]
    pub const fn owner(&self) -> Option<OwnerId> {
        match self {
            Self::Register(camera) | Self::Replace(camera) | Self::Upsert(camera) => {
                Some(camera.owner)
            }
            Self::SetConsent { owner, .. }
            | Self::Withdraw { owner }
            | Self::Forget { owner }
            | Self::RecordAsked { owner, .. } => Some(*owner),
            Self::Move { .. } | Self::Remove { .. } => None,
        }
    }

    /// The position at which the change puts a camera.
    #[must_use]
    pub const fn position(&self) -> Option<Position> {
        match self {
            Self::Register(camera) | Self::Replace(camera) | Self::Upsert(camera) => {
                Some(camera.position)
            }
            Self::Move { position, .. } => Some(*position),
            Self::Remove { .. }
            | Self::SetConsent { .. }
            | Self::Withdraw { .. }
            | Self::Forget { .. }
            | Self::RecordAsked { .. } => None,
        }
    }
}

/// Why changes were not applied: none of them was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("change {index} cannot be applied, so none was: {reason}")]
pub struct ChangeError {
    /// The index of the change, from 0.
    pub index: usize,
    /// The reason.
    pub reason: ChangeRefusal,
}

/// A change that was left out because it cannot be applied: see
/// [`Registry::apply_skipping`](crate::Registry::apply_skipping).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("change {index} was skipped: {reason}")]
#[non_exhaustive]
pub struct SkippedChange {
    /// The index of the change, from 0.
    pub index: usize,
    /// Why it cannot be applied.
    pub reason: ChangeRefusal,
}

/// The reason why a change is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeRefusal {
    /// A camera to be registered is registered already.
    #[error("camera `{camera}` is registered already; replace or move it")]
    AlreadyRegistered {
        /// Which camera.
        camera: CameraId,
    },
    /// A camera is not registered.
    #[error("camera `{camera}` is not registered")]
    NotRegistered {
        /// Which camera.
        camera: CameraId,
    },
    /// Two consents were given for one owner while loading.
    #[error("owner `{owner}` has two consents; give the one that holds")]
    TwoConsents {
        /// Whose consents.
        owner: OwnerId,
    },
    /// The registry is full: it holds four billion cameras and, while loading, two billion distinct
    /// scopes.
    #[error(
        "the registry is full: it holds four billion cameras and, at loading, two billion distinct scopes"
    )]
    RegistryFull,
    /// No revision comes after the registry's.
    #[error("the registry is at the last revision that there is")]
    NoMoreRevisions,
}

impl ChangeRefusal {
    /// The refusal's stable `snake_case` code.
    ///
    /// ```
    /// use canvass::{CameraId, Change, Registry};
    ///
    /// let refused = Registry::new().apply([Change::Remove { camera: CameraId(1) }]);
    /// assert_eq!(refused.map(|_| ()).map_err(|error| error.reason.code()), Err("not_registered"));
    /// ```
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AlreadyRegistered { .. } => "already_registered",
            Self::NotRegistered { .. } => "not_registered",
            Self::TwoConsents { .. } => "two_consents",
            Self::RegistryFull => "registry_full",
            Self::NoMoreRevisions => "no_more_revisions",
        }
    }
}
