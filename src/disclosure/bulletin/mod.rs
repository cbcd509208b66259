//! TODO-DOC

mod bulletin;
mod cells;
mod ending;
mod error;
mod history;

pub use bulletin::Bulletin;
pub use ending::Ending;
pub use error::{BulletinError, BulletinReadError, CoverError};
pub use history::{BulletinEntry, BulletinEvent};
