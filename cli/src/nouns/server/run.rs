//! `gridcard server run`: the payment server over HTTP.

use crate::global::Global;
use crate::output::answer;
use crate::screen::say;
use crate::shared::{Database, MaybeBank};
use clap::Args;
use parties::bank::pins::{PinChoice, PinFile};
use parties::trouble::Result;
use serde_json::json;
use service::{BankLine, Config, Ended};
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Options of `server run`.
#[derive(Debug, Args)]
pub struct Run {
    /// Where it listens: an address of this machine alone. Port 0: any that is free.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// File with the PIN of the PSAM; several PSAMs have one each: NUMBER=FILE, more than once. Without one nothing is sealed and
    /// no receipt opened.
    #[arg(long = "pin-file", value_name = "FILE")]
    pub pin_files: Vec<PinFile>,
    /// Where the books are.
    #[command(flatten)]
    pub database: Database,
    /// The name under which it books, where several servers share the books: 1 to 32 characters.
    #[arg(long, value_name = "NAME", default_value = "1")]
    pub server: String,
    /// Requests a minute that one key may send.
    #[arg(long, value_name = "N", default_value_t = 6000, value_parser = clap::value_parser!(u32).range(1..))]
    pub rate: u32,
    /// The customers' bank.
    #[command(flatten)]
    pub bank: MaybeBank,
}

/// Runs `server run`.
pub fn run(global: &Global, options: &Run) -> Result<()> {
    let config = Config {
        listen: options.listen,
        pin: PinChoice { files: options.pin_files.clone(), ..PinChoice::default() },
        database: options.database.database.clone(),
        server: options.server.clone(),
        rate: options.rate,
        bank: options
            .bank
            .address
            .clone()
            .map(|address| BankLine { address, patience: Duration::from_secs(options.bank.patience) }),
    };
    let ended = service::serve(global, &config, |address| {
        let text = format!("http://{address}");
        say(format!("listening on {text}; Ctrl-C ends"));
        answer(global, &text, json!({ "pid": std::process::id(), "address": address.to_string() }));
    })?;
    say("ended: what was begun is kept");
    if ended == Ended::Interrupted {
        global.interrupted.store(true, Ordering::Relaxed);
    }
    Ok(())
}
