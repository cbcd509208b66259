//! Properties of every public type.

use std::fmt::Debug;

use canvass::audit::*;
use canvass::bulletin::*;
use canvass::coverage::*;
use canvass::error::*;
use canvass::notice::*;
use canvass::outcome::*;
use canvass::parts::*;
use canvass::policy::*;
use canvass::tiles::*;
use canvass::*;

/// Sent between threads, kept for any time, and printed.
fn usable<T: Send + Sync + Debug + 'static>() {}

/// Does not compile if a type can be read from a text: it would then implement the trait in two
/// ways.
macro_rules! unreadable {
    ($($name:ty,)*) => {{
        trait Unreadable<Way> {
            fn it() {}
        }
        impl<T: ?Sized> Unreadable<()> for T {}
        impl<T: ?Sized + serde::de::DeserializeOwned> Unreadable<u8> for T {}
        $(<$name as Unreadable<_>>::it();)*
    }};
}

/// As `unreadable`, for a type that can be written.
macro_rules! unwritable {
    ($($name:ty,)*) => {{
        trait Unwritable<Way> {
            fn it() {}
        }
        impl<T: ?Sized> Unwritable<()> for T {}
        impl<T: ?Sized + serde::Serialize> Unwritable<u8> for T {}
        $(<$name as Unwritable<_>>::it();)*
    }};
}

#[test]
fn authorised_values_are_read_from_no_text() {
    unreadable! {
        AuthorizedRequest, StandingRequest<'static>, Violation, Violations, Snapshot, Route, Recipient<'static>, Funnel,
        NoticeDraft, Notice, Mailing, Letter<'static>, Band, Outcome, Coverage, CoverageCell,
        AuditLog, OwnerSalt, EntrySeed, PartiesKey, SubjectKey, PartialRoute,
    }
    #[cfg(feature = "sealed-parts")]
    unreadable! { OperatorKey, }
}

#[test]
fn routes_and_secrets_are_not_serialised() {
    unwritable! {
        AuthorizedRequest, StandingRequest<'static>, Registry, Snapshot, Route, Recipient<'static>, NoticeDraft, Notice,
        Mailing, Letter<'static>, AuditLog, OwnerSalt, EntrySeed, PartiesKey, SubjectKey,
        PartialRoute,
    }
    #[cfg(feature = "sealed-parts")]
    unwritable! { OperatorKey, }
}

#[test]
fn every_public_type_is_shared_kept_and_printed() {
    usable::<Agency>();
    usable::<AgencyId>();
    usable::<AgencyKind>();
    usable::<IncidentKind>();
    usable::<Camera>();
    usable::<CameraId>();
    usable::<OwnerId>();
    usable::<Recording>();
    usable::<Facing>();
    usable::<FacingError>();
    usable::<RecordingError>();
    usable::<Ask>();
    usable::<AskLimit>();
    usable::<OperatorFunnel<'_>>();
    usable::<RecheckError>();
    usable::<AskLimitError>();
    usable::<Consent>();
    usable::<Denial>();
    usable::<Question>();
    usable::<Scope<AgencyId>>();
    usable::<Standing>();
    usable::<Coverage>();
    usable::<CoverageCell>();
    usable::<CoveragePeriod>();
    usable::<CoverageSeed>();
    usable::<CoverageError>();
}

#[test]
fn every_public_type_of_outcomes_and_receipts_is_too() {
    usable::<Receipt>();
    usable::<Answer>();
    usable::<Band>();
    usable::<Outcome>();
    usable::<OutcomeBudget>();
    usable::<OutcomeSeed>();
    usable::<OutcomeError>();
    usable::<Outcomes>();
    usable::<OutcomesReadError>();
    usable::<ReleaseMode>();
}

#[test]
fn every_public_disclosure_type_is_too() {
    usable::<Bulletin>();
    usable::<BulletinEntry>();
    usable::<BulletinError>();
    usable::<BulletinEvent>();
    usable::<BulletinReadError>();
    usable::<CoverError>();
    usable::<Ending>();
    usable::<Asked>();
    usable::<AskedTags>();
    usable::<AuditBatch>();
    usable::<AskedTagsError>();
    usable::<AuditEntry>();
    usable::<AuditEvent>();
    usable::<AuditLog>();
    usable::<ConsistencyProof>();
    usable::<Digest>();
    usable::<DigestError>();
    usable::<EntryError>();
    usable::<EntrySeed>();
    usable::<InclusionProof>();
    usable::<NonceReused>();
    usable::<OpeningError>();
    usable::<OwnerSalt>();
    usable::<PartiesKey>();
    usable::<ProofError>();
    usable::<SaltMissing>();
    usable::<SubjectKey>();
    usable::<TreeHead>();
    usable::<DraftError>();
    usable::<Finding>();
    usable::<Findings>();
    usable::<Letter<'static>>();
    usable::<Mailing>();
    usable::<MailingError>();
    usable::<Notice>();
    usable::<NoticeDraft>();
    usable::<NoticeRule>();
    usable::<NoticeTemplate>();
    usable::<Placeholder>();
    usable::<ReviewError>();
    usable::<TemplateError>();
}

#[test]
fn every_public_core_type_is_too() {
    usable::<Area>();
    usable::<AreaError>();
    usable::<AreaFlaw>();
    usable::<VertexRef>();
    usable::<Position>();
    usable::<PositionError>();
    usable::<Repaired>();
    usable::<AuthorizedRequest>();
    usable::<StandingRequest<'static>>();
    usable::<CaseFile>();
    usable::<CaseFileError>();
    usable::<OpenedRequest>();
    usable::<RequestId>();
    usable::<RequestState>();
    usable::<ReopenError>();
    usable::<LifecycleEvent>();
    usable::<LifecycleStep>();
    usable::<OpenRequests>();
    usable::<OpenRequestsError>();
    usable::<FutureWindows>();
    usable::<Jurisdiction>();
    usable::<Anonymity>();
    usable::<CaseDetails>();
    usable::<Policy>();
    usable::<PolicyError>();
    usable::<QuietHours>();
    usable::<QuietHoursError>();
    usable::<Zone>();
    usable::<ZoneError>();
    usable::<Violation>();
    usable::<Violations>();
    usable::<Change>();
    usable::<ChangeError>();
    usable::<ChangeRefusal>();
    usable::<Layout>();
    usable::<Registry>();
    usable::<Revision>();
    usable::<Snapshot>();
    usable::<ReplayError>();
    usable::<Tile>();
    usable::<TileChanges>();
    usable::<TileError>();
    usable::<TileFlaw>();
    usable::<TileKey>();
    usable::<TileKeyError>();
    usable::<Request>();
    usable::<SeeingInto>();
    usable::<CameraScope>();
    usable::<Explanation>();
    usable::<Funnel>();
    usable::<Recipient<'static>>();
    usable::<Recipients<'static>>();
    usable::<Route>();
    usable::<Scratch>();
    usable::<SimdLevel>();
    usable::<SensitiveKind>();
    usable::<SensitivePlace>();
    usable::<SensitivePlaceError>();
    usable::<SensitivePlaces>();
    usable::<SensitiveRule>();
    usable::<TimeWindow>();
    usable::<TimeWindowError>();
    usable::<CodeError>();
    usable::<IdError>();
    usable::<SkippedChange>();
    #[cfg(feature = "sealed-parts")]
    usable::<OperatorKey>();
    usable::<PartialError>();
    usable::<PartialRoute>();
    #[cfg(feature = "sealed-parts")]
    usable::<SealError>();
}

/// Fails if a type is missing from a list above, or an error from the list below.
#[test]
fn no_public_type_is_left_out() {
    let here = include_str!("types.rs");
    let public = [
        include_str!("../../src/lib.rs"),
        include_str!("../../src/disclosure/audit/mod.rs"),
        include_str!("../../src/disclosure/bulletin/mod.rs"),
        include_str!("../../src/disclosure/coverage/mod.rs"),
        include_str!("../../src/disclosure/notice/mod.rs"),
        include_str!("../../src/disclosure/outcome/mod.rs"),
        include_str!("../../src/parts/mod.rs"),
    ];
    let exports = public
        .iter()
        .flat_map(|file| {
            file.split("\npub use ").skip(1).chain(file.split("\n    pub use ").skip(1))
        })
        .map(|rest| rest.split(';').next().unwrap());
    let words = exports.flat_map(|export| export.split(|c: char| !c.is_alphanumeric() && c != '_'));
    let types: Vec<&str> = words.filter(|word| word.starts_with(char::is_uppercase)).collect();
    assert!(types.len() > 100, "{types:?}");
    for name in types {
        let listed = |list: &str| {
            [">", "<"].iter().any(|end| here.contains(&format!("    {list}::<{name}{end}")))
        };
        assert!(listed("usable"), "{name}");
        assert!(!name.ends_with("Error") || listed("error"), "{name}");
    }
}

/// Values in small whole numbers are printed in the units of their constructors.
#[test]
fn records_are_printed_in_the_units_of_their_constructors() {
    let facing = Facing::new(90.0, 110.0, 25.0).unwrap();
    let text = format!("{facing:?}");
    assert_eq!(text, "Facing { bearing: 90.0, angle: 110.0, reach_m: 25.0 }");
    let text = format!("{:?}", Recording::kept_for_days(30));
    assert_eq!(text, "Recording { since: 1970-01-01T00:00:00Z, until: None, kept_days: 30 }");
}

/// Every error converts to `Box<dyn Error + Send + Sync>`.
#[test]
fn every_error_is_one() {
    fn error<T: std::error::Error + Send + Sync + 'static>() {}
    error::<RecheckError>();
    error::<CodeError>();
    error::<IdError>();
    error::<RecordingError>();
    error::<FacingError>();
    error::<AskLimitError>();
    error::<AskedTagsError>();
    error::<BulletinError>();
    error::<BulletinReadError>();
    error::<CoverError>();
    error::<OutcomeError>();
    error::<OutcomesReadError>();
    error::<DigestError>();
    error::<EntryError>();
    error::<NonceReused>();
    error::<OpeningError>();
    error::<ProofError>();
    error::<SaltMissing>();
    error::<DraftError>();
    error::<Findings>();
    error::<MailingError>();
    error::<OpenRequestsError>();
    error::<ReviewError>();
    error::<TemplateError>();
    error::<AreaError>();
    error::<PositionError>();
    error::<PartialError>();
    error::<PolicyError>();
    #[cfg(feature = "sealed-parts")]
    error::<SealError>();
    error::<CoverageError>();
    error::<ChangeError>();
    error::<ChangeRefusal>();
    error::<CaseFileError>();
    error::<ReopenError>();
    error::<QuietHoursError>();
    error::<ZoneError>();
    error::<SensitivePlaceError>();
    error::<TimeWindowError>();
    error::<ReplayError>();
    error::<TileError>();
    error::<TileFlaw>();
    error::<TileKeyError>();
    error::<Violation>();
    error::<Violations>();
}
