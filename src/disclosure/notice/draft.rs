//! A notice is a draft until a person has reviewed it.

use jiff::Timestamp;

use super::local_time::in_zone;
use super::template::{NoticeTemplate, Part, Placeholder};
use crate::disclosure::notice::rules::{Findings, Source, Sources, lint_notice};
use crate::model::{Agency, AgencyId, Zone};
use crate::request::{AuthorizedRequest, CameraScope};

/// A notice that nobody has reviewed yet. It cannot be sent: [`review`](Self::review) makes a
/// [`Notice`] of it.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct NoticeDraft {
    authorized: AuthorizedRequest,
    pieces: Vec<Piece>,
    withheld: Vec<String>,
}

/// A stretch of a notice.
#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Words(String),
    Value(Placeholder, String),
    Window,
}

impl NoticeTemplate {
    /// Fills in a template for a request of `agency`. `stop` is the sentence on how to stop being
    /// asked.
    ///
    /// # Errors
    ///
    /// If the request is another agency's.
    pub fn draft(
        &self,
        authorized: &AuthorizedRequest,
        agency: &Agency,
        stop: &str,
    ) -> Result<NoticeDraft, DraftError> {
        let request = authorized.request();
        if request.agency != agency.id {
            return Err(DraftError { named: request.agency, known: agency.id });
        }
        let fill = |part: &Part| match part {
            Part::Words(words) => Piece::Words(words.clone()),
            Part::Place(Placeholder::Window) => Piece::Window,
            Part::Place(place) => {
                let value = match place {
                    Placeholder::Agency => agency.name.clone(),
                    Placeholder::Case => request.case_reference.clone(),
                    Placeholder::Incident => request.incident.code().replace('_', " "),
                    Placeholder::Cameras => cameras(request.camera_scope).to_owned(),
                    Placeholder::Contact => request.contact.clone(),
                    Placeholder::Stop => stop.to_owned(),
                    Placeholder::Window => String::new(),
                };
                Piece::Value(*place, value)
            }
        };
        let pieces = self.0.iter().map(fill).collect();
        Ok(NoticeDraft { authorized: authorized.clone(), pieces, withheld: Vec::new() })
    }
}

impl NoticeDraft {
    /// The same draft, refused if it contains one of these names. Pass the names of victims and
    /// witnesses as far as the reviewer knows them. Case is ignored.
    pub fn withholding<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.withheld.extend(names.into_iter().map(Into::into));
        self
    }

    /// The text with the window in UTC: places of findings refer to it. Use it to show the draft to
    /// its reviewer.
    #[must_use]
    pub fn text(&self) -> String {
        self.text_in(&Zone::UTC)
    }

    /// Lints the draft. Use it while somebody writes; a review lints again.
    ///
    /// # Errors
    ///
    /// All findings at once.
    pub fn lint(&self) -> Result<(), Findings> {
        let (mut text, mut sources) = (String::new(), Sources::new());
        for piece in &self.pieces {
            let start = text.len();
            let source = match piece {
                Piece::Words(words) => {
                    text.push_str(words);
                    Source::Template
                }
                Piece::Value(place, value) => {
                    text.push_str(value);
                    Source::Filled(*place)
                }
                Piece::Window => {
                    text.push_str(&in_zone(&self.authorized.request().window, &Zone::UTC));
                    Source::Filled(Placeholder::Window)
                }
            };
            sources.push((start..text.len(), source));
        }
        lint_notice(&text, &sources, self.authorized.request().camera_scope, &self.withheld)
    }

    /// Records that a person has read the draft at `now` and answers for it.
    ///
    /// # Errors
    ///
    /// If the draft breaks a rule, with all findings at once, or `reviewer` is blank.
    pub fn review(&self, reviewer: &str, now: Timestamp) -> Result<Notice, ReviewError> {
        self.lint().map_err(ReviewError::Findings)?;
        match reviewer.trim() {
            "" => Err(ReviewError::ReviewerMissing),
            reviewer => {
                Ok(Notice { draft: self.clone(), reviewer: reviewer.to_owned(), reviewed_at: now })
            }
        }
    }

    fn text_in(&self, zone: &Zone) -> String {
        self.pieces.iter().fold(String::new(), |text, piece| {
            text + &match piece {
                Piece::Words(words) | Piece::Value(_, words) => words.clone(),
                Piece::Window => in_zone(&self.authorized.request().window, zone),
            }
        })
    }
}

/// Which cameras a request is about, for owners.
const fn cameras(camera_scope: CameraScope) -> &'static str {
    match camera_scope {
        CameraScope::StandingIn => "cameras that stand in the area",
        CameraScope::SeeingInto => "cameras that stand in the area or can see into it",
    }
}

/// A reviewed notice, ready for [`Route::with_notice`](crate::Route::with_notice).
///
/// ```
/// use canvass::*;
/// use canvass::notice::*;
///
/// # let area = Area::from_bounds(-74.0, 40.7, -73.99, 40.71)?;
/// # let window = "2026-05-01T18:00:00Z/2026-05-01T21:00:00Z".parse()?;
/// # let request = Request::new(AgencyId(3), IncidentKind::Burglary, area, window).with_case("26-0117");
/// # let agency = Agency::new(AgencyId(3), "Springfield Police", AgencyKind::Local);
/// # let now = "2026-05-02T09:00:00Z".parse()?;
/// let authorized = Policy::without_limits_or_anonymity().review(&request, &agency, &CaseFile::new(agency.id), now)?;
/// let template: NoticeTemplate = "{agency} asks for footage of {window}, case {case}. \
///     To share is voluntary, and this is not a warrant. {stop}"
///     .parse()?;
/// let draft = template.draft(&authorized, &agency, "To stop being asked, reply STOP.")?;
/// let notice: Notice = draft.review("J. Hill", now)?;
/// assert_eq!(
///     notice.text_in(&"America/New_York".parse()?),
///     "Springfield Police asks for footage of Friday, 1 May 2026, 14:00 to 17:00 \
///      (EDT, UTC-04:00), case 26-0117. To share is voluntary, and this is not a warrant. \
///      To stop being asked, reply STOP."
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    draft: NoticeDraft,
    reviewer: String,
    reviewed_at: Timestamp,
}

impl Notice {
    /// The text for somebody who lives in a time zone.
    #[must_use]
    pub fn text_in(&self, zone: &Zone) -> String {
        self.draft.text_in(zone)
    }

    /// The request that it is about.
    #[must_use]
    pub fn authorized(&self) -> &AuthorizedRequest {
        &self.draft.authorized
    }

    /// Who reviewed it.
    #[must_use]
    pub fn reviewer(&self) -> &str {
        &self.reviewer
    }

    /// When it was reviewed.
    #[must_use]
    pub fn reviewed_at(&self) -> Timestamp {
        self.reviewed_at
    }
}

/// The request is not of the agency whose name the notice would give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request is agency `{named}`'s, but the notice would name agency `{known}`")]
pub struct DraftError {
    named: AgencyId,
    known: AgencyId,
}

/// Why a draft is not a [`Notice`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReviewError {
    /// Rules speak against it.
    #[error(transparent)]
    Findings(Findings),
    /// Nobody is named who reviewed it.
    #[error("a reviewer is missing; name the person who read the notice")]
    ReviewerMissing,
}
