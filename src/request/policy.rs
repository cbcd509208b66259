//! The operator's limits on requests.

use std::collections::BTreeSet;

use serde::Serialize;

use super::policy_error::PolicyError;
use super::requirements::{Anonymity, CaseDetails, FutureWindows, Jurisdiction, SeeingInto};
use crate::model::{AgencyKind, QuietHours, SensitivePlaces, Zone, or_none};

/// The operator's limits on requests. [`review`](Self::review) is the only way to authorise one.
///
/// Use [`Policy::in_zone`] for the limits that portals of this kind publish, and change any of
/// them; or load a policy from JSON, TOML and the like, where a field that is left out keeps its
/// default. Only `quiet_hours` must be there: no zone suits everybody, and with a wrong one owners are asked
/// at night. Use [`Policy::without_limits_or_anonymity`] for evaluation only.
///
/// Limits that contradict each other or let nothing pass are an error where a policy is loaded, and so are fewer than
/// [`LEAST_HOUSEHOLDS`](Self::LEAST_HOUSEHOLDS). Call [`Policy::checked`] for one that you make in code;
/// unchecked, it refuses each request with
/// [`Violation::InvalidPolicy`](crate::Violation::InvalidPolicy).
///
/// These are the defaults, as JSON has them:
///
/// ```
/// # use canvass::{Policy, Zone};
/// let defaults = serde_json::json!({
///     "version": "default-1",
///     "min_area_m2": 64750.0, "max_area_m2": 1294994.0, "min_width_m": 20.0,
///     "min_window_minutes": 15, "max_window_minutes": 720, "max_look_back_days": 45,
///     "future_windows": "refused", "seeing_into": "refused",
///     "max_vertices": 100, "max_parts": 10,
///     "paperwork": "required",
///     "agency_kinds": ["local", "county"], "jurisdiction": "within",
///     "max_requests_per_case": 2, "open_days": 10, "max_open_days": 28,
///     "anonymity": "required", "min_households": 11,
///     "min_new_households": 5, "sharers_known_days": 365,
///     "min_difference_m2": 0.0, "max_overlaps": 4294967295_u32,
///     "quiet_hours": {"from": "21:00:00", "until": "08:00:00", "zone": "-07:00"}
/// });
/// let zone: Zone = "-07:00".parse()?;
/// assert_eq!(serde_json::to_value(Policy::in_zone(zone))?, defaults);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Load a policy like this:
///
/// ```
/// use canvass::{Policy, Zone};
///
/// let text = r#"{"max_area_m2": 500000.0, "quiet_hours": {"zone": "America/Denver"}}"#;
/// # #[cfg(feature = "zone-names")] {
/// let stricter: Policy = serde_json::from_str(text)?;
/// let default = Policy::in_zone("America/Denver".parse()?);
/// assert_eq!(stricter, default.with_max_area_m2(500_000.0));
/// # }
/// // The smallest area keeps its default, which is larger than that.
/// let text = r#"{"max_area_m2": 5000.0, "quiet_hours": "none"}"#;
/// let error = serde_json::from_str::<Policy>(text).unwrap_err();
/// let words = "`min_area_m2` is 64750.0, more than `max_area_m2`, 5000.0: no area fits";
/// assert!(error.to_string().starts_with(words));
/// // No zone is assumed.
/// let error = serde_json::from_str::<Policy>("{}").unwrap_err();
/// assert!(error.to_string().starts_with("`quiet_hours` are missing: name a zone"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Policy {
    /// Your name for this version of the policy; receipts carry it. Change it whenever you change a
    /// limit.
    pub version: String,
    /// The smallest area, and the smallest part of one, in square metres: see
    /// [`Area::size_m2`](crate::Area::size_m2).
    pub min_area_m2: f64,
    /// The largest area in square metres, holes subtracted.
    pub max_area_m2: f64,
    /// The least width of an area in metres: threads between blocks of land, spikes, and rings around holes
    /// are refused. A way across that is shorter is narrow if its ends are at least five times this apart
    /// along the outline, or on two rings; and so down to a 64th of it, so that a spike may be about five
    /// times as long as wide, and a corner has 23.1 degrees or more. 0 for none.
    pub min_width_m: f64,
    /// The shortest window in minutes.
    pub min_window_minutes: u32,
    /// The longest window in minutes.
    pub max_window_minutes: u32,
    /// How many days of 24 hours the window's start may lie back.
    pub max_look_back_days: u32,
    /// Whether the window may reach into the future.
    pub future_windows: FutureWindows,
    /// Whether a request may ask for cameras that stand outside the area and see into it. They may
    /// stand outside the agency's jurisdiction; the area lies within it.
    pub seeing_into: SeeingInto,
    /// The most vertices that an area may have, all rings together.
    pub max_vertices: u32,
    /// The most parts that an area may have.
    pub max_parts: u32,
    /// Whether a case reference and a contact must be named.
    pub paperwork: CaseDetails,
    /// Which agencies may ask.
    pub agency_kinds: BTreeSet<AgencyKind>,
    /// Whether the area must lie within the agency's jurisdiction.
    pub jurisdiction: Jurisdiction,
    /// How many requests an agency may open in one case.
    pub max_requests_per_case: u32,
    /// How many days of 24 hours a request is open, unless it is extended.
    pub open_days: u32,
    /// How many days of 24 hours a request may be open at most.
    pub max_open_days: u32,
    /// Whether [`min_households`](Self::min_households) must be at least
    /// [`LEAST_HOUSEHOLDS`](Self::LEAST_HOUSEHOLDS).
    pub anonymity: Anonymity,
    /// The anonymity set: with fewer households that have a camera in the area, nobody is asked.
    pub min_households: u32,
    /// How many of these households must be new to the agency: whoever shared footage with it within
    /// [`sharers_known_days`](Self::sharers_known_days) is known to it by name, and hides nobody else. Report
    /// who shared with [`OpenRequests::record_shared`](crate::OpenRequests::record_shared). 0 for all to count;
    /// more than `min_households` means as many.
    pub min_new_households: u32,
    /// For how many days of 24 hours whoever shared footage with an agency is known to it.
    pub sharers_known_days: u32,
    /// An area that overlaps one of the agency's earlier requests must be the same or differ by at
    /// least this: the size in square metres of their symmetric difference. 0 by default.
    pub min_difference_m2: f64,
    /// The most earlier requests of the agency that an area may overlap; areas that are the same
    /// count once. No limit by default. With 0 no two of an agency's areas differ and overlap: use
    /// this where an agency must not learn by areas that differ by a strip whether enough households
    /// live there, and never mind that a quarter can be asked about in one way only.
    pub max_overlaps: u32,
    /// The hours in which nobody is disturbed; `None` if notices may be sent at any time. In serde
    /// formats that is `"none"`, and they cannot be left out.
    #[serde(serialize_with = "or_none::serialize")]
    pub quiet_hours: Option<QuietHours>,
    /// The places that an area may not touch, or from which cameras are never asked. Households
    /// there count for the anonymity set all the same: they live there.
    #[serde(skip_serializing_if = "SensitivePlaces::is_empty")]
    pub sensitive_places: SensitivePlaces,
}

impl Policy {
    /// The least [`min_households`](Self::min_households) of a policy whose
    /// [`anonymity`](Self::anonymity) is required: counts of 1 to 10 must be neither shown nor derivable, as
    /// in the rule for small cells of US health statistics.
    pub const LEAST_HOUSEHOLDS: u32 = 11;

    /// The default limits, with the zone of the operator's owners.
    ///
    /// Quiet hours follow the clock of the owner's own zone, or of this one where an owner named none, and
    /// most never do. A library does not know where it runs, and UTC would send notices to Denver at 02:30:
    /// so there is no `Policy::default()`.
    ///
    /// ```
    /// use canvass::Policy;
    ///
    /// # #[cfg(feature = "zone-names")] {
    /// let policy = Policy::in_zone("America/Denver".parse()?).with_max_requests_per_case(3);
    /// assert_eq!(policy.min_households, 11);
    /// // 08:30 in UTC is 02:30 in Denver: a notice waits until 08:00 there.
    /// let hours = policy.quiet_hours.ok_or("none")?;
    /// let night = "2026-05-02T08:30:00Z".parse()?;
    /// assert_eq!(hours.not_before(night, hours.zone()), Some("2026-05-02T14:00:00Z".parse()?));
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn in_zone(zone: Zone) -> Self {
        Self {
            version: "default-1".to_owned(),
            // 0.025 and 0.5 square miles.
            min_area_m2: 64_750.0,
            max_area_m2: 1_294_994.0,
            min_width_m: 20.0,
            min_window_minutes: 15,
            max_window_minutes: 12 * 60,
            max_look_back_days: 45,
            future_windows: FutureWindows::Refused,
            seeing_into: SeeingInto::Refused,
            max_vertices: 100,
            max_parts: 10,
            paperwork: CaseDetails::Required,
            agency_kinds: BTreeSet::from([AgencyKind::Local, AgencyKind::County]),
            jurisdiction: Jurisdiction::Within,
            max_requests_per_case: 2,
            open_days: 10,
            max_open_days: 28,
            anonymity: Anonymity::Required,
            min_households: Self::LEAST_HOUSEHOLDS,
            min_new_households: 5,
            sharers_known_days: 365,
            min_difference_m2: 0.0,
            max_overlaps: u32::MAX,
            quiet_hours: Some(QuietHours::in_zone(zone)),
            sensitive_places: SensitivePlaces::default(),
        }
    }

    /// The policy, if requests can pass it. Call this once for a policy that you make in code.
    ///
    /// ```
    /// use canvass::{Policy, Zone};
    /// use canvass::error::PolicyError;
    ///
    /// let longer = Policy::in_zone(Zone::UTC).with_open_days(30);
    /// let error = PolicyError::OpenDays { open: 30, max: 28 };
    /// assert_eq!(longer.clone().checked(), Err(error));
    /// assert!(longer.with_max_open_days(60).checked().is_ok());
    /// let few = Policy::in_zone(Zone::UTC).with_min_households(5).checked();
    /// assert_eq!(few, Err(PolicyError::AnonymitySet { households: 5, least: 11 }));
    /// ```
    ///
    /// # Errors
    ///
    /// If a limit is NaN, negative or infinite, or lets nothing pass, such as 0 for
    /// [`max_parts`](Self::max_parts) or an empty list of [`agency_kinds`](Self::agency_kinds); if limits
    /// contradict each other; or if the anonymity set is smaller than
    /// [`LEAST_HOUSEHOLDS`](Self::LEAST_HOUSEHOLDS) and its [`anonymity`](Self::anonymity) is required.
    pub fn checked(self) -> Result<Self, PolicyError> {
        self.error().or_else(|| self.out_of_range()).map_or(Ok(self), Err)
    }

    /// A policy without limits, quiet hours and anonymity set. Use it to evaluate routing on real geometry,
    /// never to ask real people.
    ///
    /// Consent is not one of its limits: it holds under this policy as well.
    #[must_use]
    pub fn without_limits_or_anonymity() -> Self {
        Self {
            version: "unlimited".to_owned(),
            min_area_m2: 0.0,
            max_area_m2: f64::MAX,
            min_width_m: 0.0,
            min_window_minutes: 0,
            max_window_minutes: u32::MAX,
            max_look_back_days: u32::MAX,
            future_windows: FutureWindows::Allowed,
            seeing_into: SeeingInto::Allowed,
            max_vertices: u32::MAX,
            max_parts: u32::MAX,
            paperwork: CaseDetails::Optional,
            agency_kinds: BTreeSet::from([
                AgencyKind::Local,
                AgencyKind::County,
                AgencyKind::State,
                AgencyKind::Federal,
            ]),
            jurisdiction: Jurisdiction::Anywhere,
            max_requests_per_case: u32::MAX,
            open_days: u32::MAX,
            max_open_days: u32::MAX,
            anonymity: Anonymity::Waived,
            min_households: 0,
            min_new_households: 0,
            sharers_known_days: 0,
            min_difference_m2: 0.0,
            max_overlaps: u32::MAX,
            quiet_hours: None,
            sensitive_places: SensitivePlaces::default(),
        }
    }
}
