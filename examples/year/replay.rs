//! The requests of an operator's own case file, reviewed under another policy.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use canvass::policy::Jurisdiction;
use canvass::{Agency, AgencyKind, CaseFile, Policy};

/// Prints the number of requests of a case file that the policy lets pass, and its reasons for
/// refusing the others. The file does not name the agency's kind or jurisdiction: an allowed kind
/// is assumed, anywhere.
pub(crate) fn print(file: &Path, policy: &Policy) -> Result<(), Box<dyn Error>> {
    let shown = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("--replay: cannot read `{shown}`: {error}"))?;
    let opened: CaseFile = serde_json::from_str(&text)
        .map_err(|error| format!("--replay: `{shown}` is not a case file: {error}"))?;
    let policy = policy.clone().with_jurisdiction(Jurisdiction::Anywhere);
    let kind = policy.agency_kinds.first().copied().unwrap_or(AgencyKind::Local);
    let id = opened.agency();
    let agency = Agency::new(id, "replayed", kind);
    let (mut passed, mut refused) = (CaseFile::new(id), BTreeMap::<&str, usize>::new());
    for old in &opened {
        let at = old.opened_at();
        match policy.review(old.request(), &agency, &passed, at) {
            Ok(authorized) => passed.open(old.id(), &authorized, at)?,
            Err(violations) => {
                for violation in &violations {
                    *refused.entry(violation.code()).or_default() += 1;
                }
            }
        }
    }
    let (all, pass) = (opened.iter().len(), passed.iter().len());
    println!("{all} requests, of which {pass} pass under `{}`", policy.version);
    for (code, number) in refused {
        println!("{number:>8}  {code}");
    }
    Ok(())
}
