//! Reuses the memory of blocks that no reader holds any more.

use std::sync::Arc;

use super::block::Block;

/// Blocks to write to. A block that a reader still holds is dropped when its turn comes.
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

    /// Splits off at most so many blocks.
    pub(crate) fn share(&mut self, most: usize) -> Self {
        Self(self.0.split_off(self.0.len().saturating_sub(most)))
    }

    /// Drops all but so many blocks.
    pub(crate) fn keep(&mut self, most: usize) {
        self.0.truncate(most);
    }

    /// The block itself if nobody else holds it; otherwise puts a copy in its place.
    pub(crate) fn make_mut<'a>(&mut self, block: &'a mut Arc<Block>) -> &'a mut Block {
        if Arc::get_mut(block).is_none()
            && let Some(mut spare) = self.0.pop()
            && let Some(memory) = Arc::get_mut(&mut spare)
        {
            memory.clone_from(block);
            *block = spare;
            // Prefetches the blocks that are written next.
            if let [.., soon, next] = self.0.as_slice() {
                next.prefetch_lists();
                soon.prefetch_whole();
            }
        }
        Arc::make_mut(block)
    }
}
