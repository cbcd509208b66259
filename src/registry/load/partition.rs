//! Partitions items into groups, on all cores.

use crate::registry::index::number;
use crate::util::parallel;

/// Items by group, in their order, each run partitioned by itself.
pub(crate) struct Partitioned<T> {
    runs: Vec<Run<T>>,
}

/// A run of items, sorted by group.
struct Run<T> {
    starts: Vec<u32>,
    items: Vec<T>,
}

impl<T: Copy + Send> Partitioned<T> {
    /// Partitions the items that sources yield, given the group of each. O(n).
    pub(crate) fn new<S: Sync>(
        sources: &[S],
        groups: usize,
        item: impl Fn(u32, &S) -> (usize, T) + Sync + Send,
    ) -> Self {
        // So long that the counters of a run are smaller than its items.
        let long = RUN.max(groups.saturating_mul(8));
        let runs: Vec<&[S]> = sources.chunks(long).collect();
        let deal = |items: &mut Vec<(usize, T)>, run: usize| {
            let numbers = number(run.saturating_mul(long))..;
            let sources = runs.get(run).copied().unwrap_or_default();
            items.clear();
            items.extend(numbers.zip(sources).map(|(number, source)| item(number, source)));
            Run::new(items, groups)
        };
        Self { runs: parallel::map(runs.len(), Vec::new, deal) }
    }

    /// The items of a group.
    pub(crate) fn group(&self, group: usize) -> impl Iterator<Item = &T> {
        self.runs.iter().flat_map(move |run| run.group(group))
    }
}

impl<T: Copy> Run<T> {
    fn new(items: &[(usize, T)], groups: usize) -> Self {
        let mut starts = vec![0; groups + 1];
        for (group, _) in items {
            if let Some(count) = starts.get_mut(group + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut next = starts.clone();
        let mut partitioned =
            items.first().map_or_else(Vec::new, |&(_, any)| vec![any; items.len()]);
        for &(group, item) in items {
            if let Some(place) = next.get_mut(group) {
                if let Some(slot) = partitioned.get_mut(*place as usize) {
                    *slot = item;
                }
                *place += 1;
            }
        }
        Self { starts, items: partitioned }
    }

    fn group(&self, group: usize) -> &[T] {
        match self.starts.get(group..group + 2) {
            Some(&[start, end]) => self.items.get(start as usize..end as usize).unwrap_or(&[]),
            _ => &[],
        }
    }
}

/// The number of groups: enough that one fits the second-level cache, few enough that partitioning is
/// fast.
pub(crate) const GROUPS: usize = 1_024;

/// Items in a run. A partitioned run fits the second-level cache.
const RUN: usize = 1 << 15;
