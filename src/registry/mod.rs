//! What is stored: the writer's side applies changes, and publishes a snapshot at each revision.

mod affected;
mod block;
mod change;
mod directory;
mod edit;
mod index;
mod load;
mod registry;
mod revision;
mod scopes;
mod snapshot;
mod tiles;
mod writer;

pub(crate) use block::{Block, BlockSummary, GrantWindow, Row, RowStanding};
pub use change::{Change, ChangeError, ChangeRefusal, SkippedChange};
pub use index::Layout;
pub(crate) use index::{Branch, BranchChild, Cluster, cell};
pub use load::ReplayError;
pub use registry::Registry;
pub use revision::Revision;
pub(crate) use scopes::{ScopeQuery, TermsTable};
pub use snapshot::Snapshot;
pub use tiles::{Tile, TileChanges, TileError, TileFlaw, TileKey, TileKeyError};
