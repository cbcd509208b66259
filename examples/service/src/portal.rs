//! The set-up of the pages: a base map, and whether this is the demo.

use crate::basemap::BaseMap;

/// The set-up of the pages.
#[derive(Clone, Debug, Default)]
pub struct Portal {
    /// The map of streets; without one the pages draw on bare ground.
    pub map: Option<BaseMap>,
    /// Whether this is the demo, whose pages sign in by themselves.
    pub is_demo: bool,
}
