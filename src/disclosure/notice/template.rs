//! The operator's wording, with placeholders for the details of a request.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::util::coded_enum;

coded_enum! {
    /// A place in a template that is filled in, written as its name in braces.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    #[non_exhaustive]
    pub enum Placeholder {
        /// The agency's name, from the operator's record: `{agency}`.
        Agency = "agency",
        /// The agency's case reference: `{case}`.
        Case = "case",
        /// The kind of incident: `{incident}`.
        Incident = "incident",
        /// Which cameras are asked for, those in the area or also those that see into it: `{cameras}`.
        Cameras = "cameras",
        /// The window, in the owner's local time: `{window}`.
        Window = "window",
        /// Whom to call about it: `{contact}`.
        Contact = "contact",
        /// How to stop being asked, in the operator's words: `{stop}`.
        Stop = "stop",
    }

    /// Every placeholder.
    pub const ALL: &[Self];

    /// The name that a template writes in braces.
    pub fn code;
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}}}", self.code())
    }
}

/// The operator's wording of a notice, with [`Placeholder`]s in braces. A brace itself is written
/// twice.
///
/// ```
/// use canvass::notice::NoticeTemplate;
///
/// let template: NoticeTemplate = "{agency} asks about case {case}.".parse()?;
/// assert_eq!(template.to_string(), "{agency} asks about case {case}.");
/// let error = "Dear {owner},".parse::<NoticeTemplate>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "line 1 has the placeholder `{owner}`, which is none of {agency}, {case}, {incident}, \
///      {cameras}, {window}, {contact}, {stop}"
/// );
/// # Ok::<(), canvass::notice::TemplateError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NoticeTemplate(pub(crate) Vec<Part>);

/// A stretch of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Words(String),
    Place(Placeholder),
}

impl std::str::FromStr for NoticeTemplate {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (mut parts, mut words, mut line) = (Vec::new(), String::new(), 1);
        let mut left = text;
        while let Some(next) = left.chars().next() {
            let rest = left.get(next.len_utf8()..).unwrap_or_default();
            match next {
                '{' | '}' if rest.starts_with(next) => {
                    words.push(next);
                    left = rest.get(1..).unwrap_or_default();
                    continue;
                }
                '}' => return Err(TemplateError::Unopened { line }),
                '{' => {
                    let (name, after) =
                        rest.split_once('}').ok_or(TemplateError::Unclosed { line })?;
                    let known = Placeholder::ALL.iter().find(|place| place.code() == name);
                    let place = *known.ok_or_else(|| TemplateError::Unknown {
                        name: name.chars().take(80).collect(),
                        line,
                    })?;
                    if !words.is_empty() {
                        parts.push(Part::Words(std::mem::take(&mut words)));
                    }
                    parts.push(Part::Place(place));
                    left = after;
                    continue;
                }
                '\n' => line += 1,
                // A CR alone ends a line as well, as editors show it.
                '\r' if !rest.starts_with('\n') => line += 1,
                _ => {}
            }
            words.push(next);
            left = rest;
        }
        if !words.is_empty() {
            parts.push(Part::Words(words));
        }
        Ok(Self(parts))
    }
}

impl fmt::Display for NoticeTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Words(words) => f.write_str(&words.replace('{', "{{").replace('}', "}}")),
            Part::Place(place) => place.fmt(f),
        })
    }
}

impl TryFrom<String> for NoticeTemplate {
    type Error = TemplateError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<NoticeTemplate> for String {
    fn from(template: NoticeTemplate) -> Self {
        template.to_string()
    }
}

/// Why a text is not a [`NoticeTemplate`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// There is no such placeholder.
    #[error("line {line} has the placeholder `{{{name}}}`, which is none of {}", known())]
    Unknown {
        /// The text in the braces.
        name: String,
        /// On which line, counted from 1.
        line: usize,
    },
    /// A brace is opened and not closed.
    #[error("line {line} opens a brace that is not closed; write `{{{{` for a brace itself")]
    Unclosed {
        /// On which line, counted from 1.
        line: usize,
    },
    /// A brace is closed that was not opened.
    #[error("line {line} closes a brace that was not opened; write `}}}}` for a brace itself")]
    Unopened {
        /// On which line, counted from 1.
        line: usize,
    },
}

fn known() -> String {
    let names: Vec<String> = Placeholder::ALL.iter().map(ToString::to_string).collect();
    names.join(", ")
}
