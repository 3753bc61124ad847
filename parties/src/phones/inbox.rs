//! Data for a port by the short messages of a modem: sent in parts, and put together as they come [docs/specs/smpp.md 7]. The modem may be
//! anybody's.

use crate::trouble::{Result, Trouble, refused};
use reader::modem::{Modem, ModemError, Wanted};
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use wire::sms::gather::Joiner;
use wire::sms::port::{Ports, split};
use wire::sms::tpdu::{Address, Deliver, Submit, UserData, Validity, parse_service_centre};

/// The port of sessions, on both sides. UNSPECIFIED: 16000 to 16999 are for applications of anybody's.
pub const PORT: u16 = 16_400;
/// 8-bit data of no class.
const DATA: u8 = 0x04;
/// Between two looks into the modem's memory.
const LOOK: Duration = Duration::from_millis(300);

/// Messages for our port, of a modem.
pub struct Inbox {
    modem: Modem,
    server: Address,
    joiner: Joiner,
    begun: Instant,
    reference: u8,
    /// Whole ones that nobody has fetched yet.
    whole: VecDeque<Vec<u8>>,
    /// Messages sent, and messages for us that came.
    pub counts: (u32, u32),
}

impl Inbox {
    /// Opens that of a modem which is awake. Messages of no class come into its own memory, where it has one: the SIM's places are for orders.
    /// `server`: the number that is written to.
    ///
    /// # Errors
    /// The number is none; the modem knows no messages.
    pub fn open(mut modem: Modem, server: &str, reference: u8) -> Result<Self> {
        let server = Address::international(server)?;
        modem.ask("+CMGF=0", Wanted::Nothing).map_err(Trouble::new)?;
        // A modem without a memory of its own keeps them on the SIM.
        for memory in ["+CPMS=\"ME\",\"ME\",\"ME\"", "+CNMI=2,1,0,0,0"] {
            match modem.ask_sim(memory, Wanted::Nothing) {
                Ok(_) | Err(ModemError::Refused { .. }) => {}
                Err(error) => return Err(Trouble::new(error)),
            }
        }
        let (joiner, begun) = (Joiner::default(), Instant::now());
        Ok(Inbox { modem, server, joiner, begun, reference, whole: VecDeque::new(), counts: (0, 0) })
    }

    /// Sends data.
    ///
    /// # Errors
    /// It is too long for 255 messages; the modem refuses or is gone.
    pub fn send(&mut self, data: &[u8]) -> Result<()> {
        self.reference = self.reference.wrapping_add(1);
        let ports = Ports { to: PORT, from: PORT };
        let parts =
            split(data, ports, self.reference).ok_or_else(|| refused("too much for short messages"))?;
        for part in parts {
            let submit = Submit {
                flags: 0,
                reference: 0,
                destination: self.server.clone(),
                pid: 0,
                dcs: DATA,
                validity: Validity::None,
                user_data: UserData::from_octets(&part, true)?,
            };
            let bytes = submit.to_bytes();
            // 00: by the service centre that the SIM names.
            let text = format!("00{}", hex::encode_upper(&bytes));
            self.modem
                .ask_with(&format!("+CMGS={}", bytes.len()), &text, Wanted::Nothing)
                .map_err(Trouble::new)?;
            self.counts.0 += 1;
        }
        Ok(())
    }

    /// Waits for data that came whole; `None`: none did in that time.
    ///
    /// # Errors
    /// The modem is gone.
    pub fn receive(&mut self, patience: Duration) -> Result<Option<Vec<u8>>> {
        let until = Instant::now() + patience;
        loop {
            self.look()?;
            if let Some(data) = self.whole.pop_front() {
                return Ok(Some(data));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            std::thread::sleep(left.min(LOOK));
        }
    }

    /// Takes what is for our port out of the modem's memory; other people's messages stay.
    fn look(&mut self) -> Result<()> {
        let listed = self.modem.ask_sim("+CMGL=4", Wanted::Prefixed("+CMGL:")).map_err(Trouble::new)?;
        let index = |line: &String| line.split_once(':')?.1.split(',').next()?.trim().parse::<u32>().ok();
        for place in listed.iter().filter_map(index).collect::<Vec<_>>() {
            let read = self.modem.ask_sim(&format!("+CMGR={place}"), Wanted::Bare).map_err(Trouble::new)?;
            let Some(deliver) = read.iter().find_map(|line| delivered(line)) else { continue };
            if Ports::of(&deliver.user_data).is_none_or(|ports| ports.to != PORT) {
                continue;
            }
            self.counts.1 += 1;
            let sender = deliver.originator.digits().unwrap_or_default();
            let whole = self.joiner.take(&sender, &deliver.user_data, self.begun.elapsed());
            self.whole.extend(whole.map(|whole| whole.data));
            self.modem.ask_sim(&format!("+CMGD={place}"), Wanted::Nothing).map_err(Trouble::new)?;
        }
        Ok(())
    }
}

/// A message of a modem's memory: service centre, then the message.
fn delivered(line: &str) -> Option<Deliver> {
    let bytes = hex::decode(line.trim()).ok()?;
    let (_, used) = parse_service_centre(&bytes).ok()?;
    Deliver::parse(bytes.get(used..)?).ok().map(|(deliver, _)| deliver)
}
