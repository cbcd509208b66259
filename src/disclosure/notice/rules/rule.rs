//! The rules, each with its code.

use std::fmt;

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident $code:literal $explanation:literal,)*) => {
        /// A rule for notices: a stable code, and a sentence that explains it. English only.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum NoticeRule { $($(#[$doc])* $name,)* }

        impl NoticeRule {
            /// Every rule, in the order in which findings are given.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The rule's stable `snake_case` code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The remedy, in a sentence.
            #[must_use]
            pub const fn explanation(self) -> &'static str {
                match self { $(Self::$name => $explanation,)* }
            }
        }
    };
}

rules! {
    /// It does not say who asks.
    AgencyMissing "agency_missing" "say who asks, with `{agency}`",
    /// It does not say for which case.
    CaseMissing "case_missing" "say for which case, with `{case}`, and give the case a reference",
    /// It does not say which window, in local time.
    WindowMissing "window_missing" "say which time it is about, with `{window}`",
    /// The request asks for cameras that see into the area, and it does not say so.
    CamerasMissing "cameras_missing" "say that cameras which can see into the area are asked, with `{cameras}`",
    /// It does not say that sharing is voluntary.
    VoluntaryMissing "voluntary_missing" "say that it is voluntary",
    /// It does not say that it is not a warrant.
    NotAWarrantMissing "not_a_warrant_missing" "say that it is not a warrant",
    /// It does not say how to stop being asked.
    StopMissing "stop_missing" "say how to stop being asked, with `{stop}`",
    /// It presses the owner.
    Pressure "pressure" "do not press: whoever does nothing owes no reason",
    /// It threatens.
    Threat "threat" "do not threaten: nothing follows from not sharing",
    /// It hurries the owner.
    Urgency "urgency" "do not hurry: say until when the request is open, and leave it there",
    /// It names a victim.
    VictimName "victim_name" "do not name victims or witnesses",
    /// It has a telephone number that is not the contact's.
    PhoneNumber "phone_number" "give no telephone number but the contact's, with `{contact}`",
    /// It gives somebody's date of birth.
    BirthDate "birth_date" "do not tell when somebody was born",
    /// It has a number of a licence, a passport or another document.
    IdNumber "id_number" "give no numbers of licences, passports or other documents",
    /// It gives somebody's home address.
    HomeAddress "home_address" "give no address with a house number; name the block or the street",
    /// It describes somebody by race alone.
    RaceAlone "race_alone" "do not describe by race alone: say what else would tell the person apart",
}

impl fmt::Display for NoticeRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
