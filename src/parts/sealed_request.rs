//! Authorised requests as sealed bytes: the one way in which a review reaches another process.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::SealError;
use super::operator_key::{Kind, OperatorKey};
use crate::geometry::Area;
use crate::model::{QuietHours, SensitivePlaces};
use crate::request::{Authorized, AuthorizedRequest, Request, Sharers};

impl AuthorizedRequest {
    /// The authorised request as bytes for another process of the operator, which
    /// [`unseal`](Self::unseal) reads. The result equals the original, including limits and spared
    /// places.
    ///
    /// **The operator's**: it names places that the agency does not know of, so you need the key to
    /// read it, and the feature `sealed-parts`. Linear in the vertices of its areas.
    ///
    /// ```
    /// # use canvass::*;
    /// use canvass::parts::OperatorKey;
    ///
    /// # let agency = Agency::new(AgencyId(3), "Police", AgencyKind::Local);
    /// # let window = "2026-05-01T18:00:00Z/2026-05-01T21:00:00Z".parse()?;
    /// # let now = "2026-05-02T09:00:00Z".parse()?;
    /// # let area = Area::from_bounds(-73.98, 40.76, -73.97, 40.78)?;
    /// # let request = Request::new(agency.id, IncidentKind::Burglary, area, window);
    /// # let authorized = Policy::without_limits_or_anonymity().review(&request, &agency, &CaseFile::new(agency.id), now)?;
    /// let key = OperatorKey::new([7; 32]);
    /// let sealed = authorized.seal(&key);
    /// assert_eq!(AuthorizedRequest::unseal(&key, &sealed)?, authorized);
    /// assert!(AuthorizedRequest::unseal(&OperatorKey::new([8; 32]), &sealed).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn seal(&self, key: &OperatorKey) -> Vec<u8> {
        // INVARIANT: every field can be written. Were one not, no worker could read the bytes.
        let content = serde_json::to_vec(&Form::of(self.content())).unwrap_or_default();
        key.seal(Kind::Request, &content)
    }

    /// The authorised request that a process of the operator sealed. Costs the validation of its
    /// areas.
    ///
    /// # Errors
    ///
    /// If the bytes are not sealed under this key, or not an authorised request.
    pub fn unseal(key: &OperatorKey, bytes: &[u8]) -> Result<Self, SealError> {
        let content = key.unseal(Kind::Request, bytes)?;
        let form: Form<'_> = serde_json::from_slice(&content)
            .map_err(|_| SealError::Content { kind: Kind::Request.name() })?;
        Ok(Self::new(form.into_content()))
    }
}

/// The content of the seal, which no other process reads or writes.
#[derive(Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", deny_unknown_fields)]
struct Form<'a> {
    request: std::borrow::Cow<'a, Request>,
    policy_version: String,
    min_households: u32,
    max_per_case: u32,
    open_days: (u32, u32),
    quiet_hours: Option<QuietHours>,
    reviewed_at: Timestamp,
    earlier: Option<Vec<Area>>,
    sensitive_places: SensitivePlaces,
    min_new_households: u32,
    shared: Sharers,
    known_since: Timestamp,
    routes_until: Timestamp,
}

impl<'a> Form<'a> {
    /// Names each field, so that none is forgotten.
    fn of(content: &'a Authorized) -> Self {
        let Authorized {
            request,
            policy_version,
            min_households,
            max_per_case,
            open_days,
            quiet_hours,
            reviewed_at,
            earlier,
            sensitive_places,
            min_new_households,
            shared,
            known_since,
            routes_until,
        } = content;
        Self {
            request: std::borrow::Cow::Borrowed(request),
            policy_version: policy_version.clone(),
            min_households: *min_households,
            max_per_case: *max_per_case,
            open_days: *open_days,
            quiet_hours: quiet_hours.clone(),
            reviewed_at: *reviewed_at,
            earlier: earlier.clone(),
            sensitive_places: sensitive_places.clone(),
            min_new_households: *min_new_households,
            shared: shared.clone(),
            known_since: *known_since,
            routes_until: *routes_until,
        }
    }

    fn into_content(self) -> Authorized {
        Authorized {
            request: self.request.into_owned(),
            policy_version: self.policy_version,
            min_households: self.min_households,
            max_per_case: self.max_per_case,
            open_days: self.open_days,
            quiet_hours: self.quiet_hours,
            reviewed_at: self.reviewed_at,
            earlier: self.earlier,
            sensitive_places: self.sensitive_places,
            min_new_households: self.min_new_households,
            shared: self.shared,
            known_since: self.known_since,
            routes_until: self.routes_until,
        }
    }
}
