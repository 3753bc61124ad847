//! `gridcard phone ui`: the customer's phone on a terminal. Screens, keys and words are the crate `handset`'s; here are the server and the
//! terminal.

mod bank;
mod terminal;

use super::own::Own;
use crate::prelude::*;
use bank::AtServer;
use clap::ValueEnum;
use handset::{App, Tongue, Wish};
use std::io::IsTerminal;
use terminal::Screen;

/// Options of `phone ui`.
#[derive(Debug, Args)]
pub struct Ui {
    #[command(flatten)]
    pub own: Own,
    /// Language of the screens. Default: that of the terminal (LC_ALL, LC_MESSAGES, LANG).
    #[arg(long, value_enum)]
    pub lang: Option<Lang>,
}

/// A language of the screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    /// English.
    En,
    /// Chinese.
    Zh,
}

impl Ui {
    fn tongue(&self) -> Tongue {
        match self.lang {
            Some(Lang::En) => Tongue::English,
            Some(Lang::Zh) => Tongue::Chinese,
            None => {
                let named =
                    ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(|name| std::env::var(name).ok());
                Tongue::of(&named.into_iter().find(|value| !value.is_empty()).unwrap_or_default())
            }
        }
    }
}

/// Shows the screens until the person leaves.
pub fn run(call: &Call, options: &Ui) -> Result<()> {
    if call.options.json || !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Err(refused("the screens want a terminal, and a person at it")
            .hint("`gridcard phone enrol`, `pay`, `records` and `balance` do the same in a script")
            .code("phone-ui-terminal")
            .into());
    }
    let mut bank = AtServer::new(call, &options.own)?;
    let mut app = App::new(options.tongue(), &bank);
    let mut screen = Screen::take()?;
    let mut next = app.first();
    loop {
        if let Some(act) = next.take() {
            app.wait();
            screen.show(&app)?;
            app.perform(act, &mut bank);
        }
        screen.show(&app)?;
        match screen.key()? {
            None => {}
            Some(None) => return Ok(()),
            Some(Some(key)) => match app.key(key) {
                Wish::Look => {}
                Wish::Ask(act) => next = Some(act),
                Wish::Leave => return Ok(()),
            },
        }
    }
}
