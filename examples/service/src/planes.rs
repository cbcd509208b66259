//! The configuration for people: the hosts of the planes, notices, and coverage.

use std::collections::BTreeSet;

use canvass::Zone;
use canvass::notice::{NoticeTemplate, TemplateError};
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

/// The dates of coverage, and its resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CoverageDates {
    /// A period's length in seconds, counted from 1970: coverage is made when one begins.
    pub seconds: u64,
    /// The H3 resolution of its cells, 8 at most.
    pub resolution: u8,
    /// Cells with fewer households are left out; at least 11.
    pub min_households: u32,
}

impl Default for CoverageDates {
    fn default() -> Self {
        Self { seconds: 7 * 86_400, resolution: 7, min_households: 11 }
    }
}
