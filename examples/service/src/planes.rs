//! The configuration for people: the hosts of the planes, notices, and coverage.

use std::collections::BTreeSet;

use canvass::Zone;
use canvass::coverage::CoveragePeriod;
use canvass::notice::{NoticeTemplate, TemplateError};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::Deserialize;

/// The name of each plane's host, without a port.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hosts {
    /// For agencies.
    pub agency: String,
    /// For the operator.
    pub operator: String,
    /// For owners.
    pub owner: String,
    /// For everybody.
    pub public: String,
    /// For programs, beside this machine's addresses: bearer tokens, no sessions, all planes.
    pub programs: BTreeSet<String>,
}

impl Default for Hosts {
    fn default() -> Self {
        Self {
            agency: "agency.localhost".to_owned(),
            operator: "operator.localhost".to_owned(),
            owner: "owner.localhost".to_owned(),
            public: "localhost".to_owned(),
            programs: BTreeSet::new(),
        }
    }
}

impl Hosts {
    /// Refuses a host name for two planes: the browser keeps planes apart by their names.
    ///
    /// # Errors
    ///
    /// A sentence that names the host.
    pub fn checked(self) -> Result<Self, String> {
        let planes = [&self.agency, &self.operator, &self.owner, &self.public];
        let mut known = BTreeSet::new();
        for host in planes.into_iter().chain(&self.programs) {
            if host.is_empty() || host.contains([':', '/']) {
                return Err(format!("host `{host}` is not a name without scheme and port"));
            }
            if !known.insert(host.to_ascii_lowercase()) {
                return Err(format!("host `{host}` stands for two planes; give each its own name"));
            }
        }
        Ok(self)
    }
}

/// The place of approval of notices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// A reviewer here: without their approval nobody is asked.
    #[default]
    Here,
    /// Another system, which drafts and sends the notices: this service cannot know whether they
    /// were approved, and publishes no bulletins.
    Elsewhere,
}

/// The wording of notices, and the place of their approval.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Notices {
    /// The place of approval.
    pub approval: Approval,
    /// The template for the reviewer.
    pub template: String,
    /// The sentence on how to stop being asked.
    pub stop: String,
    /// The zone of owners without one; if none, that of the quiet hours.
    pub zone: Option<Zone>,
    /// The H3 resolution of a bulletin's cells, from 5 to 8.
    pub resolution: u8,
}

const TEMPLATE: &str = "{agency} asks for footage of {window}, from {cameras}. It is about case {case} \
    ({incident}).\n\nTo share is voluntary, and doing nothing is an answer too. This is not a warrant. Questions: \
    {contact}\n\n{stop}";

impl Default for Notices {
    fn default() -> Self {
        Self {
            approval: Approval::default(),
            template: TEMPLATE.to_owned(),
            stop: "To stop being asked, press Stop on your page, or reply STOP.".to_owned(),
            zone: None,
            resolution: 7,
        }
    }
}

impl Notices {
    /// Refuses a wording that cannot be read.
    ///
    /// # Errors
    ///
    /// The error of the template.
    pub fn checked(self) -> Result<Self, TemplateError> {
        self.template.parse::<NoticeTemplate>().map(|_| self)
    }
}

impl CoverageDates {
    /// The period of an instant, and when the next begins.
    #[must_use]
    pub fn period(&self, now: Timestamp) -> (CoveragePeriod, Timestamp) {
        if let Some(seconds) = self.seconds {
            let number = u64::try_from(now.as_second()).unwrap_or(0) / seconds.max(1);
            let next = i64::try_from(number.saturating_add(1).saturating_mul(seconds));
            let next = next.ok().and_then(|next| Timestamp::from_second(next).ok());
            return (CoveragePeriod::numbered(number), next.unwrap_or(Timestamp::MAX));
        }
        let today = TimeZone::UTC.to_datetime(now).date();
        let quarter = (today.month() - 1) / 3;
        let next = today.with().month(quarter * 3 + 1).day(1).build();
        let next = next.and_then(|first| first.checked_add(3.months()));
        let next = next.and_then(|first| TimeZone::UTC.to_timestamp(first.at(0, 0, 0, 0)));
        (CoveragePeriod::of(now), next.unwrap_or(Timestamp::MAX))
    }
}

/// How often a batch of the audit log is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogDates {
    /// A batch is closed, and a head and its entries are published, when a period of so many seconds since
    /// 1970 begins. The longer, the less shows of when somebody was asked.
    pub seconds: u64,
}

impl Default for LogDates {
    fn default() -> Self {
        Self { seconds: 86_400 }
    }
}

/// How often coverage is made, and how coarse it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CoverageDates {
    /// It is made when a period of so many seconds since 1970 begins, and kept until the next; or when a
    /// quarter of a year begins, UTC. Each coverage may shift the odds about a household by a factor of 2.
    pub seconds: Option<u64>,
    /// The H3 resolution of its cells, 8 at most.
    pub resolution: u8,
    /// Cells with fewer households are left out; at least 11.
    pub min_households: u32,
}

impl Default for CoverageDates {
    fn default() -> Self {
        Self { seconds: None, resolution: 7, min_households: 11 }
    }
}
