#![doc = include_str!("../README.md")]

pub mod agency;
pub mod ask_limit;
pub mod authorized;
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

pub use agency::{Agency, AgencyId, AgencyKind, IncidentKind};
pub use ask_limit::{AskLimit, AskLimitError};
pub use authorized::AuthorizedRequest;
pub use camera::{Camera, CameraId, OwnerId, Recording, RecordingError};
pub use case_file::{CaseFile, CaseFileError, OpenedRequest, RequestId, RequestState};
pub use consent::{Consent, Denial, Question, Scope, Standing};
pub use disclosure::audit::{
    Asked, AskedTags, AskedTagsError, AuditEntry, AuditEvent, AuditLog, ConsistencyProof, Digest,
    DigestError, EntryError, EntrySeed, InclusionProof, NonceReused, OpeningError, OwnerSalt,
    PartiesKey, ProofError, SaltMissing, SubjectKey, TreeHead,
};
pub use disclosure::notice::{
    DraftError, Finding, Findings, Letter, Mailing, MailingError, Notice, NoticeDraft, NoticeRule,
    NoticeTemplate, Placeholder, ReviewError, TemplateError,
};
pub use disclosure::{Answer, Band, Outcome, OutcomeError, Outcomes, OutcomesReadError, Release};
pub use disclosure::{
    Bulletin, BulletinEntry, BulletinError, BulletinEvent, BulletinReadError, CoverError, Ending,
};
pub use disclosure::{Coverage, CoverageCell, CoverageError, Receipt};
pub use facing::{Facing, FacingError};
pub use geometry::{Area, AreaError, Flaw, Place, Position, PositionError, Repaired};
pub use open_requests::{LifecycleEvent, LifecycleStep, OpenRequests, OpenRequestsError};
pub use policy::{FutureWindows, Jurisdiction, Paperwork, Policy, SeeingInto};
pub use quiet_hours::{QuietHours, QuietHoursError};
pub use registry::{
    Change, ChangeError, ChangeRefusal, Layout, Registry, ReplayError, Revision, Snapshot, Tile,
    TileChanges, TileError, TileFlaw, TileKey, TileKeyError,
};
pub use reopen::ReopenError;
pub use request::{Request, Sight};
pub use routing::{Explanation, Funnel, Recipient, Recipients, Route, Scratch, SimdLevel};
pub use sensitive::{
    SensitiveKind, SensitivePlace, SensitivePlaceError, SensitivePlaces, SensitiveRule,
};
pub use time::{TimeWindow, TimeWindowError};
pub use violation::{Violation, Violations};
pub use zone::{Zone, ZoneError};
