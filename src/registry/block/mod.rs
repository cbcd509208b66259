//! Blocks: up to `BLOCK_ROWS` neighbouring cameras in columns. In reading order: the block, its
//! columns, its edits, and the pool that reuses memory.

mod block;
mod column;
mod grant_times;
mod stopped;
mod summary;
mod edit;
mod pool;

pub(crate) use block::{Block, Row, RowStanding};
pub(crate) use grant_times::RowTimeLimits;
pub(crate) use pool::BlockPool;
pub(crate) use summary::BlockSummary;
