#![doc = include_str!("../README.md")]

pub mod agency;
pub mod ask_limit;
pub mod authorized;
mod bits;
mod by_name;
pub mod camera;
pub mod case_file;
mod case_file_error;
pub mod consent;
pub mod disclosure;
pub mod facing;
pub mod geometry;
pub mod lifecycle;
pub mod open_requests;
pub mod policy;
pub mod quiet_hours;
pub mod registry;
pub mod reopen;
pub mod request;
mod review;
pub mod routing;
pub mod sensitive;
mod sensitive_place;
pub mod time;
pub mod violation;
pub mod zone;

mod parallel;

#[doc(inline)]
pub use agency::{Agency, AgencyId, AgencyKind, IncidentKind};
#[doc(inline)]
pub use ask_limit::{AskLimit, AskLimitError};
#[doc(inline)]
pub use authorized::AuthorizedRequest;
#[doc(inline)]
pub use camera::{Camera, CameraId, OwnerId, Recording, RecordingError};
#[doc(inline)]
pub use case_file::{CaseFile, CaseFileError, OpenedRequest, RequestId, RequestState};
#[doc(inline)]
pub use consent::{Consent, Denial, Question, Scope, Standing};
#[doc(inline)]
pub use disclosure::audit::{
    Asked, AskedTags, AskedTagsError, AuditEntry, AuditEvent, AuditLog, ConsistencyProof, Digest,
    DigestError, EntryError, EntrySeed, InclusionProof, NonceReused, OpeningError, OwnerSalt,
    PartiesKey, ProofError, SaltMissing, SubjectKey, TreeHead,
};
#[doc(inline)]
pub use disclosure::notice::{
    DraftError, Finding, Findings, Letter, Mailing, MailingError, Notice, NoticeDraft, NoticeRule,
    NoticeTemplate, Placeholder, ReviewError, TemplateError,
};
#[doc(inline)]
pub use disclosure::{Answer, Band, Outcome, OutcomeError, Outcomes, OutcomesReadError, Release};
#[doc(inline)]
pub use disclosure::{
    Bulletin, BulletinEntry, BulletinError, BulletinEvent, BulletinReadError, CoverError, Ending,
};
#[doc(inline)]
pub use disclosure::{Coverage, CoverageCell, CoverageError, Receipt};
#[doc(inline)]
pub use facing::{Facing, FacingError};
#[doc(inline)]
pub use geometry::{Area, AreaError, Flaw, Place, Position, PositionError, Repaired};
#[doc(inline)]
pub use open_requests::{LifecycleEvent, LifecycleStep, OpenRequests, OpenRequestsError};
#[doc(inline)]
pub use policy::{FutureWindows, Jurisdiction, Paperwork, Policy, PolicyError, SeeingInto};
#[doc(inline)]
pub use quiet_hours::{QuietHours, QuietHoursError};
#[doc(inline)]
pub use registry::{
    Change, ChangeError, ChangeRefusal, Layout, Registry, ReplayError, Revision, Snapshot, Tile,
    TileChanges, TileError, TileFlaw, TileKey, TileKeyError,
};
#[doc(inline)]
pub use reopen::ReopenError;
#[doc(inline)]
pub use request::{Request, Sight};
#[doc(inline)]
pub use routing::{Explanation, Funnel, Recipient, Recipients, Route, Scratch, SimdLevel};
#[doc(inline)]
pub use sensitive::{
    SensitiveKind, SensitivePlace, SensitivePlaceError, SensitivePlaces, SensitiveRule,
};
#[doc(inline)]
pub use time::{TimeWindow, TimeWindowError};
#[doc(inline)]
pub use violation::{Violation, Violations};
#[doc(inline)]
pub use zone::{Zone, ZoneError};

// Their types are in signatures: a caller who names them has the versions that fit.
pub use {geo_types, h3o, jiff};
