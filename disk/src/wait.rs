//! Whether this process waits for the medium.

use std::sync::atomic::{AtomicBool, Ordering};

static HURRIES: AtomicBool = AtomicBool::new(false);

/// From now on nothing in this process waits for the medium: for a program whose every file is made again, byte for byte, when the
/// machine stops, as a demonstration or a test is. There is no way back, so that nobody who keeps money or keys is hurried by
/// chance after a world was made beside him: he runs in a process of his own.
pub fn wait_for_nothing() {
    HURRIES.store(true, Ordering::Relaxed);
}

/// Whether what must be kept waits for the medium: always, but for [`wait_for_nothing`].
pub fn waits() -> bool {
    !HURRIES.load(Ordering::Relaxed)
}
