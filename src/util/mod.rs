//! Tools that know nothing of cameras or places. Every other folder may use them.

pub(crate) mod bit_iter;
pub(crate) mod by_name;
pub(crate) mod coded_enum;
pub(crate) mod parallel;
pub(crate) mod row_mask;
pub(crate) mod text_lines;
pub(crate) mod trace;

pub(crate) use bit_iter::set_bits;
pub(crate) use coded_enum::coded_enum;
pub(crate) use row_mask::{BLOCK_ROWS, RowMask};
pub(crate) use text_lines::line_behind;
