//! Findings of the rules.

use std::fmt;
use std::ops::Range;

use serde::Serialize;

use super::rule::NoticeRule;
use crate::util::line_behind;

/// A rule that a text breaks, and the place.
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

    pub(crate) fn missing(rule: NoticeRule) -> Self {
        Self { rule, place: None }
    }

    pub(crate) fn at(rule: NoticeRule, text: &str, bytes: Range<usize>) -> Self {
        let before = text.get(..bytes.start).unwrap_or_default();
        let line = line_behind(before);
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

    pub(crate) fn or_none(mut findings: Vec<Finding>) -> Result<(), Self> {
        findings.sort_by_key(|finding| (finding.rule, finding.bytes().map(|bytes| bytes.start)));
        // Of two findings of one rule in the same place, the first is enough.
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
