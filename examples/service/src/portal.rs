//! What the pages show besides the service's answers: a map, and the demo's story.

use crate::basemap::BaseMap;

/// What is set up for the pages.
#[derive(Clone, Debug, Default)]
pub struct Portal {
    /// The map of streets; without one the pages draw on bare ground.
    pub map: Option<BaseMap>,
    /// Whether this is the demo, whose pages sign in by themselves.
    pub is_demo: bool,
}
