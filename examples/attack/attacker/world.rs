//! What an attacker is told, and what stands in the way.

use canvass::Policy;

/// What an attacker is told, and what stands in the way.
pub(crate) struct World {
    pub(crate) name: &'static str,
    pub(crate) policy: Policy,
    pub(crate) told: Told,
}

/// What is told of a request after close.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// Its own exact band, which the library does not do.
    Exact,
    /// Its outcome.
    Outcome,
    /// Whether anybody was asked, by a canary: an accomplice or an earlier sharer who has a camera in each
    /// area, and is asked if anybody is.
    WhetherAsked,
}

/// What an agency might be told, under policies with and without overlaps.
pub(crate) fn worlds() -> [World; 5] {
    let policy = Policy::default();
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
