//! The user of the operating system, as the system says: never a variable of the environment.

/// The name of the user this program runs for: the entry of its real user id in `/etc/passwd`, else the id itself.
#[cfg(unix)]
pub fn name() -> String {
    let uid = rustix::process::getuid().as_raw();
    let known = std::fs::read_to_string("/etc/passwd").ok();
    let named = known.and_then(|text| text.lines().find_map(|line| entry(line, uid)));
    named.unwrap_or_else(|| format!("uid {uid}"))
}

/// The name of a line of `/etc/passwd`, when it is of this user.
#[cfg(unix)]
fn entry(line: &str, uid: u32) -> Option<String> {
    let mut fields = line.split(':');
    let name = fields.next()?;
    let of: u32 = fields.nth(1)?.parse().ok()?;
    (of == uid && !name.is_empty()).then(|| name.to_owned())
}

/// Where the system knows no users nobody is known.
#[cfg(not(unix))]
pub fn name() -> String {
    "unknown".to_owned()
}
