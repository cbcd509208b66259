//! TODO-DOC

mod even_odd;

pub(crate) use even_odd::even_odd;
