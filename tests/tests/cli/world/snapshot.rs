//! A plain world as its commands left it, kept to be copied.

use super::{PLAIN, World};
use scheme::moment::Moment;
use std::fs::Permissions;
use std::path::PathBuf;

/// A plain world as its commands left it.
pub struct Snapshot {
    now: Moment,
    files: u32,
    /// Folders and files by their paths below the world's folder, a folder before what is in it; the content of files.
    tree: Vec<(PathBuf, Permissions, Option<Vec<u8>>)>,
}

impl Snapshot {
    pub fn of(world: &World) -> Self {
        let root = world.folder.path();
        let (mut tree, mut open) = (Vec::new(), vec![root.to_owned()]);
        while let Some(folder) = open.pop() {
            for path in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
                let permissions = path.metadata().unwrap().permissions();
                let content = path.is_file().then(|| std::fs::read(&path).unwrap());
                if content.is_none() {
                    open.push(path.clone());
                }
                tree.push((path.strip_prefix(root).unwrap().to_owned(), permissions, content));
            }
        }
        Snapshot { now: world.now(), files: world.files.get(), tree }
    }

    pub fn again(&self) -> World {
        let world = World::empty(PLAIN);
        for (path, permissions, content) in &self.tree {
            let path = world.folder.path().join(path);
            match content {
                Some(bytes) => std::fs::write(&path, bytes).unwrap(),
                None => std::fs::create_dir(&path).unwrap(),
            }
            std::fs::set_permissions(&path, permissions.clone()).unwrap();
        }
        world.at(self.now);
        world.files.set(self.files);
        world
    }
}
