//! The spatial index: R-trees of blocks, one for each H3 cell, nested and copied on write.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::quality::RandomState;
use h3o::{CellIndex, Resolution};
use rstar::{RTree, RTreeObject};

use super::MANY;
use super::block::{Block, Row, RowStanding};
use super::layout::Layout;
use super::packing::{growth, pack};
use super::rtree::Fanout;
use super::snapshot::Revision;
use crate::camera::{Camera, CameraId};
use crate::geometry::{Envelope, Position};
use crate::parallel;

/// The R-tree of one H3 cell: of its child clusters, or of its blocks if the cluster is a tile.
///
/// A snapshot is one tree of these, and a change copies only those on the way to its tile:
/// neighbours are shared between revisions.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    cell: Option<CellIndex>,
    /// Of a tile: the revision that last added or removed one of its cameras.
    revision: Revision,
    /// The revision that last changed anything here or below.
    edited: Revision,
    /// The revision that last built the tree: since then members were only changed in their places.
    built: Revision,
    members: RTree<Member, Fanout>,
}

/// Fewer clusters than this are not worth another thread.
const FEW: usize = 8;

/// What a cluster holds.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    // INVARIANT: contains all rows below; it may be larger, since removing rows leaves it.
    pub(crate) envelope: Envelope,
    pub(crate) item: Item,
}

#[derive(Clone, Debug)]
pub(crate) enum Item {
    Cluster(Arc<Cluster>),
    Block(Arc<Block>),
}

/// A camera as a tile has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Located {
    pub(crate) cell: CellIndex,
    pub(crate) camera: Camera,
}

/// One change to the rows of a tile.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Edit {
    Insert(Row),
    Remove { position: Position, camera: CameraId },
    Stand { position: Position, camera: CameraId, standing: RowStanding },
}

impl Edit {
    /// Where the row stands that is edited.
    pub(crate) fn position(&self) -> Position {
        match self {
            Self::Insert(row) => row.camera.position,
            Self::Remove { position, .. } | Self::Stand { position, .. } => *position,
        }
    }
}

impl Cluster {
    /// The root of an empty registry.
    pub(crate) fn empty() -> Self {
        Self::of(None, Vec::new())
    }

    fn of(cell: Option<CellIndex>, members: Vec<Member>) -> Self {
        let [revision, edited, built] = [Revision(0); 3];
        Self { cell, revision, edited, built, members: RTree::bulk_load_with_params(members) }
    }

    pub(crate) fn tree(&self) -> &RTree<Member, Fanout> {
        &self.members
    }

    fn envelope(&self) -> Envelope {
        self.members.root().envelope()
    }

    /// All blocks of this and of all clusters below.
    pub(crate) fn blocks<'a>(&'a self, visit: &mut impl FnMut(&'a Block)) {
        for member in &self.members {
            match &member.item {
                Item::Cluster(cluster) => cluster.blocks(visit),
                Item::Block(block) => visit(block),
            }
        }
    }

    /// The camera with an id, which stands at `position`, and the cell of its tile.
    pub(crate) fn locate(&self, position: Position, camera: CameraId) -> Option<Located> {
        let here = Envelope::of([position]);
        self.members.locate_in_envelope_intersecting(here).find_map(|member| match &member.item {
            Item::Cluster(cluster) => cluster.locate(position, camera),
            Item::Block(block) => {
                let row = block.find(camera)?;
                Some(Located { cell: self.cell?, camera: block.row(row).camera })
            }
        })
    }

    /// The cell of the only tile whose envelope has a position. A camera that a tile has is in that
    /// one then; where envelopes overlap, `None`.
    pub(crate) fn tile_around(&self, position: Position, layout: Layout) -> Option<CellIndex> {
        let here = Envelope::of([position]);
        let mut only = None;
        for member in self.members.locate_in_envelope_intersecting(here) {
            let Item::Cluster(cluster) = &member.item else { continue };
            let cell = match cluster.cell {
                Some(cell) if cell.resolution() == layout.tile() => cell,
                _ => cluster.tile_around(position, layout)?,
            };
            if only.replace(cell).is_some() {
                return None;
            }
        }
        only
    }

    /// The clusters of tiles given in ascending order of their cells, up to the root.
    pub(crate) fn assemble(tiles: Vec<Arc<Self>>, layout: Layout) -> Self {
        Self::level(None, tiles, layout)
    }

    fn level(cell: Option<CellIndex>, tiles: Vec<Arc<Self>>, layout: Layout) -> Self {
        let resolution = cell.map(CellIndex::resolution);
        let clusters = match layout.below(resolution) {
            Some(below) if below < layout.tile() => {
                let mut clusters = Vec::new();
                let mut tiles = tiles.into_iter().peekable();
                while let Some(tile) = tiles.next() {
                    let parent = tile.cell.and_then(|cell| cell.parent(below));
                    let mut siblings = vec![tile];
                    while let Some(next) = tiles
                        .next_if(|tile| tile.cell.and_then(|cell| cell.parent(below)) == parent)
                    {
                        siblings.push(next);
                    }
                    clusters.push(Arc::new(Self::level(parent, siblings, layout)));
                }
                clusters
            }
            _ => tiles,
        };
        Self::of(cell, clusters.into_iter().map(Member::cluster).collect())
    }

    /// A tile of blocks, as a revision left it.
    pub(crate) fn tile(
        cell: CellIndex,
        revision: Revision,
        blocks: impl IntoIterator<Item = Block>,
    ) -> Self {
        let members = blocks.into_iter().map(Member::block).collect();
        Self { revision, ..Self::of(Some(cell), members) }
    }

    /// The revision that last added or removed one of a tile's cameras.
    pub(crate) fn revision(&self) -> Revision {
        self.revision
    }

    /// All tiles below, with their cells.
    pub(crate) fn tiles(&self, layout: Layout, visit: &mut impl FnMut(CellIndex, &Arc<Self>)) {
        for member in &self.members {
            let Item::Cluster(cluster) = &member.item else { continue };
            match cluster.cell {
                Some(cell) if cell.resolution() == layout.tile() => visit(cell, cluster),
                _ => cluster.tiles(layout, visit),
            }
        }
    }

    /// Whether there is a tile of a cell below. O(members) at each level.
    pub(crate) fn has_tile(&self, tile: CellIndex) -> bool {
        self.members.iter().any(|member| match &member.item {
            Item::Cluster(cluster) => match cluster.cell {
                Some(cell) if cell == tile => true,
                Some(cell) => {
                    tile.parent(cell.resolution()) == Some(cell) && cluster.has_tile(tile)
                }
                None => false,
            },
            Item::Block(_) => false,
        })
    }

    /// Whether nothing is left.
    fn is_empty(&self) -> bool {
        self.members.size() == 0
    }

    /// Applies the edits of a revision, which are in ascending order of their cells.
    pub(crate) fn edit(&mut self, edits: &[(CellIndex, Edit)], revision: Revision, layout: Layout) {
        self.edited = revision;
        match layout.below(self.cell.map(CellIndex::resolution)) {
            Some(below) => self.edit_clusters(edits, below, revision, layout),
            None => self.edit_blocks(edits, revision, layout),
        }
    }

    fn edit_clusters(
        &mut self,
        edits: &[(CellIndex, Edit)],
        below: Resolution,
        revision: Revision,
        layout: Layout,
    ) {
        let child = |(cell, _): &(CellIndex, Edit)| cell.parent(below);
        let mut groups: Vec<_> = edits.chunk_by(|a, b| child(a) == child(b)).collect();
        let mut edited = Vec::with_capacity(groups.len());
        for member in &mut self.members {
            let Item::Cluster(cluster) = &member.item else { continue };
            let of_member = |group: &&[_]| group.first().and_then(child) == cluster.cell;
            if let Some(group) = groups.iter().position(of_member) {
                edited.push((member, groups.swap_remove(group)));
            }
            if groups.is_empty() {
                break;
            }
        }
        let edit = |(member, group): &mut (&mut Member, &[(CellIndex, Edit)])| {
            let Item::Cluster(cluster) = &mut member.item else { return false };
            let cluster = Arc::make_mut(cluster);
            cluster.edit(group, revision, layout);
            cluster.is_empty() || cluster.envelope() != member.envelope
        };
        let reshaped = if edits.len() < MANY {
            edited.iter_mut().map(edit).fold(false, |any, reshaped| any | reshaped)
        } else {
            parallel::map_mut(&mut edited, |_, edited| edit(edited)).contains(&true)
        };
        if !reshaped && groups.is_empty() {
            return;
        }
        let old = std::mem::replace(&mut self.members, RTree::new_with_params());
        let kept = old.into_iter().filter_map(|member| match member.item {
            Item::Cluster(cluster) => (!cluster.is_empty()).then(|| Member::cluster(cluster)),
            Item::Block(_) => Some(member),
        });
        let new = groups.into_iter().filter_map(|group| {
            let mut cluster = Self::of(group.first().and_then(child), Vec::new());
            cluster.edit(group, revision, layout);
            (!cluster.is_empty()).then(|| Member::cluster(Arc::new(cluster)))
        });
        self.members = RTree::bulk_load_with_params(kept.chain(new).collect());
        self.built = revision;
    }

    fn edit_blocks(&mut self, edits: &[(CellIndex, Edit)], revision: Revision, layout: Layout) {
        // What an owner says is written with the owner, not with the tiles of their cameras.
        if edits.iter().any(|(_, edit)| !matches!(edit, Edit::Stand { .. })) {
            self.revision = revision;
        }
        let mut homeless = Homeless::default();
        let mut emptied = false;
        for &(_, edit) in edits {
            match edit {
                Edit::Insert(row) => {
                    // A camera that found no home must not be overtaken by an edit to itself.
                    if !self.insert_in_place(row) {
                        homeless.push(row);
                    }
                }
                Edit::Remove { position, camera } => {
                    if !homeless.remove(camera) {
                        self.with_row(position, camera, |block, row| {
                            block.remove(row);
                            emptied |= block.len() == 0;
                        });
                    }
                }
                Edit::Stand { position, camera, standing } => match homeless.find(camera) {
                    Some(row) => row.standing = standing,
                    None => self.with_row(position, camera, |block, row| {
                        block.set_standing(row, standing);
                    }),
                },
            }
        }
        if emptied || !homeless.rows.is_empty() {
            self.rebuild(homeless.rows, layout);
            self.built = revision;
        }
    }

    /// Brings the clusters of the revision before up to `newer`, to which some edits have led. Trees
    /// that nobody else has are changed in place, so that blocks of both revisions are not counted.
    pub(crate) fn catch_up(&mut self, newer: &Self, edits: usize) {
        if self.built != newer.built {
            self.build_as(newer);
        }
        let mut changed = Vec::new();
        for (member, newer) in self.members.iter_mut().zip(&newer.members) {
            match (&mut member.item, &newer.item) {
                (Item::Cluster(mine), Item::Cluster(newer)) if mine.edited != newer.edited => {
                    changed.push((mine, newer));
                }
                (Item::Block(mine), Item::Block(newer)) if !Arc::ptr_eq(mine, newer) => {
                    *mine = Arc::clone(newer);
                }
                _ => {}
            }
        }
        let follow = |(mine, newer): &mut (&mut Arc<Self>, &Arc<Self>)| match Arc::get_mut(mine) {
            Some(mine) if mine.built == newer.built || !newer.is_tile() => {
                mine.catch_up(newer, edits);
            }
            _ => **mine = Arc::clone(newer),
        };
        if edits < MANY || changed.len() < FEW {
            changed.iter_mut().for_each(follow);
        } else {
            parallel::map_mut(&mut changed, |_, pair| follow(pair));
        }
        (self.revision, self.edited) = (newer.revision, newer.edited);
    }

    /// Builds the tree as that of newer clusters is, of the own ones as far as they are in both.
    fn build_as(&mut self, newer: &Self) {
        let old = std::mem::replace(&mut self.members, newer.members.clone());
        let mut own: Vec<_> = old.into_iter().filter_map(Member::into_cluster).collect();
        own.sort_unstable_by_key(|cluster| cluster.cell);
        for member in &mut self.members {
            if let Item::Cluster(cluster) = &mut member.item
                && let Ok(place) = own.binary_search_by_key(&cluster.cell, |own| own.cell)
                && let Some(own) = own.get_mut(place)
            {
                std::mem::swap(cluster, own);
            }
        }
        self.built = newer.built;
    }

    fn is_tile(&self) -> bool {
        self.members.iter().any(|member| matches!(member.item, Item::Block(_)))
    }

    /// Puts a row in a block that has room and an envelope that need not grow.
    fn insert_in_place(&mut self, row: Row) -> bool {
        let here = Envelope::of([row.camera.position]);
        for member in self.members.locate_in_envelope_intersecting_mut(here) {
            if let Item::Block(block) = &mut member.item
                && !block.is_full()
            {
                Arc::make_mut(block).push(row);
                return true;
            }
        }
        false
    }

    fn with_row(
        &mut self,
        position: Position,
        camera: CameraId,
        change: impl FnOnce(&mut Block, usize),
    ) {
        for member in self.members.locate_in_envelope_intersecting_mut(Envelope::of([position])) {
            if let Item::Block(block) = &mut member.item
                && let Some(row) = block.find(camera)
            {
                change(Arc::make_mut(block), row);
                return;
            }
        }
    }

    /// Gives rows a home that fit no block as it is, drops empty blocks, and loads the tree anew.
    fn rebuild(&mut self, homeless: Vec<Row>, layout: Layout) {
        let old = std::mem::replace(&mut self.members, RTree::new_with_params());
        let mut members: Vec<Member> = old
            .into_iter()
            .filter(|member| match &member.item {
                Item::Block(block) => block.len() > 0,
                Item::Cluster(_) => true,
            })
            .collect();
        if homeless.len() > members.len() {
            // So many that packing all of them anew costs less than finding a place for each.
            let blocks = members.iter().filter_map(Member::as_block);
            let rows: Vec<Row> = blocks.flat_map(Block::iter).chain(homeless).collect();
            members = pack(&rows, layout.block_rows()).map(Member::block).collect();
        } else {
            for row in homeless {
                settle(&mut members, row);
            }
        }
        self.members = RTree::bulk_load_with_params(members);
    }
}

/// Rows that fit no block as it is. Found by their cameras, since a list of changes may register many
/// and then speak of each.
#[derive(Default)]
struct Homeless {
    rows: Vec<Row>,
    // INVARIANT: where each camera's row is in `rows`.
    places: HashMap<CameraId, usize, RandomState>,
}

impl Homeless {
    fn push(&mut self, row: Row) {
        self.places.insert(row.camera.id, self.rows.len());
        self.rows.push(row);
    }

    fn find(&mut self, camera: CameraId) -> Option<&mut Row> {
        let &place = self.places.get(&camera)?;
        self.rows.get_mut(place)
    }

    /// Whether the camera's row was one of these.
    fn remove(&mut self, camera: CameraId) -> bool {
        let Some(place) = self.places.remove(&camera) else { return false };
        self.rows.swap_remove(place);
        if let Some(moved) = self.rows.get(place) {
            self.places.insert(moved.camera.id, place);
        }
        true
    }
}

/// Gives one row a home among the blocks of a tile: in the nearest that has room, or in a half of the
/// nearest.
fn settle(members: &mut Vec<Member>, row: Row) {
    let here = Envelope::of([row.camera.position]);
    let nearest = members.iter_mut().min_by_key(|member| growth(member.envelope, here));
    match nearest {
        Some(Member { envelope, item: Item::Block(block) }) if !block.is_full() => {
            *envelope = envelope.merged(here);
            Arc::make_mut(block).push(row);
        }
        Some(member) => {
            let Some(block) = member.as_block() else { return };
            let rows: Vec<Row> = block.iter().chain([row]).collect();
            let mut halves = pack(&rows, rows.len().div_ceil(2)).map(Member::block);
            if let Some(first) = halves.next() {
                *member = first;
            }
            members.extend(halves);
        }
        None => members.push(Member::block(Block::of([row]))),
    }
}

impl Member {
    fn as_block(&self) -> Option<&Block> {
        match &self.item {
            Item::Block(block) => Some(block),
            Item::Cluster(_) => None,
        }
    }

    fn into_cluster(self) -> Option<Arc<Cluster>> {
        match self.item {
            Item::Cluster(cluster) => Some(cluster),
            Item::Block(_) => None,
        }
    }

    fn cluster(cluster: Arc<Cluster>) -> Self {
        Self { envelope: cluster.envelope(), item: Item::Cluster(cluster) }
    }

    fn block(block: Block) -> Self {
        Self { envelope: block.envelope(), item: Item::Block(Arc::new(block)) }
    }
}

impl RTreeObject for Member {
    type Envelope = Envelope;

    fn envelope(&self) -> Envelope {
        self.envelope
    }
}
