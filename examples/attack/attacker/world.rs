//! The information that an attacker gets, and the obstacles.

use canvass::{Policy, Zone};

/// The information that an attacker gets, and the obstacles.
pub(crate) struct World {
    pub(crate) name: &'static str,
    pub(crate) policy: Policy,
    pub(crate) told: Told,
}

/// The information about a request after close.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// Its exact band, which the library does not release.
    Exact,
    /// Its outcome.
    Outcome,
    /// Whether anybody was asked, by a canary: an accomplice or an earlier sharer who has a camera in each
    /// area, and is asked if anybody is.
    WhetherAsked,
}

/// Possible worlds, under policies with and without overlaps.
pub(crate) fn worlds() -> [World; 5] {
    let policy = Policy::in_zone(Zone::UTC);
    let apart = policy.clone().with_max_overlaps(0);
    let world = |name, policy: &Policy, told| World { name, policy: policy.clone(), told };
    [
        world("exact bands", &policy, Told::Exact),
        world("exact, no overlap", &apart, Told::Exact),
        world("the default", &policy, Told::Outcome),
        world("a canary", &policy, Told::WhetherAsked),
        world("canary, no overlap", &apart, Told::WhetherAsked),
    ]
}
