//! Words that errors and plans share.

/// What a recipient of keys is called.
pub const fn recipient(recipient: scheme::profile::Recipient) -> &'static str {
    match recipient {
        scheme::profile::Recipient::Card(kind) => kind.name(),
        scheme::profile::Recipient::Mcu => "meter MCU",
    }
}

/// What a key of EXPORT KEY is called: the role's name, or `own master` for code 00.
pub fn role(code: u8) -> String {
    match keys::Role::from_code(code) {
        Some(role) => role.name().to_owned(),
        None if code == 0 => "own master".to_owned(),
        None if code == scheme::profile::PREVIOUS_MASTER => "earlier master".to_owned(),
        None => format!("role {code:02X}"),
    }
}
