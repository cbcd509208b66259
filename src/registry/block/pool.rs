//! Blocks that nobody reads any more, written again instead of asking for memory.

use std::sync::Arc;

use super::block::Block;

/// Blocks to write to. One that a reader still has is found out when it is its turn, and let go.
#[derive(Debug, Default)]
pub(crate) struct BlockPool(Vec<Arc<Block>>);

impl BlockPool {
    pub(crate) fn push(&mut self, block: Arc<Block>) {
        self.0.push(block);
    }

    pub(crate) fn append(&mut self, mut others: Self) {
        self.0.append(&mut others.0);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// At most so many of them, for somebody else to use.
    pub(crate) fn share(&mut self, most: usize) -> Self {
        Self(self.0.split_off(self.0.len().saturating_sub(most)))
    }

    /// Lets go of all but so many.
    pub(crate) fn keep(&mut self, most: usize) {
        self.0.truncate(most);
    }

    /// A block to be changed: itself if nobody else has it, or else a copy in its place.
    pub(crate) fn make_mut<'a>(&mut self, block: &'a mut Arc<Block>) -> &'a mut Block {
        if Arc::get_mut(block).is_none()
            && let Some(mut spare) = self.0.pop()
            && let Some(memory) = Arc::get_mut(&mut spare)
        {
            memory.clone_from(block);
            *block = spare;
            // Those that are written next; nothing waits for them here.
            if let [.., soon, next] = self.0.as_slice() {
                next.prefetch_lists();
                soon.prefetch_whole();
            }
        }
        Arc::make_mut(block)
    }
}
