//! What this process has in its memory is nobody else's: keys, PINs and passphrases pass through it.

/// No core dump, and no other process of the same user may trace it or read its memory. Best effort: a system that knows
/// neither has its own ways. Whoever may do everything on the machine may do this as well.
pub fn keep_private() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}
