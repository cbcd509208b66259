//! Loops on all cores with the feature `parallel`, and on one without it.

#[cfg(feature = "parallel")]
use rayon::prelude::*;

/// `f` of each number below `count`, in order. Each thread makes itself a `state` to reuse.
pub(crate) fn map<S, R: Send>(
    count: usize,
    state: impl Fn() -> S + Sync + Send,
    f: impl Fn(&mut S, usize) -> R + Sync + Send,
) -> Vec<R> {
    #[cfg(feature = "parallel")]
    return (0..count).into_par_iter().map_init(state, f).collect();
    #[cfg(not(feature = "parallel"))]
    {
        let mut state = state();
        (0..count).map(|number| f(&mut state, number)).collect()
    }
}

/// `f` of each item and its number, in order.
pub(crate) fn map_mut<T: Send, R: Send>(
    items: &mut [T],
    f: impl Fn(usize, &mut T) -> R + Sync + Send,
) -> Vec<R> {
    #[cfg(feature = "parallel")]
    return items.par_iter_mut().enumerate().map(|(number, item)| f(number, item)).collect();
    #[cfg(not(feature = "parallel"))]
    items.iter_mut().enumerate().map(|(number, item)| f(number, item)).collect()
}

/// What `f` gives for each item, in order; it is given a run of neighbours at a time.
pub(crate) fn runs<T: Sync, R: Send + Clone>(
    items: &[T],
    f: impl Fn(&[T]) -> Vec<R> + Sync + Send,
) -> Vec<R> {
    const RUN: usize = 256;
    let runs: Vec<&[T]> = items.chunks(RUN).collect();
    map(runs.len(), || (), |(), run| runs.get(run).map_or_else(Vec::new, |run| f(run))).concat()
}
