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

/// `f` of runs of at most `length` items. Each thread makes itself a `state` to reuse.
pub(crate) fn for_runs<S, T: Send>(
    items: &mut [T],
    length: usize,
    state: impl Fn() -> S + Sync + Send,
    f: impl Fn(&mut S, &mut [T]) + Sync + Send,
) {
    #[cfg(feature = "parallel")]
    items.par_chunks_mut(length).for_each_init(state, f);
    #[cfg(not(feature = "parallel"))]
    {
        let mut state = state();
        items.chunks_mut(length).for_each(|run| f(&mut state, run));
    }
}

/// `f` of each item and its number, in order.
pub(crate) fn map_mut<T: Send, R: Send>(
    items: &mut [T],
    f: impl Fn(usize, &mut T) -> R + Sync + Send,
) -> Vec<R> {
    // To wake another thread for one item would only take time.
    #[cfg(feature = "parallel")]
    if items.len() > 1 {
        return items.par_iter_mut().enumerate().map(|(number, item)| f(number, item)).collect();
    }
    items.iter_mut().enumerate().map(|(number, item)| f(number, item)).collect()
}

/// Sorts items, of which equal ones are the same.
pub(crate) fn sort<T: Ord + Send>(items: &mut [T]) {
    #[cfg(feature = "parallel")]
    items.par_sort_unstable();
    #[cfg(not(feature = "parallel"))]
    items.sort_unstable();
}

/// Runs `there` on other cores if there are any, and `here` on this thread; returns both results.
pub(crate) fn beside<A: Send, B>(there: impl Fn() -> A + Sync, here: impl FnOnce() -> B) -> (A, B) {
    #[cfg(feature = "parallel")]
    {
        let mut done = None;
        let here = rayon::in_place_scope(|scope| {
            scope.spawn(|_| done = Some(there()));
            here()
        });
        (done.unwrap_or_else(there), here)
    }
    #[cfg(not(feature = "parallel"))]
    (there(), here())
}
