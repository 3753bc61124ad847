//! `gridcard esam`: ESAMs, issued by a city from a list of devices, and led through their lives.

mod life;

use super::Deed;
use crate::args::Global;
use crate::bay::{Bay, hand_over};
use crate::card_ref::CardRef;
use crate::clock::{chip_serial, entropy, now};
use crate::fail::{Failure, Kind, refused};
use crate::home::{self, Home};
use crate::issue::{self, Allowed, Wish};
use crate::nouns::city::issuing_card;
use crate::nouns::kdc::out;
use crate::output::{answer, say, table};
use crate::transport::{self, Transport};
use crate::{factory, in_force, secret};
use ::issue::card::{Issued, KeyCheck, StepFault};
use ::issue::life::{Act, LifeError};
use ::issue::pairing;
use ::issue::source::{About, CardSource, KeySource, SourceError};
use ::office::devices::{self, Device};
use ::office::journal::Journal;
use ::scheme::numbers::{CheckValue, DeviceNumber, Serial};
use ::scheme::pin::Pins;
use clap::{Args, Subcommand};
use keys::Role;
use parties::trouble::{Context, Result, Trouble};
use reader::driver::fmcos::Fmcos;
use reader::driver::issuing::IssuingCard;
use scheme::numbers::RegionCode;
use scheme::profile::{CardKind, Recipient, State};
use serde_json::json;
use std::fs::File;
use std::path::{Path, PathBuf};
use vcard::slot::Keep;
use wire::Channel;

/// Verbs of ESAMs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Issue ESAMs, each with the pairing file for its meter, with the city's ESAM issuing card.
    Issue(Issue),
    /// Show an ESAM: state, key version, purse, check values.
    Show(life::Show),
    /// Give ESAMs the keys of a higher version, all at once, in the state they are in.
    ChangeKeys(life::Pass),
    /// Bring test ESAMs into formal state, with formal keys.
    Formal(life::Pass),
    /// Bring formal ESAMs back into test state, with the published keys; needs the supervisor.
    Test(life::Pass),
    /// Take ESAMs out of use for good: their keys are destroyed; needs the supervisor.
    Retire(life::Pass),
}

/// Options of `esam issue`.
#[derive(Debug, Args)]
pub struct Issue {
    /// Number of one meter, 12 digits.
    #[arg(long, conflicts_with = "csv", required_unless_present = "csv")]
    pub meter: Option<DeviceNumber>,
    /// List of devices, columns `meter` and if you like `serial` and `ceiling`.
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// The blank for that meter's ESAM, when it stands in a reader (pcsc:READER, pcsc:SERIAL); the folder then gets a
    /// link to it.
    #[arg(long, value_name = "CARD", requires = "meter")]
    pub card: Option<CardRef>,
    /// City, when the home has several.
    #[arg(long)]
    pub city: Option<RegionCode>,
    /// Folder for `esam-NUMBER.card` and `pairing-NUMBER.json`. A blank that stands there is used, else one is
    /// taken from the factory. Default: the city's out.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// File with the PIN of the issuing card (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    /// New card files of test ESAMs shall be able to hold keys of a formal root, in clear, so that they can become formal.
    #[arg(long)]
    pub formal_on_virtual: bool,
    /// Show plan and APDUs, secrets hidden, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// After a run that broke off.
    #[command(flatten)]
    pub allowed: Allowed,
    /// Of new blanks.
    #[command(flatten)]
    pub transport: Transport,
}

/// Name of a meter's ESAM file.
pub fn card_name(meter: DeviceNumber) -> String {
    format!("esam-{meter}.card")
}

/// Name of a meter's pairing file.
pub fn pairing_name(meter: DeviceNumber) -> String {
    format!("pairing-{meter}.json")
}

impl Verb {
    /// What it is, for its party's log.
    pub const fn deed(&self) -> Deed {
        match self {
            Verb::Issue(_) => Deed::One("esam issue"),
            Verb::ChangeKeys(_) => Deed::One("esam change-keys"),
            Verb::Formal(_) => Deed::One("esam formal"),
            Verb::Test(_) => Deed::One("esam test"),
            Verb::Retire(_) => Deed::Two("esam retire"),
            Verb::Show(_) => Deed::Look,
        }
    }
}

/// Runs a verb.
pub fn run(global: &Global, verb: Verb) -> Result<()> {
    match verb {
        Verb::Issue(options) => issue_all(global, &options),
        Verb::Show(options) => life::show(global, &options),
        Verb::ChangeKeys(options) => life::pass(global, &options, Act::ChangeKeys),
        Verb::Formal(options) => life::pass(global, &options, Act::Formal),
        Verb::Test(options) => life::pass(global, &options, Act::Test),
        Verb::Retire(options) => life::pass(global, &options, Act::Retire),
    }
}

fn issue_all(global: &Global, options: &Issue) -> Result<()> {
    let (region, folder) = Home::new(global)?.city(options.city, "issuing ESAMs")?;
    let (devices, mut faults) = devices(options)?;
    let pin = secret::pin(options.pin_file.as_deref(), "the ESAM issuing card")?;
    let mut issuing =
        Bay::open(global, &issuing_card(&folder, CardKind::EsamIssuing), CardKind::EsamIssuing)?;
    let pins = Pins { spend_last_try: options.allowed.spend_last_try, ..(&pin).into() };
    in_force::must_make(global, &folder, &mut issuing)?;
    let mut source = CardSource::open(IssuingCard::new(&mut issuing), pins)?;
    if options.dry_run {
        show_plans(global, &devices, region, &source)?;
        return finish("planned", &faults);
    }
    let out = match &options.out {
        Some(out) => out.clone(),
        None => out(&folder)?,
    };
    issue::tell_left(&mut source, devices.len())?;
    let mut journal = issue::journal(global, &folder)?;
    let mut rows = Vec::new();
    for device in &devices {
        let formal_image = options.formal_on_virtual;
        let wish = Wish { formal_image, ..wish(device, region, options.allowed) };
        let place = out.join(card_name(device.meter));
        let card = options.card.clone().unwrap_or_else(|| place.clone().into());
        let stands = (&card, &options.transport);
        let issued = issue_at(global, &mut source, &wish, stands, &out, &mut journal, Keep::EveryCommand);
        match issued.and_then(|issued| keep_link(&card, &place).map(|()| issued)) {
            Ok(issued) => rows.push(vec![
                device.meter.to_string(),
                issued.serial.to_string(),
                issued.apdus.to_string(),
                issue::keys_line(&issued.keys),
            ]),
            Err(error) => {
                let lost = ends_the_run(&error);
                let words = format!("line {}: meter {}: {}", device.line, device.meter, error);
                if lost || devices.len() == 1 {
                    return Err(error.context(words));
                }
                faults.push(words);
            }
        }
    }
    issuing.close()?;
    let done = rows.len();
    let object = json!({
        "city": region.to_string(), "issued": done, "out": out.display().to_string(), "rejected": faults,
        "esams": rows.iter().map(|row| json!({ "meter": row[0], "serial": row[1] })).collect::<Vec<_>>(),
    });
    answer(global, &table(&["meter", "serial", "apdus", "check values"], rows), object);
    say(format!("{done} ESAM(s) with their pairing files in {}", out.display()));
    finish("issued", &faults)
}

/// A lost reader, a security stop or a spent counter ends the run; a card that says no does not.
fn ends_the_run(error: &Trouble) -> bool {
    let decides = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<wire::ChannelError>().is_some()
            || matches!(cause.downcast_ref(), Some(SourceError::Spent))
            || matches!(cause.downcast_ref(), Some(StepFault::Source(SourceError::Spent)))
            || matches!(cause.downcast_ref(), Some(LifeError::Source(SourceError::Spent)))
    };
    error.chain().any(decides) || error.kind() == Kind::Security
}

/// Names the lines that were left out; with any, the command has failed.
fn finish(done: &str, faults: &[String]) -> Result<()> {
    faults.iter().for_each(|fault| say(format!("not {done}: {fault}")));
    if faults.is_empty() {
        Ok(())
    } else {
        Err(refused(format!("{} line(s) were not {done}", faults.len())).into())
    }
}

fn show_plans(global: &Global, devices: &[Device], region: RegionCode, source: &dyn KeySource) -> Result<()> {
    let mut plans = Vec::new();
    for device in devices {
        plans.push(
            issue::plan(&wish(device, region, Allowed::default()), source, now(global)?)?
                .dry_run()
                .to_string(),
        );
    }
    answer(global, &plans.join("\n"), json!({ "plans": plans }));
    Ok(())
}

fn devices(options: &Issue) -> Result<(Vec<Device>, Vec<String>)> {
    if let Some(meter) = options.meter {
        return Ok((vec![Device { line: 1, meter, serial: None, ceiling: None }], Vec::new()));
    }
    let path = options.csv.as_deref().ok_or_else(|| Failure::new(Kind::Usage, "name --meter or --csv"))?;
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let list = devices::read(file).with_context(|| format!("{}", path.display()))?;
    let faults = list.faults.iter().map(|fault| format!("line {}: {}", fault.line, fault.fault)).collect();
    Ok((list.devices, faults))
}

/// What to issue for a device of a list.
pub fn wish(device: &Device, region: RegionCode, allowed: Allowed) -> Wish<'static> {
    Wish {
        ceiling: device.ceiling,
        wanted: device.serial,
        allowed,
        ..Wish::new(CardKind::Esam, device.meter, region)
    }
}

/// Issues one ESAM into a folder, with the pairing file for its meter.
pub fn issue_one(
    global: &Global,
    source: &mut dyn KeySource,
    wish: &Wish<'_>,
    out: &Path,
    journal: &mut Journal,
    keep: Keep,
) -> Result<Issued> {
    let card = out.join(card_name(wish.number)).into();
    issue_at(global, source, wish, (&card, &Transport::default()), out, journal, keep)
}

/// Of an ESAM in a reader its place in the folder gets a link.
fn keep_link(card: &CardRef, place: &Path) -> Result<()> {
    match card.resolve()? {
        CardRef::File(_) => Ok(()),
        CardRef::Reader(_) => hand_over(card, place),
    }
}

/// Issues one ESAM wherever it stands, with the pairing file for its meter in a folder. Of a card file that is not there
/// the factory makes a blank.
fn issue_at(
    global: &Global,
    source: &mut dyn KeySource,
    wish: &Wish<'_>,
    (card, transport): (&CardRef, &Transport),
    out: &Path,
    journal: &mut Journal,
    keep: Keep,
) -> Result<Issued> {
    transport::must_be_earnest(global, source)?;
    let about = source.about();
    if let CardRef::File(path) = card.resolve()?
        && !path.exists()
    {
        let root = transport.root_for(source)?;
        let serial = match wish.wanted {
            Some(serial) => serial.0,
            None => chip_serial(&mut *entropy(global, &format!("serial of ESAM {}", wish.number))),
        };
        let formal = about.state == State::Formal || wish.formal_image;
        factory::blank(&root, CardKind::Esam, serial, formal, entropy(global, &path.display().to_string()))?
            .save_new(&path, keep == Keep::EveryCommand)
            .map_err(parties::Trouble::new)?;
    }
    let mut card = Bay::open_keeping(global, card, CardKind::Esam, keep)?;
    card.must_take(about.state)?;
    let pairing_file = out.join(pairing_name(wish.number));
    let issued = match issue::issue(wish, &mut card, source, journal, now(global)?, &mut ()) {
        Ok(issued) => issued,
        // An earlier run that broke off between the card and its pairing file is finished here.
        Err(error) if !pairing_file.exists() => match finished(&mut card, wish, &about) {
            Ok(Some(issued)) => {
                say(format!(
                    "the ESAM of meter {} was finished before: its pairing file is made",
                    wish.number
                ));
                issued
            }
            _ => return Err(error),
        },
        Err(error) => return Err(error),
    };
    card.close()?;
    let pairing = pairing::make(source, wish.number, wish.region, &issued.keys)?.to_json()?;
    match keep {
        Keep::EveryCommand | Keep::Synced => home::write(&pairing_file, pairing.as_bytes())?,
        Keep::AtClose | Keep::InMemory => home::write_soon(&pairing_file, pairing.as_bytes())?,
    }
    Ok(issued)
}

/// What a finished ESAM of this very device and city shows; `None` for any other card.
fn finished(card: &mut Bay, wish: &Wish<'_>, source: &About) -> Result<Option<Issued>> {
    let atr = card.reset()?;
    let mut fmcos = Fmcos::new(card);
    fmcos.select_mf()?;
    let (Ok(info), Some(serial)) = (fmcos.card_info(), wire::atr::serial_of(&atr)) else { return Ok(None) };
    if (info.kind, info.number, info.region) != (CardKind::Esam, wish.number.0, wish.region.0)
        || (info.suite, info.state) != (source.suite.code(), source.state)
        || wish.wanted.is_some_and(|wanted| wanted.0 != serial)
    {
        return Ok(None);
    }
    let mut keys = Vec::new();
    for row in Recipient::Card(CardKind::Esam).keys() {
        if let Some(role) = Role::from_code(row.role) {
            let check_value = CheckValue(fmcos.key_information(row.kind, row.id)?.kcv);
            keys.push(KeyCheck { role, check_value, confirmed: false });
        }
    }
    let serial = Serial(serial);
    Ok(Some(Issued { kind: info.kind, number: wish.number, serial, keys, apdus: 0, resumed: true }))
}
