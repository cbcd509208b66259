//! Spans and events for [`tracing`](https://docs.rs/tracing), with the feature of that name; without it
//! the macros expand to nothing, so that their arguments cost nothing either.
//!
//! Never an owner, a camera, a place or a case: subscribers write to places with less protection than
//! the registry's.

/// Opens a span that ends with the block: a subscriber measures the time between.
#[cfg(feature = "tracing")]
macro_rules! span {
    ($name:literal $(, $($fields:tt)*)?) => {
        let _entered = ::tracing::debug_span!(target: "canvass", $name $(, $($fields)*)?).entered();
    };
}

#[cfg(not(feature = "tracing"))]
macro_rules! span {
    ($($ignored:tt)*) => {};
}

/// Emits an event with the decision that a span led to.
#[cfg(feature = "tracing")]
macro_rules! event {
    ($($fields:tt)*) => {
        ::tracing::debug!(target: "canvass", $($fields)*)
    };
}

#[cfg(not(feature = "tracing"))]
macro_rules! event {
    ($($ignored:tt)*) => {};
}

pub(crate) use {event, span};
