//! The statements that a notice must contain.

use super::finding::Finding;
use super::rule::NoticeRule;
use super::words::Text;
use crate::disclosure::notice::template::Placeholder;
use crate::request::CameraScope;

/// Phrases for "it is voluntary".
const VOLUNTARY: &[&str] = &[
    "voluntary",
    "voluntarily",
    "up to you",
    "you may say no",
    "you are free to say no",
    "free to decline",
    "you do not have to",
    "you don't have to",
];

/// Phrases for "it is not a warrant".
const NO_WARRANT: &[&str] = &[
    "not a warrant",
    "not a search warrant",
    "isn't a warrant",
    "isn't a search warrant",
    "neither a warrant",
    "not a court order or warrant",
    "not a warrant or court order",
];

pub(crate) fn findings(text: &Text<'_>, camera_scope: CameraScope) -> Vec<Finding> {
    let lacks = |place, rule| text.lacks(place).then(|| Finding::missing(rule));
    // A text of the agency cannot stand in for the operator's own words.
    let says = |phrases: &[&str]| {
        (0..text.words().len()).any(|index| {
            phrases.iter().filter_map(|phrase| text.phrase(index, phrase)).any(|end| {
                text.is_own(&text.bytes(index..end)) && !text.is_denied(index, usize::MAX)
            })
        })
    };
    let unsaid = |phrases: &[&str], rule| (!says(phrases)).then(|| Finding::missing(rule));
    [
        lacks(Placeholder::Agency, NoticeRule::AgencyMissing),
        lacks(Placeholder::Case, NoticeRule::CaseMissing),
        lacks(Placeholder::Window, NoticeRule::WindowMissing),
        // Whoever has a camera outside the area would not know why they are asked.
        (camera_scope == CameraScope::SeeingInto)
            .then(|| lacks(Placeholder::Cameras, NoticeRule::CamerasMissing))
            .flatten(),
        unsaid(VOLUNTARY, NoticeRule::VoluntaryMissing),
        unsaid(NO_WARRANT, NoticeRule::NotAWarrantMissing),
        lacks(Placeholder::Stop, NoticeRule::StopMissing),
    ]
    .into_iter()
    .flatten()
    .collect()
}
