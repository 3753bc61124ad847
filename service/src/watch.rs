//! Lines for whoever watches the server: what was asked, how it was answered, and by which id. No secret and nobody's name is in
//! them.

use tracing::level_filters::LevelFilter;

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Level {
    /// Nothing.
    Off,
    /// What failed.
    Error,
    /// And what is strange.
    #[default]
    Warn,
    /// And every request.
    Info,
    /// And every connection.
    Debug,
}

impl Level {
    /// All of them, the quietest first.
    pub const ALL: [Level; 5] = [Level::Off, Level::Error, Level::Warn, Level::Info, Level::Debug];

    /// As it is typed.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Off => "off",
            Level::Error => "error",
            Level::Warn => "warn",
            Level::Info => "info",
            Level::Debug => "debug",
        }
    }

    /// The level of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Level::ALL.into_iter().find(|level| level.name() == name)
    }
}

/// Begins to tell on standard error, unless the program tells already.
pub fn begin(level: Level) {
    let most = match level {
        Level::Off => LevelFilter::OFF,
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
    };
    let lines = tracing_subscriber::fmt()
        .with_max_level(most)
        .with_ansi(false)
        .with_target(false)
        .with_writer(std::io::stderr)
        .finish();
    // Whoever uses the server within a program of his own may have begun before.
    let _ = tracing::subscriber::set_global_default(lines);
}
