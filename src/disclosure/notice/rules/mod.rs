//! The rules that a notice is linted by. English only.

mod manner;
mod personal;
mod race;
mod required;
mod words;

use std::fmt;
use std::ops::Range;

use serde::Serialize;

use super::template::Placeholder;
use crate::request::Sight;
use words::Text;

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

            /// What to do about it, in a sentence.
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
    /// It tells when somebody was born.
    BirthDate "birth_date" "do not tell when somebody was born",
    /// It has a number of a licence, a passport or another document.
    IdNumber "id_number" "give no numbers of licences, passports or other documents",
    /// It tells where somebody lives.
    HomeAddress "home_address" "give no address with a house number; name the block or the street",
    /// It describes somebody by race alone.
    RaceAlone "race_alone" "do not describe by race alone: say what else would tell the person apart",
}

impl fmt::Display for NoticeRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// What one rule found, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    rule: NoticeRule,
    place: Option<TextPlace>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct TextPlace {
    bytes: Range<usize>,
    line: usize,
    words: String,
}

impl Finding {
    /// Which rule.
    #[must_use]
    pub fn rule(&self) -> NoticeRule {
        self.rule
    }

    /// Which bytes of the text; `None` where something is missing.
    #[must_use]
    pub fn bytes(&self) -> Option<Range<usize>> {
        self.place.as_ref().map(|place| place.bytes.clone())
    }

    /// On which line it starts, counted from 1; `None` where something is missing.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.place.as_ref().map(|place| place.line)
    }

    fn missing(rule: NoticeRule) -> Self {
        Self { rule, place: None }
    }

    fn at(rule: NoticeRule, text: &str, bytes: Range<usize>) -> Self {
        let before = text.get(..bytes.start).unwrap_or_default();
        let line = 1 + before.matches('\n').count();
        let words = text.get(bytes.clone()).unwrap_or_default().chars().take(80).collect();
        Self { rule, place: Some(TextPlace { bytes, line, words }) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "line {}, `{}`: ", place.line, place.words)?;
        }
        f.write_str(self.rule.explanation())
    }
}

impl Serialize for Finding {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut finding = serializer.serialize_struct("Finding", 4)?;
        finding.serialize_field("code", self.rule.code())?;
        finding.serialize_field("message", &self.to_string())?;
        finding.serialize_field("line", &self.line())?;
        finding.serialize_field("bytes", &self.bytes().map(|bytes| [bytes.start, bytes.end]))?;
        finding.end()
    }
}

/// All that the rules found: never empty, in the order of the rules and of the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// The findings, by rule and then by place.
    pub fn iter(&self) -> std::slice::Iter<'_, Finding> {
        self.0.iter()
    }

    fn or_none(mut findings: Vec<Finding>) -> Result<(), Self> {
        findings.sort_by_key(|finding| (finding.rule, finding.bytes().map(|bytes| bytes.start)));
        // Of two that one rule found in the same place, the first says it.
        findings.dedup_by(|next, one| {
            let starts_within =
                |bytes: Range<usize>| next.bytes().is_some_and(|next| next.start < bytes.end);
            next.rule == one.rule && one.bytes().is_some_and(starts_within)
        });
        if findings.is_empty() { Ok(()) } else { Err(Self(findings)) }
    }
}

impl<'a> IntoIterator for &'a Findings {
    type Item = &'a Finding;
    type IntoIter = std::slice::Iter<'a, Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, finding) in self.iter().enumerate() {
            write!(f, "{}{finding}", if i == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl std::error::Error for Findings {}

/// Where a stretch of a text comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Template,
    Filled(Placeholder),
}

/// The stretches of a text, without gaps.
pub(super) type Sources = Vec<(Range<usize>, Source)>;

/// Lints a notice. Linear in the text, but for names that are withheld.
pub(super) fn lint_notice(
    text: &str,
    sources: &[(Range<usize>, Source)],
    sight: Sight,
    withheld: &[String],
) -> Result<(), Findings> {
    let text = Text::new(text, sources);
    let mut findings = required::findings(&text, sight);
    findings.extend(manner::findings(&text));
    findings.extend(personal::findings(&text, withheld));
    findings.extend(race::findings(&text));
    Findings::or_none(findings)
}

/// Lints a text that everybody may read: by all rules but those of what a notice must say. English
/// only.
///
/// ```
/// use canvass::disclosure::notice::lint_public;
///
/// assert!(lint_public("A parcel was taken from a porch.").is_ok());
/// let findings = lint_public("Call us at once!").unwrap_err();
/// assert_eq!(
///     findings.to_string(),
///     "line 1, `at once`: do not hurry: say until when the request is open, and leave it there"
/// );
/// ```
///
/// # Errors
///
/// All findings at once.
pub fn lint_public(text: &str) -> Result<(), Findings> {
    let text = Text::new(text, &[]);
    let mut findings = manner::findings(&text);
    findings.extend(personal::findings(&text, &[]));
    findings.extend(race::findings(&text));
    Findings::or_none(findings)
}
