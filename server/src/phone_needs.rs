//! What has to agree before a phone may do something: one table, of which docs/specs/client.md 6 has the words.

use crate::phone::Phone;
use crate::phone_error::PhoneError;
use crate::registration::Customer;
use client::{Identifier, Mark, Marks};

/// What a phone does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
    /// It makes itself known.
    Enrol,
    /// It looks, or hands a receipt in.
    Look,
    /// It buys, from the account of the contract.
    Buy,
    /// It buys from another account.
    BuyFromAnother,
    /// It wants to be forgotten.
    Forget,
}

/// What is asked of one identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing.
    Nothing,
    /// It is the one the books have of the customer now.
    Registered,
    /// The same where it is said; it need not be.
    RegisteredIfSaid,
    /// It is what the phone said at enrolment: the same, or nothing.
    AsEnrolled,
    /// It is kept, and has to be the same from now on.
    Set,
    /// It is right.
    Right,
    /// It is the slip's.
    OfTheSlip,
}

/// What an act asks of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// The act.
    pub act: Act,
    /// The telephone number.
    pub msisdn: Need,
    /// The SIM's subscriber.
    pub imsi: Need,
    /// The telephone.
    pub imei: Need,
    /// The user name.
    pub user: Need,
    /// The password.
    pub password: Need,
    /// The authorisation code.
    pub code: Need,
}

/// The table.
#[rustfmt::skip]
pub static NEEDS: [Needs; 5] = {
    use Need::{AsEnrolled, Nothing, OfTheSlip, Registered, RegisteredIfSaid, Right, Set};
    [
        Needs { act: Act::Enrol,          msisdn: Registered, imsi: RegisteredIfSaid, imei: Set,        user: Set,        password: Set,     code: OfTheSlip },
        Needs { act: Act::Look,           msisdn: Registered, imsi: AsEnrolled,       imei: AsEnrolled, user: AsEnrolled, password: Nothing, code: Nothing },
        Needs { act: Act::Buy,            msisdn: Registered, imsi: AsEnrolled,       imei: AsEnrolled, user: AsEnrolled, password: Nothing, code: Nothing },
        Needs { act: Act::BuyFromAnother, msisdn: Registered, imsi: AsEnrolled,       imei: AsEnrolled, user: AsEnrolled, password: Right,   code: Nothing },
        Needs { act: Act::Forget,         msisdn: Nothing,    imsi: Nothing,          imei: Nothing,    user: Nothing,    password: Nothing, code: Nothing },
    ]
};

impl Act {
    /// Its row.
    pub fn needs(self) -> &'static Needs {
        let [enrol, look, buy, buy_from_another, forget] = &NEEDS;
        match self {
            Act::Enrol => enrol,
            Act::Look => look,
            Act::Buy => buy,
            Act::BuyFromAnother => buy_from_another,
            Act::Forget => forget,
        }
    }
}

/// Compares what a phone says of itself, in the first message of its session, with what is known of it and of its customer now. Code and
/// password are compared where they are given.
///
/// # Errors
/// The first that does not agree.
pub fn must_agree(
    act: Act,
    said: &Marks,
    customer: &Customer,
    phone: Option<&Phone>,
) -> Result<(), PhoneError> {
    let needs = act.needs();
    let registered_msisdn = Identifier::Msisdn.mark(customer.sim.msisdn.as_str());
    let registered_imsi = Identifier::Imsi.mark(customer.sim.imsi.as_str());
    let imsi_enrolled = phone.map(|phone| if phone.imsi { registered_imsi } else { Mark::NONE });
    let imei_enrolled = phone.map(|phone| phone.imei.unwrap_or(Mark::NONE));
    let user_enrolled = phone.map(|phone| phone.user);
    let rows = [
        (Identifier::Msisdn, needs.msisdn, Some(registered_msisdn), None, PhoneError::Msisdn),
        (Identifier::Imsi, needs.imsi, Some(registered_imsi), imsi_enrolled, PhoneError::Imsi),
        (Identifier::Imei, needs.imei, None, imei_enrolled, PhoneError::Imei),
        (Identifier::User, needs.user, None, user_enrolled, PhoneError::User),
    ];
    for (identifier, need, registered, enrolled, error) in rows {
        let mark = said.get(identifier);
        let good = match need {
            Need::Registered => registered == Some(mark),
            Need::RegisteredIfSaid => !mark.is_said() || registered == Some(mark),
            Need::AsEnrolled => enrolled == Some(mark),
            Need::Nothing | Need::Set | Need::Right | Need::OfTheSlip => true,
        };
        if !good {
            return Err(error);
        }
    }
    if act != Act::Forget && phone.is_some_and(|phone| phone.frozen.is_some()) {
        return Err(PhoneError::Frozen);
    }
    Ok(())
}
