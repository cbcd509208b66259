// Link targets of the README, as these pages reach them: the first definition of a name counts.
#![cfg_attr(doc, doc = include_str!("../docs/picture.md"))]
#![cfg_attr(
    doc,
    doc = "\n[guarantees]: _documentation::guarantees\n[security]: _documentation::security"
)]
#![cfg_attr(
    doc,
    doc = "[design]: _documentation::design\n[performance]: _documentation::performance\n"
)]
#![doc = include_str!("../README.md")]

mod disclosure;
mod geometry;
mod model;
mod open_requests;
pub mod parts;
mod registry;
mod request;
mod routing;
mod util;

#[doc(inline)]
pub use disclosure::{Band, Receipt, audit, bulletin, coverage, notice, outcome};
#[doc(inline)]
pub use geometry::{Area, Position, Repaired};
#[doc(inline)]
pub use model::{
    Agency, AgencyId, AgencyKind, Ask, AskLimit, Camera, CameraId, Consent, Denial, Facing,
    IncidentKind, OwnerId, Question, QuietHours, Recording, RequestId, Scope, Standing, TimeWindow,
    Zone,
};
#[doc(inline)]
pub use open_requests::{LifecycleEvent, LifecycleStep, OpenRequests};
#[doc(inline)]
pub use registry::{Change, Layout, Registry, Revision, Snapshot};
#[doc(inline)]
pub use request::{
    AuthorizedRequest, CameraScope, CaseFile, OpenedRequest, Policy, Request, RequestState,
    StandingRequest, Violation, Violations,
};
#[doc(inline)]
pub use routing::{
    Explanation, Funnel, OperatorFunnel, Recipient, Recipients, Route, Scratch, SimdLevel,
};

/// The parts of a [`Policy`]: its requirements, and the places that it protects.
pub mod policy {
    pub use crate::model::{SensitiveKind, SensitivePlace, SensitivePlaces, SensitiveRule};
    pub use crate::request::{Anonymity, CaseDetails, FutureWindows, Jurisdiction, SeeingInto};
}

/// A [`Registry`] as bytes that a service keeps, and reads back after a restart.
pub mod tiles {
    pub use crate::registry::{Tile, TileChanges, TileKey};
}

/// Errors, one for each constructor or step that can fail, with the place and the reason.
pub mod error {
    pub use crate::geometry::{AreaError, AreaFlaw, PositionError, VertexRef};
    pub use crate::model::{
        AskLimitError, CodeError, FacingError, IdError, QuietHoursError, RecordingError,
        SensitivePlaceError, TimeWindowError, ZoneError,
    };
    pub use crate::open_requests::OpenRequestsError;
    pub use crate::registry::{
        ChangeError, ChangeRefusal, ReplayError, SkippedChange, TileError, TileFlaw, TileKeyError,
    };
    pub use crate::request::{CaseFileError, PolicyError, ReopenError};
    pub use crate::routing::RecheckError;
}

/// Pages of the repository: guarantees, security, design, defences, performance, formats and parts.
#[cfg(doc)]
pub mod _documentation {
    #[doc = include_str!("../docs/guarantees.md")]
    pub mod guarantees {}
    #[doc = include_str!("../SECURITY.md")]
    pub mod security {}
    #[doc = include_str!("../DESIGN.md")]
    pub mod design {}
    #[doc = include_str!("../docs/performance.md")]
    pub mod performance {}
    #[doc = include_str!("../docs/formats.md")]
    pub mod formats {}
    #[doc = include_str!("../docs/defences.md")]
    pub mod defences {}
    #[doc = include_str!("../docs/parts.md")]
    pub mod parts {}
}

// Their types are in signatures: a caller who names them has the versions that fit.
pub use {geo_types, h3o, jiff};
