//! The registry: every camera and every owner's consent. One writer applies changes; readers take an
//! immutable snapshot of a revision and never wait.

mod registry;
mod change;
mod affected;
mod revision;
mod snapshot;
mod scopes;
mod block;
mod index;
mod directory;
mod writer;
mod edit;
mod load;
mod tiles;

pub(crate) use block::{Block, BlockSummary, Row, RowStanding, RowTimeLimits};
pub use change::{Change, ChangeError, ChangeRefusal, SkippedChange};
pub use index::Layout;
pub(crate) use index::{Branch, BranchChild, Cluster, cell};
pub use load::ReplayError;
pub use registry::Registry;
pub use revision::Revision;
pub(crate) use scopes::{ScopeQuery, TermsTable};
pub use snapshot::Snapshot;
pub use tiles::{Tile, TileChanges, TileError, TileFlaw, TileKey, TileKeyError};
