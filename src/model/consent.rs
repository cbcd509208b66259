//! An owner's standing answer to "may we ask you?", and its readable specification.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::agency::IncidentKind;
use super::ask_limit::AskLimit;
use super::ids::AgencyId;
use super::time::{read_some_instant, seconds, seconds_from};
use super::zone::Zone;
use crate::util::coded_enum;

/// An owner's consent to be **asked**; never consent to share.
///
/// The default is *no*. Start from [`granted`](Self::granted) for an owner who agreed, and narrow
/// that with the other methods: by agency, by kind of incident, by a pause, an expiry or a limit.
/// Every part can only take away: deny wins over permit.
///
/// ```
/// use canvass::{AgencyId, Consent, Denial, IncidentKind, Question, Scope};
///
/// let question = Question {
///     agency: AgencyId(3),
///     incident: IncidentKind::Burglary,
///     now: "2026-05-01T12:00:00Z".parse()?,
/// };
/// let consent = Consent::granted().with_agencies(Scope::only([AgencyId(3)]));
/// assert_eq!(consent.evaluate(&question, &[]), Ok(()));
///
/// let paused = consent.with_paused_until("2026-06-01T00:00:00Z".parse()?);
/// assert_eq!(paused.evaluate(&question, &[]), Err(Denial::Paused));
/// assert_eq!(paused.without_pause().evaluate(&question, &[]), Ok(()));
/// assert_eq!(Consent::default().evaluate(&question, &[]), Err(Denial::NotGranted));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", default, deny_unknown_fields)]
#[must_use]
pub struct Consent {
    standing: Standing,
    agencies: Scope<AgencyId>,
    incidents: Scope<IncidentKind>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "read_some_instant")]
    paused_until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "read_some_instant")]
    expires: Option<Timestamp>,
    limit: AskLimit,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<Zone>,
}

/// Whether an owner agreed at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", rename_all = "snake_case")]
pub enum Standing {
    /// Never agreed, or withdrew: the registry does not distinguish the two.
    #[default]
    NotGranted,
    /// Agreed to be asked.
    Granted,
}

impl Consent {
    /// Consent to be asked by any agency about any incident, within the default [`AskLimit`].
    pub fn granted() -> Self {
        Self { standing: Standing::Granted, ..Self::default() }
    }

    /// The same consent for these agencies only.
    pub fn with_agencies(self, agencies: Scope<AgencyId>) -> Self {
        Self { agencies, ..self }
    }

    /// The same consent for these kinds of incident only.
    pub fn with_incidents(self, incidents: Scope<IncidentKind>) -> Self {
        Self { incidents, ..self }
    }

    /// The same consent, but not before `instant`: with a fraction, not before the next second.
    pub fn with_paused_until(self, instant: Timestamp) -> Self {
        Self { paused_until: Some(instant), ..self }
    }

    /// The same consent, up to but not including the second that `instant` lies in.
    pub fn with_expiry(self, instant: Timestamp) -> Self {
        Self { expires: Some(instant), ..self }
    }

    /// The same consent with another limit on how often.
    pub fn with_limit(self, limit: AskLimit) -> Self {
        Self { limit, ..self }
    }

    /// The same consent of an owner who lives in `zone`, by whose clock the quiet hours of a policy
    /// apply. It never denies.
    pub fn with_zone(self, zone: Zone) -> Self {
        Self { zone: Some(zone), ..self }
    }

    /// The same consent without a pause. Use this when an owner resumes early.
    pub fn without_pause(self) -> Self {
        Self { paused_until: None, ..self }
    }

    /// Whether the owner agreed at all.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// Which agencies may ask.
    #[must_use]
    pub fn agencies(&self) -> &Scope<AgencyId> {
        &self.agencies
    }

    /// About which kinds of incident.
    #[must_use]
    pub fn incidents(&self) -> &Scope<IncidentKind> {
        &self.incidents
    }

    /// The first instant after the pause, if there is one; it may be over.
    #[must_use]
    pub fn paused_until(&self) -> Option<Timestamp> {
        self.paused_until
    }

    /// The first instant at which the consent no longer holds, if there is one.
    #[must_use]
    pub fn expiry(&self) -> Option<Timestamp> {
        self.expires
    }

    /// How often the owner may be asked.
    #[must_use]
    pub fn limit(&self) -> AskLimit {
        self.limit
    }

    /// The owner's time zone; without one, the zone of the policy's quiet hours applies.
    #[must_use]
    pub fn zone(&self) -> Option<&Zone> {
        self.zone.as_ref()
    }

    /// Decides one question, given who asked the owner before and when, in any order.
    ///
    /// This is the specification: the routing core decides the same for whole blocks at once. The
    /// first reason that holds, in the order of [`Denial`], is the answer.
    ///
    /// # Errors
    ///
    /// The reason why the owner may not be asked.
    pub fn evaluate(&self, question: &Question, asked: &[Ask]) -> Result<(), Denial> {
        let now = seconds(question.now);
        let consent_period = self.consent_period();
        if self.standing == Standing::NotGranted {
            Err(Denial::NotGranted)
        } else if now >= consent_period.expires {
            Err(Denial::Expired)
        } else if !self.agencies.includes(&question.agency) {
            Err(Denial::AgencyOutOfScope)
        } else if !self.incidents.includes(&question.incident) {
            Err(Denial::IncidentOutOfScope)
        } else if now < consent_period.paused_until {
            Err(Denial::Paused)
        } else if now
            < self.limit.reached_until(
                question.agency,
                asked.iter().map(|&Ask { agency, at }| (seconds(at), agency)),
            )
        {
            Err(Denial::AskedOftenEnough)
        } else {
            Ok(())
        }
    }

    /// The scopes and the zone, which few owners have for themselves: many consents share them.
    pub(crate) fn into_terms(self) -> (Scope<AgencyId>, Scope<IncidentKind>, Option<Zone>) {
        (self.agencies, self.incidents, self.zone)
    }

    /// The same consent with its pause and expiry as [`Consent::consent_period`] gave them.
    pub(crate) fn with_consent_period(self, consent_period: ConsentPeriod) -> Self {
        // A pause up to the end of time ends a second after the last one there is.
        let instant = |second, never| {
            (second != never).then(|| Timestamp::from_second(second).unwrap_or(Timestamp::MAX))
        };
        Self {
            paused_until: instant(consent_period.paused_until, i64::MIN),
            expires: instant(consent_period.expires, i64::MAX),
            ..self
        }
    }

    /// When the pause ends and the grant expires, as seconds, rounded so that the consent never holds longer than granted;
    /// "never paused" and "never expires" are the ends of time.
    pub(crate) fn consent_period(&self) -> ConsentPeriod {
        ConsentPeriod {
            paused_until: self.paused_until.map_or(i64::MIN, seconds_from),
            expires: self.expires.map_or(i64::MAX, seconds),
        }
    }
}

/// When a pause ends and a grant expires, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConsentPeriod {
    pub(crate) paused_until: i64,
    pub(crate) expires: i64,
}

/// An earlier request that reached an owner: who asked, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Who asked; `None` if nobody noted it. Such a request counts towards no agency's share.
    pub agency: Option<AgencyId>,
    /// When.
    pub at: Timestamp,
}

/// The question that a consent answers: may this agency ask about this kind of incident now?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// The agency that asks.
    pub agency: AgencyId,
    /// The kind of incident it asks about.
    pub incident: IncidentKind,
    /// The instant at which it asks.
    pub now: Timestamp,
}

/// Which agencies, or which kinds of incident, a consent extends to.
///
/// ```
/// use canvass::{IncidentKind, Scope};
///
/// let only = Scope::only([IncidentKind::MissingPerson, IncidentKind::Abduction]);
/// assert!(!only.includes(&IncidentKind::Burglary));
/// let all_but = Scope::all_but([IncidentKind::Collision]);
/// assert!(all_but.includes(&IncidentKind::Burglary));
/// assert_eq!(serde_json::to_string(&all_but)?, r#"{"all_but":["collision"]}"#);
/// assert_eq!(only.without(IncidentKind::Abduction), Scope::only([IncidentKind::MissingPerson]));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(
    crate = "crate::util::by_name",
    rename_all = "snake_case",
    bound(deserialize = "T: Ord + Deserialize<'de>")
)]
pub enum Scope<T> {
    /// All of them, those that come later included.
    #[default]
    Any,
    /// These and no others; an empty set is none of them, and denies all.
    Only(BTreeSet<T>),
    /// All, later ones included, except these.
    AllBut(BTreeSet<T>),
}

impl<T: Ord> Scope<T> {
    /// These and no others.
    pub fn only(members: impl IntoIterator<Item = T>) -> Self {
        Self::Only(members.into_iter().collect())
    }

    /// All except these.
    pub fn all_but(members: impl IntoIterator<Item = T>) -> Self {
        Self::AllBut(members.into_iter().collect())
    }

    /// The same scope without one of them: for an owner who does not want to be asked by this agency,
    /// or about this kind, again.
    #[must_use]
    pub fn without(self, member: T) -> Self {
        match self {
            Self::Any => Self::all_but([member]),
            Self::Only(mut members) => {
                members.remove(&member);
                Self::Only(members)
            }
            Self::AllBut(mut members) => {
                members.insert(member);
                Self::AllBut(members)
            }
        }
    }

    /// Whether the scope extends to one of them. O(log members).
    #[must_use]
    pub fn includes(&self, member: &T) -> bool {
        match self {
            Self::Any => true,
            Self::Only(members) => members.contains(member),
            Self::AllBut(members) => !members.contains(member),
        }
    }
}

coded_enum! {
    /// Why a camera's owner is not asked. A value, not an error, and the operator's alone.
    ///
    /// Exhaustive on purpose: if you match on this, a new reason must be handled before your code
    /// compiles. Where several reasons hold, the first in this order is named.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
    #[serde(crate = "crate::util::by_name", rename_all = "snake_case")]
    pub enum Denial {
        /// The owner never agreed to be asked, or withdrew.
        NotGranted = "not_granted",
        /// The owner agreed up to an instant that has passed.
        Expired = "expired",
        /// The owner did not agree to be asked by this agency.
        AgencyOutOfScope = "agency_out_of_scope",
        /// The owner did not agree to be asked about this kind of incident.
        IncidentOutOfScope = "incident_out_of_scope",
        /// The owner paused all requests.
        Paused = "paused",
        /// The owner was asked as often as they allow, or by this agency as often as its share is.
        AskedOftenEnough = "asked_often_enough",
        /// The camera has no footage of the window.
        NoFootage = "no_footage",
        /// The camera is in a sensitive place from which the operator's policy has nobody asked.
        SensitivePlace = "sensitive_place",
    }

    /// Every reason, in the order in which they are named.
    pub const ALL: [Self; _];

    /// The reason's stable `snake_case` code, the same as in serde formats.
    pub fn code;
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
