//! `gridcard card new`.

use crate::prelude::*;
use clap::ArgGroup;
use cos::Protocol;
use parties::places;
use scheme::chance::chip_serial;
use scheme::numbers::Serial;
use vcard::factory::{self, Blank};

/// Options of `card new`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["kind", "blank"]))]
pub struct New {
    /// Card file to make.
    pub file: CardRef,
    /// One of our kinds in its transport state: main-control, psam-issuing, esam-issuing, test-issuing, psam, test-card, esam or user-card (SIMs:
    /// `gridcard sim new`).
    #[arg(long, value_parser = kind)]
    pub kind: Option<CardKind>,
    /// A plain FMCOS card: an empty master file that everybody may fill, no key, no applet of ours.
    #[arg(long)]
    pub blank: bool,
    /// With --kind: the chip's transport key is of this transport root, agreed with the card maker, and not of the published
    /// one. The file has 32 hexadecimal digits, and their check value.
    #[arg(long, requires = "kind", value_name = "FILE")]
    pub transport_file: Option<PathBuf>,
    /// With --blank: leave the master file out too; its CREATE FILE is then the first command.
    #[arg(long, requires = "blank", conflicts_with = "kind")]
    pub no_mf: bool,
    /// With --blank: KiB of memory for files, 8, 16, 32 or 64.
    #[arg(long, requires = "blank", conflicts_with = "kind", value_name = "KIB", default_value = "8",
        value_parser = ["8", "16", "32", "64"])]
    pub eeprom: String,
    /// With --blank: speak T=0, where answers wait for GET RESPONSE; default: answers come at once.
    #[arg(long, requires = "blank", conflicts_with = "kind")]
    pub t0: bool,
    /// Cipher suite: 3des, aes128 or sm4.
    #[arg(long, default_value = "3des", value_parser = suite)]
    pub suite: Suite,
    /// Serial of the chip, 16 hexadecimal digits; default: random.
    #[arg(long)]
    pub serial: Option<Serial>,
    /// Allow this file to hold keys of a formal root, in clear.
    #[arg(long)]
    pub formal_on_virtual: bool,
}

fn kind(text: &str) -> Result<CardKind, String> {
    match CardKind::from_name(text) {
        Some(CardKind::Sim | CardKind::Uicc) => {
            Err("a SIM comes with its file tree: use `gridcard sim new`".into())
        }
        Some(CardKind::Fmcos) => Err("a plain FMCOS card has no transport state: use --blank".into()),
        None => {
            Err("a kind is main-control, psam-issuing, esam-issuing, test-issuing, psam, test-card, esam or user-card"
                .into())
        }
        Some(kind) => Ok(kind),
    }
}

/// Makes the card.
pub fn run(call: &Call, options: &New) -> Result<()> {
    let file = places::image(call, &options.file, "card new")?;
    if options.formal_on_virtual {
        call.must_be_unseeded("the random numbers of a card that may hold formal keys")?;
    }
    let serial = match options.serial {
        Some(serial) => serial.0,
        None => chip_serial(&mut *call.chance("serial")),
    };
    let (suite, formal, source) = (options.suite, options.formal_on_virtual, call.chance("factory"));
    let (image, words, kind) = match options.kind {
        Some(kind) => {
            let transport = parties::transport::Transport { transport_file: options.transport_file.clone() };
            let image = factory::blank(&transport.root(call, suite)?, kind, serial, formal, source)
                .map_err(Trouble::new)?;
            (image, format!("a blank {} chip ({})", kind.name(), suite.name()), kind)
        }
        None => {
            let kib: usize = options.eeprom.parse()?;
            let protocol = if options.t0 { Protocol::T0 } else { Protocol::Direct };
            let blank = Blank { suite, serial, protocol, user: kib * 1024, formal, mf: !options.no_mf };
            let mf = if options.no_mf { "no master file" } else { "an empty master file" };
            let words = format!("a plain FMCOS card ({}), {kib} KiB, {mf}", suite.name());
            (factory::plain(&blank, source).map_err(Trouble::new)?, words, CardKind::Fmcos)
        }
    };
    image.save_new(&file, true).map_err(Trouble::new)?;
    let serial = Serial(serial).to_string();
    let file = file.display().to_string();
    let object = json!({ "file": file, "kind": kind.name(), "suite": suite.name(), "serial": serial });
    answer(call, &format!("{words}, serial {serial}"), object);
    Ok(())
}
