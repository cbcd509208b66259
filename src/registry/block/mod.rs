//! TODO-DOC

mod block;
mod column;
mod edit;
mod grant_times;
mod pool;
mod stopped;
mod summary;

pub(crate) use block::{Block, Row, RowStanding};
pub(crate) use grant_times::GrantWindow;
pub(crate) use pool::BlockPool;
pub(crate) use summary::BlockSummary;
