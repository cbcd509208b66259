//! The records of the domain, each valid by construction.
//!
//! In reading order: `ids`, `agency`, `camera` with `facing`, `consent` with `ask_limit` (the readable specification of consent),
//! `time`, `zone`, `quiet_hours`, `sensitive_place` and `sensitive_places`.

mod agency;
mod ask_limit;
mod camera;
mod consent;
mod facing;
mod ids;
mod quiet_hours;
mod sensitive_place;
mod sensitive_places;
mod time;
mod zone;

pub use agency::{Agency, AgencyKind, CodeError, IncidentKind};
pub use ask_limit::{AskLimit, AskLimitError};
pub(crate) use ask_limit::{AskTime, UsedShares};
pub(crate) use camera::NEVER;
pub use camera::{Camera, Recording, RecordingError};
pub(crate) use consent::ConsentPeriod;
pub use consent::{Ask, Consent, Denial, Question, Scope, Standing};
pub use facing::{Facing, FacingError};
pub(crate) use facing::{near, within_reach};
pub use ids::{AgencyId, CameraId, IdError, OwnerId, RequestId};
pub(crate) use quiet_hours::or_none;
pub use quiet_hours::{QuietHours, QuietHoursError};
pub use sensitive_place::{SensitiveKind, SensitivePlace, SensitivePlaceError, SensitiveRule};
pub use sensitive_places::SensitivePlaces;
pub(crate) use time::{DAY, day, read_instant, seconds};
pub use time::{TimeWindow, TimeWindowError};
pub use zone::{Zone, ZoneError};
