//! Lints a text by all rules. English only.

use std::ops::Range;

use super::finding::Findings;
use super::words::{Source, Text};
use super::{personal, race, required, tone};
use crate::request::CameraScope;

/// Lints a notice. Linear in the text, but for names that are withheld.
pub(crate) fn lint_notice(
    text: &str,
    sources: &[(Range<usize>, Source)],
    camera_scope: CameraScope,
    withheld: &[String],
) -> Result<(), Findings> {
    let text = Text::new(text, sources);
    let mut findings = required::findings(&text, camera_scope);
    findings.extend(tone::findings(&text));
    findings.extend(personal::findings(&text, withheld));
    findings.extend(race::findings(&text));
    Findings::or_none(findings)
}

/// Lints a text that everybody may read: by all rules but those for the sentences that a notice
/// must have. Use it before you publish a text of your own. English only.
///
/// ```
/// use canvass::notice::lint_public;
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
    let mut findings = tone::findings(&text);
    findings.extend(personal::findings(&text, &[]));
    findings.extend(race::findings(&text));
    Findings::or_none(findings)
}
