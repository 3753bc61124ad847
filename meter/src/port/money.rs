//! Money through the port: what is in the purse, recharge and the purse's beginning.

use super::session::{HEAD, Port, Said, four, split};
use super::word::Serr;
use crate::events::EventKind;
use reader::CardError;
use reader::driver::field::FieldEsam;
use reader::parameter;
use reader::security::turned;
use scheme::field::{self, Span};
use scheme::money::Fen;
use scheme::profile::State;
use wire::Sw;

impl Port<'_, '_> {
    pub fn status(&mut self, data: &[u8]) -> Said {
        let [] = split(data, [])?;
        let identity = self.identified()?;
        self.settle();
        let read = self.stated_account(identity.random);
        self.card(read)
    }

    pub fn stated_account(&mut self, random: [u8; 4]) -> Result<Vec<u8>, CardError> {
        let own = self.factor();
        let mut field = FieldEsam::new(&mut self.esam);
        let (money, count) = (field.state_purse(1, random, &own)?, field.state_purse(3, random, &own)?);
        let (customer, keys) = (field.read(Span::CUSTOMER)?, field.read(Span::KEY_STATE)?);
        let fields = [&money.data[..], &money.mac, &count.data, &count.mac, &customer, &keys];
        Ok(fields.map(turned).concat())
    }

    pub fn read_back(&mut self, data: &[u8]) -> Said {
        let [length, start, file, directory] = split(data, [2, 2, 2, 2])?;
        let identity = self.identified()?;
        if directory != parameter::DIRECTORY || file[0] != 0 {
            return Err(Serr::Other);
        }
        let echoed = data.get(HEAD..HEAD + 8).unwrap_or_default();
        let own = self.factor();
        self.settle();
        let mut field = FieldEsam::new(&mut self.esam);
        let stated = match (file[1], start[..] == [0, 0] || start[0] == 0, length[0]) {
            (1, ..) => field
                .state_purse(1, identity.random, &own)
                .and_then(|money| Ok([money, field.state_purse(3, identity.random, &own)?].to_vec())),
            (file @ 2..=0x1E, true, 0) => {
                field.state(file, start[1], length[1], identity.random, &own).map(|found| vec![found])
            }
            _ => return Err(Serr::Other),
        };
        let stated = self.card(stated)?;
        let said = stated.iter().flat_map(|found| [turned(&found.data), turned(&found.mac)]).flatten();
        Ok([echoed, &said.collect::<Vec<u8>>()].concat())
    }

    /// Opening and recharge: customer with its MAC, then count, then money with its MAC.
    ///
    /// UNSPECIFIED: of three firmwares one has the money first; a meter that was never opened says bit 5 as two of them do.
    pub fn recharge(&mut self, data: &[u8], opens: bool) -> Said {
        let [amount, count, money_mac, customer, customer_mac] = split(data, [4, 4, 4, 6, 4])?;
        let wanted = u32::from_be_bytes(four(&count)?);
        self.settle();
        let read = self.esam.parameters();
        let account = self.card(read)?;
        let read = self.esam.purse();
        let purse = self.card(read)?;
        if !opens && !account.opened {
            return Err(Serr::Count);
        }
        if account.opened && account.customer.0 != customer[..] {
            return Err(Serr::Customer);
        }
        self.open()?;
        let repeated = purse.count == wanted;
        let written = self.write_with_mac(Span::CUSTOMER.write(), &customer, &customer_mac);
        // The same frame once more: that MAC was taken before, and what it came for was done.
        let again = repeated && matches!(&written, Err(error) if error.sw() == Some(Sw::CONDITIONS));
        if !again {
            self.mac(written)?;
        }
        if repeated {
            return if opens && wanted == 0 { Ok(Vec::new()) } else { Err(Serr::Repeated) };
        }
        if purse.count.checked_add(1) != Some(wanted) {
            return Err(Serr::Count);
        }
        self.knows_its_debits()?;
        let told = self.esam.write_run_info(self.meter.state.register.hundredths, self.now, &[0; 9]);
        self.card(told)?;
        let money = [amount, count].concat();
        let credited = self.write_with_mac(field::INCREASE, &money, &money_mac);
        if let Err(error) = &credited
            && error.sw() == Some(Sw(0x9E21))
        {
            return Err(Serr::Hoard);
        }
        let credited = self.mac(credited);
        // A command whose answer was lost may have been done: the count tells.
        let after = self.esam.purse().map_err(|_| Serr::Other);
        if let Err(why) = credited
            && after.as_ref().map_or(true, |after| after.count != wanted)
        {
            return Err(why);
        }
        let after = after?;
        let more = Fen(after.balance.0.saturating_sub(purse.balance.0));
        self.meter.state.balance = after.balance;
        let credited = EventKind::Credited { amount: more, balance: after.balance };
        self.meter.state.events.push(self.now, credited);
        self.meter.bought(more);
        self.settle();
        self.meter.switch_at_once(self.now);
        Ok(Vec::new())
    }

    pub fn set_purse(&mut self, data: &[u8]) -> Said {
        let [amount, money_mac, count, count_mac] = split(data, [4, 4, 4, 4])?;
        if self.meter.state.config.state != State::Test || count != [0; 4] {
            return Err(Serr::Other);
        }
        self.open()?;
        self.knows_its_debits()?;
        let money = self.write_with_mac(field::SET_PURSE[0], &amount, &money_mac);
        self.mac(money)?;
        let counted = self.write_with_mac(field::SET_PURSE[1], &count, &count_mac);
        self.mac(counted)?;
        self.meter.state.balance = Fen(u32::from_be_bytes(four(&amount)?));
        self.meter.state.due = Default::default();
        self.meter.switch_at_once(self.now);
        Ok(Vec::new())
    }
}
