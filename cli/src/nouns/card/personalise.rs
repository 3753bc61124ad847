//! `gridcard card personalise`: an APDU script on a card.

use crate::prelude::*;
use ::reader::cards::{InReader, ask};
use cos::Chip;
use parties::cards::CardHandle;
use parties::home;
use reader::script::{Dice, Player, Script};
use vcard::cards::OpenSlot;
use vcard::slot::Keep;
use vcard::{Image, ImageError, Slot};

/// Options of `card personalise`.
#[derive(Debug, Args)]
pub struct Personalise {
    /// Card file, a card in a reader (pcsc:READER, pcsc:SERIAL), or a SIM in a modem (at:DEVICE).
    pub file: CardRef,
    /// Script: the trace language with expectations, names and computed values (docs/specs/script.md).
    pub script: PathBuf,
    /// Only read the script and say what is wrong with it; no card is looked at.
    #[arg(long)]
    pub check: bool,
    /// Play it on a copy of the card in memory and show the APDUs, secrets hidden; the card stays as it is.
    #[arg(long, conflicts_with = "check")]
    pub dry_run: bool,
    /// Let `!` lines set the random numbers of the virtual card, to replay a recorded session. Never for money.
    #[arg(long)]
    pub test_random: bool,
    /// Cipher suite of a card in a reader that does not tell: 3des, aes128 or sm4.
    #[arg(long, default_value = "3des", value_parser = suite)]
    pub suite: Suite,
}

/// Plays the script.
pub fn run(call: &Call, options: &Personalise) -> Result<()> {
    let place = || options.script.display().to_string();
    let text = home::read_text(&options.script)?;
    let script = Script::parse(&text).with_context(place)?;
    if options.check {
        let commands = script.commands();
        let object = json!({ "script": place(), "commands": commands });
        answer(call, &format!("{} is in order: {commands} commands", place()), object);
        return Ok(());
    }
    let (mut handle, suite, dice) = open(call, options, &script)?;
    let folder = options.script.parent().unwrap_or(Path::new(""));
    let mut player = Player::new(&mut handle, suite, folder, dice, lens::apdu::command);
    let played = player.play(&script).with_context(place);
    let lines = player.lines().to_vec();
    let closed = handle.close();
    if let Err(error) = played {
        return Err(stopped(call, options, &lines, error));
    }
    closed?;
    let object = json!({
        "file": options.file.to_string(), "script": place(), "dry_run": options.dry_run,
        "commands": script.commands(), "lines": lines,
    });
    answer(call, &lines.join("\n"), object);
    let done = if options.dry_run { "rehearsed on a copy, the card is as it was" } else { "done" };
    say(format!("{} commands, {done}", script.commands()));
    Ok(())
}

/// The card, its suite, and the random numbers a script may set.
fn open(call: &Call, options: &Personalise, script: &Script) -> Result<(CardHandle, Suite, Option<Dice>)> {
    let card = call.cards.resolve(&options.file)?;
    match card.path() {
        Some(path) => in_slot(call, options, script, Path::new(path)),
        None => {
            if options.dry_run || options.test_random {
                let words = format!(
                    "{} stands in a reader: no copy of it can be made, and its random numbers are its own",
                    options.file
                );
                return Err(Failure::new(Kind::Usage, words)
                    .hint("rehearse on a virtual card: `gridcard card new --blank`")
                    .into());
            }
            let mut handle = CardHandle::of(call, Box::new(InReader::unasked(&card, call.patience)?))?;
            let told = ask(&mut handle)?.info.and_then(|info| Suite::from_code(info.suite));
            tell_secrets(script, true);
            Ok((handle, told.unwrap_or(options.suite), None))
        }
    }
}

/// A virtual card in its slot; a copy in memory for a rehearsal.
fn in_slot(
    call: &Call,
    options: &Personalise,
    script: &Script,
    file: &Path,
) -> Result<(CardHandle, Suite, Option<Dice>)> {
    let lock = call.files.lock(file).map_err(Trouble::new)?;
    let image = Image::load(file).map_err(Trouble::new)?;
    tell_secrets(script, image.formal);
    let source = |source| ImageError::Card { path: file.to_path_buf(), source };
    let suite = Chip::read(&image.eeprom).map_err(source).map_err(Trouble::new)?.suite;
    let real = call.files.chance(image.formal, &file.display().to_string()).map_err(Trouble::new)?;
    let dice = options.test_random.then(Dice::default);
    let source = match &dice {
        Some(dice) => dice.entropy(real),
        None => real,
    };
    let keep = if options.dry_run { Keep::InMemory } else { Keep::Synced };
    let slot = Slot::with_image(image, file, source, keep).map_err(Trouble::new)?;
    Ok((CardHandle::of(call, Box::new(OpenSlot::new(slot, lock)))?, suite, dice))
}

/// Says which secrets are none, and where the others will stand.
fn tell_secrets(script: &Script, formal: bool) {
    let test = script.test_secrets();
    if !test.is_empty() {
        say(format!("TEST, since they stand in the script: {}", test.join(", ")));
    }
    let files = script.file_secrets();
    if !files.is_empty() && !formal {
        say(format!("note: what the card takes of {} will stand in its image in clear", files.join(", ")));
    }
}

/// The transcript up to the surprise, and what became of the card.
fn stopped(call: &Call, options: &Personalise, lines: &[String], error: Trouble) -> Trouble {
    if !call.options.json && !lines.is_empty() {
        answer(call, &lines.join("\n"), json!({}));
    }
    // A card that was lost keeps its own exit code.
    if error.chain().any(|cause| cause.is::<wire::ChannelError>()) {
        return error;
    }
    let words = error.chain().map(ToString::to_string).collect::<Vec<_>>().join(": ");
    let hint = match options.dry_run {
        _ if words.contains("random numbers, which") => {
            "a virtual card does it with --test-random, to replay a recorded session"
        }
        true => "the card is as it was",
        false => "the card keeps what was done before that line; --dry-run rehearses on a copy",
    };
    refused(words).hint(hint).into()
}
