//! Loops on all cores with the feature `parallel`, and on one without it.

#[cfg(feature = "parallel")]
use rayon::prelude::*;

/// Calls `f` for each number below `count`, and returns the results in order. Each thread makes one `state`
/// and reuses it.
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

/// Calls `f` for runs of at most `length` items. Each thread makes one `state` and reuses it.
pub(crate) fn for_runs<S, T: Send>(
    items: &mut [T],
    length: usize,
    state: impl Fn() -> S + Sync + Send,
    f: impl Fn(&mut S, &mut [T]) + Sync + Send,
) {
    // Waking another thread for one run costs more than it saves: a batch of one request took 8 to 11 times
    // as long as the request.
    #[cfg(feature = "parallel")]
    if items.len() > length {
        items.par_chunks_mut(length).for_each_init(state, f);
        return;
    }
    let mut state = state();
    items.chunks_mut(length).for_each(|run| f(&mut state, run));
}

/// Calls `f` for each item with its index, and returns the results in order.
pub(crate) fn map_mut<T: Send, R: Send>(
    items: &mut [T],
    f: impl Fn(usize, &mut T) -> R + Sync + Send,
) -> Vec<R> {
    // Waking another thread for one item costs more than it saves.
    #[cfg(feature = "parallel")]
    if items.len() > 1 {
        return items.par_iter_mut().enumerate().map(|(number, item)| f(number, item)).collect();
    }
    items.iter_mut().enumerate().map(|(number, item)| f(number, item)).collect()
}

/// Sorts items; unstable, so use it where equal items are interchangeable.
pub(crate) fn sort<T: Ord + Send>(items: &mut [T]) {
    #[cfg(feature = "parallel")]
    items.par_sort_unstable();
    #[cfg(not(feature = "parallel"))]
    items.sort_unstable();
}

/// Runs `there` on another core, if there is one, while `here` runs on this thread; returns both results.
pub(crate) fn join<A: Send, B>(there: impl Fn() -> A + Sync, here: impl FnOnce() -> B) -> (A, B) {
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
