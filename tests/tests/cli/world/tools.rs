//! Small tools: arguments, record files, what a folder holds.

use super::World;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Serial number of the chip that a meter's ESAM is made of.
pub fn esam_serial(meter: &str) -> String {
    format!("E5A0{meter}")
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Bytes of a record file.
pub fn read_record(path: &Path) -> Vec<u8> {
    let text = std::fs::read_to_string(path).unwrap();
    hex::decode(text.lines().next().unwrap()).unwrap()
}

/// A record file with other bytes in it, saying of its SIM what it said.
pub fn with_record(path: &Path, bytes: &[u8]) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let notes = text.split_once('\n').map_or("", |(_, notes)| notes);
    record_line(bytes) + notes
}

/// Record file of bytes.
pub fn record_line(bytes: &[u8]) -> String {
    format!("{}\n", hex::encode_upper(bytes))
}

impl World {
    /// Every file below a folder with its bytes.
    pub fn bytes(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        let mut open = vec![folder.to_owned()];
        while let Some(folder) = open.pop() {
            let Ok(entries) = std::fs::read_dir(&folder) else { continue };
            for path in entries.map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    open.push(path);
                } else {
                    let bytes = std::fs::read(&path).unwrap();
                    found.insert(path, bytes);
                }
            }
        }
        found
    }
}
