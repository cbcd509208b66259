//! TODO-DOC

mod block;
mod column;
mod edit;
mod grant_times;
mod pool;
mod stopped;
mod summary;

pub(crate) use block::{Block, Row, RowStanding, rows};
pub(crate) use column::ROWS;
pub(crate) use grant_times::Timing;
pub(crate) use pool::Spares;
pub(crate) use summary::ZoneMap;
