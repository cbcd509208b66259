//! The rules, each with its code.

use std::fmt;

use crate::util::coded_enum;

coded_enum! {
    /// A rule for notices: a stable code, and a sentence that explains it. English only.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    #[non_exhaustive]
    pub enum NoticeRule {
        /// It does not name the agency.
        AgencyMissing = "agency_missing",
        /// It does not name the case.
        CaseMissing = "case_missing",
        /// It does not name the window in local time.
        WindowMissing = "window_missing",
        /// The request asks for cameras that see into the area, and it does not mention them.
        CamerasMissing = "cameras_missing",
        /// It does not state that sharing is voluntary.
        VoluntaryMissing = "voluntary_missing",
        /// It does not state that it is not a warrant.
        NotAWarrantMissing = "not_a_warrant_missing",
        /// It does not explain how to stop being asked.
        StopMissing = "stop_missing",
        /// It presses the owner.
        Pressure = "pressure",
        /// It threatens.
        Threat = "threat",
        /// It hurries the owner.
        Urgency = "urgency",
        /// It names a victim.
        VictimName = "victim_name",
        /// It has a telephone number that is not the contact's.
        PhoneNumber = "phone_number",
        /// It gives somebody's date of birth.
        BirthDate = "birth_date",
        /// It has a number of a licence, a passport or another document.
        IdNumber = "id_number",
        /// It gives somebody's home address.
        HomeAddress = "home_address",
        /// It describes somebody by race alone.
        RaceAlone = "race_alone",
    }

    /// Every rule, in the order in which findings are given.
    pub const ALL: &[Self];

    /// The rule's stable `snake_case` code.
    pub fn code;
}

impl NoticeRule {
    /// The remedy, in a sentence.
    #[must_use]
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::AgencyMissing => "say who asks, with `{agency}`",
            Self::CaseMissing => "say for which case, with `{case}`, and give the case a reference",
            Self::WindowMissing => "say which time it is about, with `{window}`",
            Self::CamerasMissing => {
                "say that cameras which can see into the area are asked, with `{cameras}`"
            }
            Self::VoluntaryMissing => "say that it is voluntary",
            Self::NotAWarrantMissing => "say that it is not a warrant",
            Self::StopMissing => "say how to stop being asked, with `{stop}`",
            Self::Pressure => "do not press: whoever does nothing owes no reason",
            Self::Threat => "do not threaten: nothing follows from not sharing",
            Self::Urgency => "do not hurry: say until when the request is open, and leave it there",
            Self::VictimName => "do not name victims or witnesses",
            Self::PhoneNumber => "give no telephone number but the contact's, with `{contact}`",
            Self::BirthDate => "do not tell when somebody was born",
            Self::IdNumber => "give no numbers of licences, passports or other documents",
            Self::HomeAddress => {
                "give no address with a house number; name the block or the street"
            }
            Self::RaceAlone => {
                "do not describe by race alone: add details that distinguish the person"
            }
        }
    }
}

impl fmt::Display for NoticeRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
