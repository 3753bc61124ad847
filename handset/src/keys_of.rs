//! What each key does on each screen.

use crate::app::{Act, App, Key, Screen, Wish};
use crate::form::{Form, Kind, Row};
use crate::pages;
use client::talk::PurchaseState;

impl App {
    /// A key was pressed.
    pub fn key(&mut self, key: Key) -> Wish {
        self.told = None;
        match &mut self.screen {
            Screen::Slip(form) => match form_key(form, key) {
                Pressed::Button if pages::slip_is_whole(form) => Wish::Ask(Act::Enrol),
                Pressed::Out => Wish::Leave,
                _ => Wish::Look,
            },
            Screen::Pay(form) => match form_key(form, key) {
                Pressed::Button if pages::pay_is_whole(form) => Wish::Ask(Act::Offer),
                Pressed::Out => self.go(Screen::Start),
                _ => {
                    pages::show_account(form);
                    Wish::Look
                }
            },
            Screen::Confirm { yes, .. } => match key {
                Key::Left | Key::Right | Key::Tab | Key::BackTab | Key::Up | Key::Down => {
                    *yes = !*yes;
                    Wish::Look
                }
                Key::Enter if *yes => Wish::Ask(Act::Confirm),
                Key::Enter | Key::Escape => self.go(Screen::Start),
                _ => Wish::Look,
            },
            Screen::Bought(purchase) => match key {
                Key::Char('r') => Wish::Ask(Act::State),
                Key::Char('s') if purchase.state == PurchaseState::Made => Wish::Ask(Act::Save),
                Key::Escape | Key::Enter => {
                    self.screen = Screen::Start;
                    Wish::Ask(Act::Refresh)
                }
                _ => self.menu(key),
            },
            Screen::Records { top } => match key {
                Key::Down if *top + 1 < self.seen.records.len() => {
                    *top += 1;
                    Wish::Look
                }
                Key::Up => {
                    *top = top.saturating_sub(1);
                    Wish::Look
                }
                Key::Char('e') if self.seen.more => Wish::Ask(Act::Earlier),
                Key::Escape => self.go(Screen::Start),
                _ => self.menu(key),
            },
            Screen::Meter => match key {
                Key::Left | Key::Right if self.seen.contracts.len() > 1 => {
                    let count = self.seen.contracts.len();
                    let step = if key == Key::Right { 1 } else { count - 1 };
                    self.seen.chosen = (self.seen.chosen + step) % count;
                    Wish::Ask(Act::Refresh)
                }
                Key::Escape => self.go(Screen::Start),
                _ => self.menu(key),
            },
            Screen::Start => match key {
                Key::Escape | Key::Char('q') => Wish::Leave,
                _ => self.menu(key),
            },
        }
    }

    /// Keys that lead to other screens.
    fn menu(&mut self, key: Key) -> Wish {
        match key {
            Key::Char('1') => {
                self.screen = Screen::Start;
                Wish::Ask(Act::Refresh)
            }
            Key::Char('2') if self.open.is_some() => Wish::Ask(Act::State),
            Key::Char('2') if self.contract().is_some() => {
                let form = pages::pay(&self.seen);
                self.go(Screen::Pay(form))
            }
            Key::Char('3') => {
                self.screen = Screen::Records { top: 0 };
                Wish::Ask(Act::Refresh)
            }
            Key::Char('4') => self.go(Screen::Meter),
            Key::Char('l') => {
                self.tongue = self.tongue.other();
                Wish::Look
            }
            Key::Char('r') => Wish::Ask(Act::Refresh),
            _ => Wish::Look,
        }
    }

    fn go(&mut self, screen: Screen) -> Wish {
        self.screen = screen;
        Wish::Look
    }
}

/// What a key did in a form.
enum Pressed {
    /// It is the form's own.
    Nothing,
    /// The button.
    Button,
    /// Out of it.
    Out,
}

fn form_key(form: &mut Form, key: Key) -> Pressed {
    let is_button = form.here().is_some_and(|row| row.kind == Kind::Button);
    match key {
        Key::Escape => return Pressed::Out,
        Key::Enter if is_button => return Pressed::Button,
        Key::Tab | Key::Down | Key::Enter => form.step(true),
        Key::BackTab | Key::Up => form.step(false),
        key => {
            if let Some(row) = form.here() {
                row_key(row, key);
            }
        }
    }
    Pressed::Nothing
}

fn row_key(row: &mut Row, key: Key) {
    match (&row.kind, key) {
        (Kind::Text(most) | Kind::Secret(most), Key::Char(c)) if !c.is_control() => {
            if row.text.chars().count() < *most {
                row.text.push(c);
            }
        }
        (Kind::Text(_) | Kind::Secret(_), Key::Backspace) => drop(row.text.pop()),
        (Kind::Choice(of), Key::Left) if !of.is_empty() => {
            row.chosen = (row.chosen + of.len() - 1) % of.len()
        }
        (Kind::Choice(of), Key::Right | Key::Char(' ')) if !of.is_empty() => {
            row.chosen = (row.chosen + 1) % of.len();
        }
        _ => return,
    }
    row.wrong = None;
}
