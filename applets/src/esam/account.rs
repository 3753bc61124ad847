//! The meter's account: purse and parameters, as the card keeps them.

use cos::{Context, Halt};
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::SimBinding;
use scheme::profile::{self, EF_PARAMETERS, EF_PURSE};
use scheme::signing::Mode;
use wire::Sw;

/// Records of the purse file.
const BALANCE: usize = 1;
const TOTAL: usize = 2;
const COUNT: usize = 3;
/// Ceiling that a ceiling of 0 stands for: 999999.99 yuan.
const GREATEST: u32 = 99_999_999;
/// Offsets in the parameter file.
pub const OPENED: usize = 0;
pub const METER: usize = 1;
pub const CUSTOMER: usize = 7;
pub const BINDING: usize = 13;
const CEILING: usize = profile::CEILING.start;

/// EF 0001: the purse.
pub struct Purse {
    pub balance: u32,
    pub total: u32,
    pub count: u32,
}

impl Purse {
    pub fn read(context: &Context<'_>) -> Result<Self, Halt> {
        Ok(Purse {
            balance: context.read_counter(EF_PURSE, BALANCE)?,
            total: context.read_counter(EF_PURSE, TOTAL)?,
            count: context.read_counter(EF_PURSE, COUNT)?,
        })
    }

    pub fn write(&self, context: &mut Context<'_>) -> Result<(), Halt> {
        context.write_counter(EF_PURSE, BALANCE, self.balance)?;
        context.write_counter(EF_PURSE, TOTAL, self.total)?;
        context.write_counter(EF_PURSE, COUNT, self.count)
    }
}

/// Takes an amount off the purse; 9401 when it holds less.
pub fn debit(context: &mut Context<'_>, amount: u32) -> Result<Sw, Halt> {
    let balance = context.read_counter(EF_PURSE, BALANCE)?;
    let rest = balance.checked_sub(amount).ok_or(Sw::NOT_ENOUGH)?;
    context.write_counter(EF_PURSE, BALANCE, rest)?;
    Ok(Sw::OK)
}

/// Ends the account: an empty purse, nobody's, with no receipt of it.
pub fn clear(context: &mut Context<'_>) -> Result<(), Halt> {
    Purse { balance: 0, total: 0, count: 0 }.write(context)?;
    context.write_ef(EF_PARAMETERS, OPENED, &[0])?;
    context.write_ef(EF_PARAMETERS, CUSTOMER, &[0; CEILING - CUSTOMER])
}

/// EF 5002, the parameters, as far as the card uses it.
pub struct Parameters {
    pub opened: bool,
    pub meter: MeterNumber,
    pub customer: CustomerNumber,
    pub binding: SimBinding,
    pub ceiling: u32,
    pub mode: Mode,
}

impl Parameters {
    pub fn read(context: &Context<'_>) -> Result<Self, Halt> {
        let [opened]: [u8; 1] = context.read_ef(EF_PARAMETERS, OPENED)?;
        let [mode]: [u8; 1] = context.read_ef(EF_PARAMETERS, profile::MODE)?;
        let ceiling = u32::from_be_bytes(context.read_ef(EF_PARAMETERS, CEILING)?);
        Ok(Parameters {
            opened: opened != 0,
            meter: MeterNumber(context.read_ef(EF_PARAMETERS, METER)?),
            customer: CustomerNumber(context.read_ef(EF_PARAMETERS, CUSTOMER)?),
            binding: SimBinding(context.read_ef(EF_PARAMETERS, BINDING)?),
            // Nothing but SET MODE writes it; what no mode is takes the least.
            mode: Mode::from_code(mode).unwrap_or(Mode::Signed),
            ceiling: if ceiling == 0 { GREATEST } else { ceiling.min(GREATEST) },
        })
    }
}
