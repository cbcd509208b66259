//! Why a request was refused.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::policy_error::PolicyError;
use crate::geometry::Position;
use crate::model::{AgencyId, AgencyKind, RequestId, SensitiveKind};
use crate::util::coded_enum;

/// All the reasons why a request was refused: never empty, in a fixed order.
///
/// In serde formats a list of objects with a `code` and a `message`.
///
/// ```
/// # use canvass::*;
/// # let area = Area::from_bounds(10.0, 50.0, 10.01, 50.01)?;
/// # let window = "2026-05-01T18:00:00Z/2026-05-01T21:00:00Z".parse()?;
/// # let agency = Agency::new(AgencyId(3), "Police", AgencyKind::Local);
/// # let request = Request::new(agency.id, IncidentKind::Burglary, area, window).with_case("26-0117");
/// # let now = "2026-05-02T09:00:00Z".parse()?;
/// let refused = Policy::in_zone(Zone::UTC).review(&request, &agency, &CaseFile::new(agency.id), now);
/// let violations = refused.unwrap_err();
/// let codes: Vec<_> = violations.iter().map(Violation::code).collect();
/// assert_eq!(codes, ["jurisdiction_unknown", "contact_missing"]);
/// assert!(serde_json::to_string(&violations)?.contains(
///     r#"{"code":"contact_missing","message":"a contact is missing; name somebody whom an owner can call"}"#
/// ));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Violations(pub(crate) Vec<Violation>);

impl Violations {
    /// The violations, in a fixed order.
    pub fn iter(&self) -> std::slice::Iter<'_, Violation> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Violations {
    type Item = &'a Violation;
    type IntoIter = std::slice::Iter<'a, Violation>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, violation) in self.iter().enumerate() {
            write!(f, "{}{violation}", if i == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl std::error::Error for Violations {}

/// One limit that a request breaks: a stable code, and a sentence on which a person can act. Show
/// the sentence to the officer, and use the code in your program.
///
/// Violations never depend on any camera or owner.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// The policy's limits contradict each other: the operator's mistake, not the request's.
    #[error("the operator must correct the policy first: {error}")]
    InvalidPolicy {
        /// The contradiction.
        error: PolicyError,
    },
    /// The request names another agency than the one that submits it.
    #[error("the request names agency `{named}`, but it was submitted by agency `{known}`")]
    UnknownAgency {
        /// The agency that the request names.
        named: AgencyId,
        /// The agency in the operator's record.
        known: AgencyId,
    },
    /// Agencies of this kind may not ask.
    #[error("{kind} agencies may not ask here")]
    AgencyKindNotAllowed {
        /// The agency's kind.
        kind: AgencyKind,
    },
    /// The operator has no jurisdiction on record for the agency.
    #[error("the agency has no jurisdiction on record; the operator must add it first")]
    JurisdictionUnknown,
    /// The area reaches beyond the agency's jurisdiction.
    #[error("the area reaches beyond the agency's jurisdiction; draw it within")]
    OutsideJurisdiction,
    /// The area has more vertices than allowed.
    #[error("the area has {vertices} vertices; simplify it to at most {allowed}")]
    TooManyVertices {
        /// How many it has.
        vertices: u32,
        /// How many it may have.
        allowed: u32,
    },
    /// The area has more parts than allowed.
    #[error("the area has {parts} parts; at most {allowed} are allowed")]
    TooManyParts {
        /// How many it has.
        parts: u32,
        /// How many it may have.
        allowed: u32,
    },
    /// The area is smaller than allowed.
    #[error("the area is {:.0} m2; draw at least {:.0} m2", m2.floor(), allowed_m2.ceil())]
    AreaTooSmall {
        /// Its size in square metres.
        m2: f64,
        /// The smallest allowed.
        allowed_m2: f64,
    },
    /// The area is larger than allowed.
    #[error("the area is {:.0} m2; draw at most {:.0} m2", m2.ceil(), allowed_m2.floor())]
    AreaTooLarge {
        /// Its size in square metres.
        m2: f64,
        /// The largest allowed.
        allowed_m2: f64,
    },
    /// A part of the area is smaller than allowed, though the whole is not.
    #[error(
        "part {} of the area is {:.0} m2; each part must have at least {:.0} m2",
        part + 1,
        m2.floor(),
        allowed_m2.ceil()
    )]
    PartTooSmall {
        /// Which part, counted from 0; the message counts from one, as those of
        /// [`AreaError`](crate::error::AreaError) do.
        part: usize,
        /// Its size in square metres.
        m2: f64,
        /// The smallest allowed.
        allowed_m2: f64,
    },
    /// The area is narrower somewhere than allowed.
    #[error(
        "part {} of the area is {:.1} m wide between `{} {}` and `{} {}`; draw it at least {:.0} m wide, or \
         leave that piece out",
        part + 1,
        (m * 10.0).floor() / 10.0,
        ends[0].lon(), ends[0].lat(), ends[1].lon(), ends[1].lat(),
        allowed_m.ceil()
    )]
    TooNarrow {
        /// The part, counted from 0.
        part: usize,
        /// The length in metres of the shortest way across.
        m: f64,
        /// The least that is allowed.
        allowed_m: f64,
        /// The ends of that way, on the outline.
        ends: [Position; 2],
    },
    /// The window is shorter than allowed.
    #[error("the window is {asked:#}; ask for at least {allowed:#}")]
    WindowTooShort {
        /// How long it is.
        asked: SignedDuration,
        /// How long it must be.
        allowed: SignedDuration,
    },
    /// The window is longer than allowed.
    #[error("the window is {asked:#}; ask for at most {allowed:#}")]
    WindowTooLong {
        /// How long it is.
        asked: SignedDuration,
        /// How long it may be.
        allowed: SignedDuration,
    },
    /// The window has not passed yet.
    #[error("the window ends at `{end}`, after now, `{now}`; ask once it has passed")]
    WindowInFuture {
        /// The window's end.
        end: Timestamp,
        /// When the request was reviewed.
        now: Timestamp,
    },
    /// The window starts too long ago.
    #[error("the window starts at `{start}`, more than {allowed_days} days ago")]
    WindowTooOld {
        /// The window's start.
        start: Timestamp,
        /// How many days it may lie back.
        allowed_days: u32,
    },
    /// The request asks for cameras outside the area that see into it.
    #[error(
        "cameras that only see into the area may not be asked for; ask for those that stand in it"
    )]
    SeeingIntoNotAllowed,
    /// No case reference is named.
    #[error("a case reference is missing; name the case that this belongs to")]
    CaseReferenceMissing,
    /// No contact is named.
    #[error("a contact is missing; name somebody whom an owner can call")]
    ContactMissing,
    /// The case file that the request is reviewed against is another agency's.
    #[error("the request names agency `{named}`, but the case file is agency `{file}`'s")]
    OtherCaseFile {
        /// The agency that the request names.
        named: AgencyId,
        /// The agency whose file it is.
        file: AgencyId,
    },
    /// The case has had as many requests as are allowed.
    #[error("the case has had {allowed} requests, and no more are allowed")]
    CaseExhausted {
        /// How many are allowed.
        allowed: u32,
    },
    /// The area differs too little from that of an earlier request of the agency.
    #[error(
        "the area differs by {:.0} m2 from that of request `{id}`; draw the same one, or one that \
         differs by at least {:.0} m2",
        m2.floor(),
        allowed_m2.ceil()
    )]
    TooCloseToEarlier {
        /// The earlier request.
        id: RequestId,
        /// The size in square metres of the region in exactly one of the two.
        m2: f64,
        /// The least that is allowed.
        allowed_m2: f64,
    },
    /// The area overlaps those of more earlier requests than can be compared.
    #[error(
        "the area overlaps those of {overlaps} earlier requests; draw one that overlaps at most {allowed}"
    )]
    TooManyOverlaps {
        /// How many it overlaps.
        overlaps: u32,
        /// How many it may overlap.
        allowed: u32,
    },
    /// The area touches a place that the operator protects.
    #[error("the area touches the {kind} `{label}`, about which nobody may ask; draw around it")]
    SensitivePlace {
        /// The kind of place.
        kind: SensitiveKind,
        /// The operator's label for it.
        label: String,
    },
}

coded_enum! {
    impl Violation {
        InvalidPolicy = "invalid_policy",
        UnknownAgency = "unknown_agency",
        AgencyKindNotAllowed = "agency_kind_not_allowed",
        JurisdictionUnknown = "jurisdiction_unknown",
        OutsideJurisdiction = "outside_jurisdiction",
        TooManyVertices = "too_many_vertices",
        TooManyParts = "too_many_parts",
        AreaTooSmall = "area_too_small",
        AreaTooLarge = "area_too_large",
        PartTooSmall = "part_too_small",
        TooNarrow = "too_narrow",
        WindowTooShort = "window_too_short",
        WindowTooLong = "window_too_long",
        WindowInFuture = "window_in_future",
        WindowTooOld = "window_too_old",
        SeeingIntoNotAllowed = "seeing_into_not_allowed",
        CaseReferenceMissing = "case_reference_missing",
        ContactMissing = "contact_missing",
        OtherCaseFile = "other_case_file",
        CaseExhausted = "case_exhausted",
        TooCloseToEarlier = "too_close_to_earlier",
        TooManyOverlaps = "too_many_overlaps",
        SensitivePlace = "sensitive_place",
    }

    /// The codes of all violations, in the order in which a review names them. Use them to check
    /// that your service has a text for each.
    pub const CODES: &[&str];

    /// The violation's stable `snake_case` code.
    pub fn code;
}

impl Serialize for Violation {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut violation = serializer.serialize_struct("Violation", 2)?;
        violation.serialize_field("code", self.code())?;
        violation.serialize_field("message", &self.to_string())?;
        violation.end()
    }
}
