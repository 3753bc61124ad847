//! What an ESAM says of money that came in, and keeps until the next: the same whichever way it came.

use crate::packets::PacketKeys;
use crate::signing::{self, Signing};
use cos::keyfile::kind;
use cos::{Context, Halt};
use keys::{Key, Role, mac};
use scheme::certificate::Label;
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::MeterNumber;
use scheme::order::{OrderDigest, OrderId, Serial8, SimBinding};
use scheme::profile::{EF_RECEIPT, EF_RUN_INFO};
use scheme::receipt::{self, Receipt};
use scheme::refusal::Refusal;
use sha2::{Digest, Sha256};
use wire::Sw;
use wire::packet::{self, ResponseHeader, ResponseStatus, Spi};

/// EF 5007: what the MCU said of itself and of the SIM before the money came.
pub struct RunInfo {
    pub register: u32,
    pub time: Moment,
    pub binding: SimBinding,
}

impl RunInfo {
    pub fn read(context: &Context<'_>) -> Result<Self, Halt> {
        let time = Moment::new(context.read_ef(EF_RUN_INFO, 4)?).map_err(|_| Sw::CONDITIONS)?;
        let imsi: [u8; 9] = context.read_ef(EF_RUN_INFO, 11)?;
        let hash = Sha256::digest(imsi);
        let mut binding = [0; 8];
        binding.copy_from_slice(&hash[..8]);
        Ok(RunInfo {
            register: u32::from_be_bytes(context.read_ef(EF_RUN_INFO, 0)?),
            time,
            binding: SimBinding(binding),
        })
    }
}

/// Money that came in.
pub struct Credit {
    pub meter: MeterNumber,
    pub amount: Fen,
    pub count: u32,
    /// Id of the order, or what stands for it.
    pub order: OrderId,
    pub digest: OrderDigest,
    /// Balance afterwards.
    pub balance: Fen,
    /// Whether the receipt is signed too.
    pub signed: bool,
}

/// A refusal as the status word that says it.
pub fn refuse(refusal: Refusal) -> Halt {
    // Every refusal raised here is one of the ESAM's, which all have a status word.
    refusal.sw().unwrap_or(Sw::UNKNOWN).into()
}

/// The key of a role, for a command that has its own proof: the use right of the record is not asked.
pub fn role_key(context: &Context<'_>, role: Role) -> Result<Key, Halt> {
    let record = match role {
        Role::IntAuth => context.key_record(kind::ENCRYPT, role.code())?,
        Role::ExtAuth => context.key_record(kind::EXTERNAL, role.code())?,
        Role::Param => context.key_record(kind::LINE, 0)?,
        Role::Tac => context.key_record(kind::TAC, 0)?,
        Role::Master => context.key_record(kind::EXTERNAL, 0)?,
        Role::Kic | Role::Kid | Role::Control | Role::Transport => {
            context.key_record(kind::APPLET, role.code())?
        }
    };
    record.key(&context.memory, context.chip.suite)
}

/// The keys of the meter's packets.
pub fn packet_keys(context: &Context<'_>) -> Result<PacketKeys, Halt> {
    Ok(PacketKeys { kic: role_key(context, Role::Kic)?, kid: role_key(context, Role::Kid)? })
}

/// A receipt that was made and kept.
pub struct Stored {
    /// The encoded receipt.
    pub receipt: alloc::vec::Vec<u8>,
    /// The user data of its short message.
    pub user_data: alloc::vec::Vec<u8>,
}

/// Signs an encoded object of a tag. Whoever asks has looked at the mode, which is only set on a card that has a certified key.
pub fn signed(
    context: &mut Context<'_>,
    plain: &[u8],
    tag: u8,
    label: Label,
) -> Result<alloc::vec::Vec<u8>, Halt> {
    let (key, certificate) = Signing::of(context)?.signer(context)?;
    let (suite, extra) = (context.chip.suite, signing::extra(context));
    let signer = (certificate.number, &key);
    scheme::signed::sign(plain, tag, label, suite, signer, &extra).map_err(|_| Sw::UNKNOWN.into())
}

/// Makes the receipt, seals it, and keeps it as the last one.
pub fn store(
    context: &mut Context<'_>,
    credit: &Credit,
    run: &RunInfo,
    keys: &PacketKeys,
) -> Result<Stored, Halt> {
    let mut receipt = Receipt {
        meter: credit.meter,
        amount: credit.amount,
        count: credit.count,
        order: credit.order,
        serial: Serial8(context.chip.serial),
        result: receipt::CREDITED,
        balance: credit.balance,
        register: run.register,
        time: run.time,
        tac: [0; 4],
        digest: credit.digest,
    };
    receipt.tac = mac::tac(&role_key(context, Role::Tac)?, &receipt.signed_part());
    let header = ResponseHeader {
        security: Spi::parse(packet::SPI).map_err(|_| Sw::UNKNOWN)?.response,
        tar: packet::TAR,
        counter: u64::from(credit.count),
        status: ResponseStatus::OK,
    };
    let mut receipt = receipt.to_bytes();
    if credit.signed {
        receipt = signed(context, &receipt, receipt::TAG, Label::Receipt)?;
    }
    let user_data = packet::seal_response(&header, &receipt, keys).map_err(|_| Sw::WRONG_LENGTH)?;
    let length = u8::try_from(user_data.len()).map_err(|_| Sw::WRONG_LENGTH)?;
    context.write_ef(EF_RECEIPT, 0, &[length])?;
    context.write_ef(EF_RECEIPT, 1, &user_data)?;
    Ok(Stored { receipt, user_data })
}
