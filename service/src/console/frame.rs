//! What stands around every page.

use super::words::Language;

/// One entry of the navigation.
pub struct Menu {
    /// This is it.
    pub here: bool,
    /// Where it leads.
    pub path: &'static str,
    /// Its word.
    pub key: &'static str,
    /// What waits there.
    pub count: usize,
}

/// What stands around a page of somebody who is logged in.
pub struct Frame {
    /// His language.
    pub lang: Language,
    /// What he may open.
    pub menu: Vec<Menu>,
    /// His name.
    pub name: String,
    /// The word for what he is.
    pub role: &'static str,
    /// What his forms have to carry.
    pub token: String,
    /// Path and query of the page, as they stand in a query.
    pub here: String,
    /// The server's time.
    pub now: String,
    /// The books are to learn with: every page and every paper says so.
    pub training: bool,
}
