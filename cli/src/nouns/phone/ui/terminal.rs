//! The terminal: taken for as long as the screens are shown, and given back as it was.

use handset::{App, Key, draw};
use parties::{Context, Result};
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::{DefaultTerminal, restore, try_init};

/// A terminal that is ours. When it is dropped, or the program panics, it is what it was.
pub struct Screen(DefaultTerminal);

impl Screen {
    /// Takes it.
    ///
    /// # Errors
    /// It is none that can be drawn on.
    pub fn take() -> Result<Self> {
        Ok(Screen(try_init().context("the terminal cannot be drawn on")?))
    }

    /// Shows an app.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn show(&mut self, app: &App) -> Result<()> {
        self.0.draw(|frame| draw(app, frame)).context("the terminal is gone")?;
        Ok(())
    }

    /// Waits for a key. `None`: something else happened, as another size; the inner one: the person ends it with Ctrl-C.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn key(&mut self) -> Result<Option<Option<Key>>> {
        let Event::Key(pressed) = event::read().context("the terminal is gone")? else { return Ok(None) };
        if pressed.kind == KeyEventKind::Release {
            return Ok(None);
        }
        let control = pressed.modifiers.contains(KeyModifiers::CONTROL);
        Ok(match pressed.code {
            KeyCode::Char('c' | 'd') if control => Some(None),
            KeyCode::Char(c) if !control => Some(Some(Key::Char(c))),
            KeyCode::Enter => Some(Some(Key::Enter)),
            KeyCode::Tab => Some(Some(Key::Tab)),
            KeyCode::BackTab => Some(Some(Key::BackTab)),
            KeyCode::Up => Some(Some(Key::Up)),
            KeyCode::Down => Some(Some(Key::Down)),
            KeyCode::Left => Some(Some(Key::Left)),
            KeyCode::Right => Some(Some(Key::Right)),
            KeyCode::Backspace => Some(Some(Key::Backspace)),
            KeyCode::Esc => Some(Some(Key::Escape)),
            _ => None,
        })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}
