//! Positions with longitude and latitude swapped, as far as jurisdictions reveal it.
//!
//! In `[41.1, -84.9]` each number is valid in the other's place, so no other check refuses it: the
//! camera would stand in the sea, and its owner would never be asked.

use canvass::{Area, CameraId, Change, Position};
use serde_json::json;

use super::problem::{Kind, Problem};

/// The most cameras of one list in an answer.
const NAMED: usize = 20;

/// Areas with their bounds, which exclude most positions at once.
#[derive(Debug)]
pub(super) struct Jurisdictions(Vec<((f64, f64, f64, f64), Area)>);

impl Jurisdictions {
    pub(super) fn new(areas: impl IntoIterator<Item = Area>) -> Self {
        Self(areas.into_iter().map(|area| (area.bounds(), area)).collect())
    }

    /// Refuses changes that put a camera outside all jurisdictions, if it would be inside one with
    /// longitude and latitude swapped.
    pub(super) fn review(&self, changes: &[Change]) -> Result<(), Problem> {
        let mut swapped = Vec::new();
        for (index, change) in changes.iter().enumerate() {
            let (Some(camera), Some(position)) = (change.camera(), change.position()) else {
                continue;
            };
            if self.is_swapped(position) {
                swapped.push((index, camera, position));
            }
        }
        if swapped.is_empty() { Ok(()) } else { Err(problem(&swapped)) }
    }

    fn is_swapped(&self, position: Position) -> bool {
        let other = Position::new(position.lat(), position.lon());
        // The rarest condition comes first.
        other.is_ok_and(|other| self.cover(other) && !self.cover(position))
    }

    fn cover(&self, position: Position) -> bool {
        let (lon, lat) = (position.lon(), position.lat());
        self.0.iter().any(|((west, south, east, north), area)| {
            (*west..=*east).contains(&lon)
                && (*south..=*north).contains(&lat)
                && area.covers(position)
        })
    }
}

fn problem(swapped: &[(usize, CameraId, Position)]) -> Problem {
    let named = swapped.iter().take(NAMED).map(|&(index, camera, position)| {
        let message = format!(
            "camera `{camera}` at longitude {}, latitude {} is in no agency's jurisdiction; with the \
             two the other way round it would be",
            position.lon(),
            position.lat()
        );
        json!({ "index": index, "camera": camera, "message": message })
    });
    let errors: Vec<_> = named.collect();
    let detail = format!(
        "{} cameras have longitude and latitude in each other's place, so no change was applied; a \
         position is [longitude, latitude]",
        swapped.len()
    );
    Problem::new(Kind::Swapped, detail).with("errors", errors)
}
