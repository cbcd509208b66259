//! The even-odd overlay, which repairs drawings and compares areas.

mod even_odd;

pub(crate) use even_odd::even_odd;
