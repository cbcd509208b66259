//! What the pages show besides the service's answers: a map, and the demo's story.

use std::sync::Arc;

use crate::basemap::BaseMap;
use crate::demo::Demo;

/// What is set up for the pages.
#[derive(Clone, Debug, Default)]
pub struct Portal {
    /// The map of streets; without one the pages draw on bare ground.
    pub map: Option<BaseMap>,
    /// Whether this is the demo.
    pub demo: Option<Arc<Demo>>,
}
