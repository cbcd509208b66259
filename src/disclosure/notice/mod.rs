//! The notice that an owner gets: a template, a draft that is linted and reviewed, and letters in
//! each owner's local time.
//!
//! ```text
//! NoticeTemplate --draft--> NoticeDraft --review--> Notice --Route::with_notice--> Mailing
//! ```
//!
//! A draft is refused unless it states who asks, for which case, which window in local time, that it
//! is voluntary, that it is not a warrant, how to stop being asked, and, where cameras outside the
//! area are asked because they see into it, that they are; and if it presses, threatens or hurries,
//! gives away a victim, or describes somebody by race alone. The rules are for texts in
//! **English only**, and go by words: they find common phrases, not everything that can be written.
//! So a person reviews as well.
//!
//! ```
//! use canvass::*;
//! use canvass::notice::*;
//!
//! # let area = Area::from_bounds(10.0, 50.0, 10.01, 50.01)?;
//! # let window = "2026-05-01T18:00:00Z/2026-05-01T21:00:00Z".parse()?;
//! # let agency = Agency::new(AgencyId(3), "Ashford Police", AgencyKind::Local);
//! # let request = Request::new(agency.id, IncidentKind::Burglary, area, window).with_case("26-0117");
//! # let camera = Camera::new(CameraId(7), OwnerId(1), Position::new(10.005, 50.005)?, Recording::kept_for_days(30));
//! # let yes = Change::SetConsent { owner: OwnerId(1), consent: Consent::granted() };
//! # let snapshot = Registry::new().apply([Change::Register(camera), yes])?;
//! # let now = "2026-05-02T09:00:00Z".parse()?;
//! # let authorized = Policy::without_limits_or_anonymity().review(&request, &agency, &CaseFile::new(agency.id), now)?;
//! let template: NoticeTemplate = "{agency} asks for footage of {window}, case {case}. To share is \
//!     voluntary, and this is not a warrant. {stop}"
//!     .parse()?;
//! let draft = template.draft(&authorized, &agency, "To stop being asked, reply STOP.")?;
//! let notice = draft.review("J. Hill", now)?; // or all that speaks against it
//!
//! let home: Zone = "America/New_York".parse()?;
//! let mailing = snapshot.route(authorized.assume_open(), now).with_notice(&notice, |_| Some(home.clone()))?;
//! let letter = mailing.letters().next().ok_or("nobody is asked")?;
//! assert_eq!(letter.recipient.owner, OwnerId(1));
//! assert_eq!(
//!     letter.text,
//!     "Ashford Police asks for footage of Friday, 1 May 2026, 14:00 to 17:00 (EDT, UTC-04:00), \
//!      case 26-0117. To share is voluntary, and this is not a warrant. To stop being asked, reply \
//!      STOP."
//! );
//!
//! let pressing: NoticeTemplate = "{agency}: you must share footage of {window} at once.".parse()?;
//! let findings = pressing.draft(&authorized, &agency, "")?.lint().unwrap_err();
//! assert!(findings.iter().any(|finding| finding.rule() == NoticeRule::Pressure));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod draft;
mod local_time;
mod mailing;
mod rules;
mod template;

pub use draft::{DraftError, Notice, NoticeDraft, ReviewError};
pub use mailing::{Letter, Mailing, MailingError};
pub use rules::{Finding, Findings, NoticeRule, lint_public};
pub use template::{NoticeTemplate, Placeholder, TemplateError};
