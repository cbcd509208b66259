//! Contradictions among the limits of a policy.

/// The limits of a [`Policy`](crate::Policy) contradict each other, so that nothing could pass as they intend, or protect nobody.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// A limit is NaN.
    #[error("`{limit}` is NaN: nothing is below or above it")]
    NotANumber {
        /// The field's name.
        limit: &'static str,
    },
    /// A size is negative or infinite, or the largest area is nothing.
    #[error("`{limit}` is {value:?}: expected a finite number {expected}")]
    Size {
        /// The field's name.
        limit: &'static str,
        /// Its value.
        value: f64,
        /// The range of its values.
        expected: &'static str,
    },
    /// A limit is so small that no request could pass.
    #[error("`{limit}` is {value}: no request could pass; expected {least} or more")]
    NothingPasses {
        /// The field's name.
        limit: &'static str,
        /// Its value.
        value: u32,
        /// The least value under which a request can pass.
        least: u32,
    },
    /// No kind of agency may ask.
    #[error(
        "`agency_kinds` is empty: no agency may ask; name one of local, county, state, federal"
    )]
    NoAgencyKind,
    /// The smallest area is larger than the largest.
    #[error("`min_area_m2` is {min_m2:?}, more than `max_area_m2`, {max_m2:?}: no area fits")]
    Area {
        /// The smallest area in square metres.
        min_m2: f64,
        /// The largest.
        max_m2: f64,
    },
    /// The shortest window is longer than the longest.
    #[error("`min_window_minutes` is {min}, more than `max_window_minutes`, {max}: no window fits")]
    Window {
        /// The shortest window in minutes.
        min: u32,
        /// The longest.
        max: u32,
    },
    /// The shortest window is longer than the time that it must lie in.
    #[error(
        "`min_window_minutes` is {min}, `max_look_back_days` is {look_back_days} and \
         `future_windows` are refused: no window fits in between"
    )]
    LookBack {
        /// The shortest window in minutes.
        min: u32,
        /// How many days a window's start may lie back.
        look_back_days: u32,
    },
    /// A request would be open for longer than it may be.
    #[error("`open_days` is {open}, more than `max_open_days`, {max}")]
    OpenDays {
        /// For how many days a request is open.
        open: u32,
        /// For how many it may be.
        max: u32,
    },
    /// The anonymity set is too small, and nothing waives it.
    #[error(
        "`min_households` is {households}, fewer than {least}: an area with so few points at homes; raise it, or \
         set `anonymity` to `waived` where no real people are asked"
    )]
    AnonymitySet {
        /// How many households the policy requires.
        households: u32,
        /// How many it must require at least.
        least: u32,
    },
}
