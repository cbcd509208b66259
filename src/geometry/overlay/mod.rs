//! The even-odd overlay, which repairs drawings and compares areas: `even_odd` is the entry, `split` cuts
//! edges where they meet, and `faces` walks along them.

mod directed_edge;
mod even_odd;
mod faces;
mod split;

pub(crate) use even_odd::even_odd;
