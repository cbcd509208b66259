//! The result of one feature.

use canvass::Violation;
use serde::Serialize;

use super::super::camera_file::{Id, Ids};
use super::super::routing::Outcome;

/// One feature's line; the order of the fields is that of the keys.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    pub(super) index: usize,
    pub(super) name: Option<String>,
    pub(super) outcome: &'static str,
    pub(super) violations: Vec<&'static str>,
    pub(super) error: Option<String>,
    pub(super) nobody: Option<String>,
    pub(super) owners: usize,
    pub(super) cameras: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ids: Option<Vec<Id<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) micros: Option<f64>,
}

impl<'a> Line<'a> {
    pub(super) fn new(
        index: usize,
        name: Option<String>,
        outcome: &Outcome,
        ids: &'a Ids,
        with_ids: bool,
    ) -> Self {
        let mut line = Self {
            index,
            name,
            outcome: "invalid",
            violations: Vec::new(),
            error: None,
            nobody: None,
            owners: 0,
            cameras: 0,
            ids: with_ids.then(Vec::new),
            micros: None,
        };
        match outcome {
            Outcome::Invalid(reason) => line.error = Some(reason.clone()),
            Outcome::Refused { violations, .. } => {
                line.outcome = "refused";
                line.violations = violations.iter().map(Violation::code).collect();
            }
            Outcome::Routed(routed) => {
                let route = &routed.route;
                line.outcome = "routed";
                line.nobody = routed.nobody.as_ref().map(ToString::to_string);
                line.owners = route.owners();
                line.cameras = route.cameras().len();
                line.micros = routed.time.map(|time| (time.as_secs_f64() * 1e7).round() / 10.0);
                if with_ids {
                    line.ids = Some(route.cameras().iter().map(|&id| ids.of(id)).collect());
                }
            }
        }
        line
    }
}
