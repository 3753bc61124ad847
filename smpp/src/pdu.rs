//! PDUs: what one end says to the other, out of the codec's fields and back [docs/specs/smpp.md 2].

use crate::letter::{Letter, Number};
use crate::receipt::{Fate, Receipt};
use crate::status;
use bytes::{Bytes, BytesMut};
use keys::Zeroizing;
use rusmpp_core::command::owned::Command;
use rusmpp_core::decode::owned::DecodeWithLength;
use rusmpp_core::encode::owned::Encode;
use rusmpp_core::pdus::owned::{
    BindReceiver, BindReceiverResp, BindTransceiver, BindTransceiverResp, BindTransmitter,
    BindTransmitterResp, DeliverSm, DeliverSmResp, Pdu as Body, SubmitSm, SubmitSmResp,
};
use rusmpp_core::tlvs::owned::{MessageDeliveryRequestTlvValue, Tlv, TlvValue};
use rusmpp_core::types::owned::{COctetString, OctetString};
use rusmpp_core::values::{
    DataCoding, EsmClass, InterfaceVersion, MessageState, Npi, RegisteredDelivery, Ton,
};
use rusmpp_core::{CommandId, CommandStatus};
use scheme::fault::{Fault, Kind};

/// Octets of a header: length, command, status, sequence, four each.
pub const HEADER: usize = 16;
/// The last sequence number that may be used.
pub const LAST_SEQUENCE: u32 = 0x7FFF_FFFF;
/// ESM class: user data begin with a header.
const CLASS_HEADER: u8 = 0x40;
/// ESM class: what kind of message it is.
const CLASS_KIND: u8 = 0x3C;
/// ESM class: a centre's receipt.
const CLASS_RECEIPT: u8 = 0x04;
/// Receipts wanted: whatever becomes of it, or at least when nothing does.
const RECEIPTS: u8 = 0x03;

/// What an ESME binds as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It hears messages.
    Receiver,
    /// It sends them.
    Transmitter,
    /// Both.
    Transceiver,
}

impl Role {
    /// Whether it hears messages.
    #[must_use]
    pub const fn hears(self) -> bool {
        matches!(self, Role::Receiver | Role::Transceiver)
    }

    /// Whether it sends messages.
    #[must_use]
    pub const fn sends(self) -> bool {
        matches!(self, Role::Transmitter | Role::Transceiver)
    }
}

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// An ESME binds.
    Bind {
        /// As what.
        role: Role,
        /// System id.
        name: String,
        /// Password.
        password: Password,
        /// The number it is reached by; empty where it says none.
        number: String,
    },
    /// The centre's answer, with its name.
    BindAnswer(Role, String),
    /// A message for the network.
    Submit(Letter),
    /// What the centre calls it.
    SubmitAnswer(String),
    /// A message from the network.
    Deliver(Letter),
    /// What became of a message; from whom, to whom it is told.
    Receipt(Receipt, Number, Number),
    /// It was taken.
    DeliverAnswer,
    /// Is anybody there?
    Enquire,
    /// Yes.
    EnquireAnswer,
    /// The end.
    Unbind,
    /// Agreed.
    UnbindAnswer,
    /// That was no PDU.
    Nack,
    /// A command that nobody here needs.
    Other(u32),
}

/// A password on its way. It is shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(pub Zeroizing<String>);

impl core::fmt::Debug for Password {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Password")
    }
}

/// A PDU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pdu {
    /// Status; 0 in what is no answer.
    pub status: u32,
    /// Its number: an answer has that of its question.
    pub sequence: u32,
    /// What is said.
    pub said: Said,
}

/// A PDU whose body is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("SMPP command {command:08X}, sequence {sequence}: {words}")]
pub struct PduError {
    /// The command.
    pub command: u32,
    /// Its number.
    pub sequence: u32,
    /// What to answer.
    pub status: u32,
    /// What is wrong with it.
    pub words: &'static str,
}

impl Fault for PduError {
    fn kind(&self) -> Kind {
        Kind::Refused
    }

    fn code(&self) -> &str {
        "smpp-pdu"
    }
}

/// Command and sequence of a whole PDU's header.
fn named(bytes: &[u8]) -> (u32, u32) {
    let word =
        |at: usize| bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map_or(0, u32::from_be_bytes);
    (word(4), word(12))
}

impl Pdu {
    /// A question.
    #[must_use]
    pub const fn ask(sequence: u32, said: Said) -> Self {
        Pdu { status: status::OK, sequence, said }
    }

    /// An answer.
    #[must_use]
    pub const fn answer(sequence: u32, status: u32, said: Said) -> Self {
        Pdu { status, sequence, said }
    }

    /// Reads a PDU, header and all.
    ///
    /// # Errors
    /// A body that does not fit its command.
    pub fn read(bytes: &[u8]) -> Result<Self, PduError> {
        let (command, sequence) = named(bytes);
        let error = |status, words| PduError { command, sequence, status, words };
        let body = bytes.get(4..).unwrap_or_default();
        let mut source = BytesMut::from(body);
        let decoded = Command::decode(&mut source, body.len());
        let (read, _) = decoded
            .map_err(|_| error(status::COMMAND_LENGTH, "the body has not the fields of its command"))?;
        let said = Said::of(&read).ok_or_else(|| {
            error(status::COMMAND_LENGTH, "the body is missing, or longer than its command's")
        })?;
        Ok(Pdu { status: read.status.into(), sequence, said })
    }

    /// The PDU in octets. `None` where a name, a number or a text is longer than its field.
    #[must_use]
    pub fn write(&self) -> Option<Vec<u8>> {
        let command = Command::new(CommandStatus::from(self.status), self.sequence, self.said.body()?);
        let mut out = BytesMut::new();
        command.encode(&mut out);
        // An answer that says no is its header alone: whoever reads it stops at the status.
        let is_refusal = self.status != status::OK && self.said.may_be_bare();
        let body = if is_refusal { out.get(..HEADER - 4)? } else { &out[..] };
        let length = u32::try_from(body.len() + 4).ok()?;
        Some([&length.to_be_bytes(), body].concat())
    }
}

fn text<const MIN: usize, const MAX: usize>(string: &COctetString<MIN, MAX>) -> String {
    string.as_str().to_owned()
}

fn field<const MIN: usize, const MAX: usize>(text: &str) -> Option<COctetString<MIN, MAX>> {
    let bytes: Vec<u8> = text.bytes().chain([0]).collect();
    COctetString::from_vec(bytes).ok()
}

/// Message, and the parameter that stands in its place where there is one.
fn body(short: &OctetString<0, 255>, tlvs: &[Tlv]) -> Vec<u8> {
    let payload = tlvs.iter().find_map(|tlv| match tlv.value() {
        Some(TlvValue::MessagePayload(payload)) => Some(Bytes::from(payload.value.clone()).to_vec()),
        _ => None,
    });
    payload.filter(|_| short.is_empty()).unwrap_or_else(|| short.to_vec())
}

fn number<const MIN: usize, const MAX: usize>(ton: Ton, npi: Npi, digits: &COctetString<MIN, MAX>) -> Number {
    Number { ton: ton.into(), npi: npi.into(), digits: text(digits) }
}

impl Said {
    /// What a command says; `None`: it says nothing, though it should.
    fn of(command: &Command) -> Option<Said> {
        macro_rules! bind {
            ($role:expr, $body:expr) => {
                Said::Bind {
                    role: $role,
                    name: text(&$body.system_id),
                    password: Password(Zeroizing::new(text(&$body.password))),
                    number: text(&$body.address_range),
                }
            };
        }
        Some(match (command.id(), command.pdu()) {
            (_, Some(Body::BindReceiver(body))) => bind!(Role::Receiver, body),
            (_, Some(Body::BindTransmitter(body))) => bind!(Role::Transmitter, body),
            (_, Some(Body::BindTransceiver(body))) => bind!(Role::Transceiver, body),
            (_, Some(Body::BindReceiverResp(body))) => {
                Said::BindAnswer(Role::Receiver, text(&body.system_id))
            }
            (_, Some(Body::BindTransmitterResp(body))) => {
                Said::BindAnswer(Role::Transmitter, text(&body.system_id))
            }
            (_, Some(Body::BindTransceiverResp(body))) => {
                Said::BindAnswer(Role::Transceiver, text(&body.system_id))
            }
            (CommandId::BindReceiverResp, None) => Said::BindAnswer(Role::Receiver, String::new()),
            (CommandId::BindTransmitterResp, None) => Said::BindAnswer(Role::Transmitter, String::new()),
            (CommandId::BindTransceiverResp, None) => Said::BindAnswer(Role::Transceiver, String::new()),
            (_, Some(Body::SubmitSm(body))) => Said::Submit(submitted(body)),
            (_, Some(Body::SubmitSmResp(body))) => Said::SubmitAnswer(text(body.message_id())),
            (CommandId::SubmitSmResp, None) => Said::SubmitAnswer(String::new()),
            (_, Some(Body::DeliverSm(body))) => delivered(body),
            (CommandId::DeliverSmResp, _) => Said::DeliverAnswer,
            (_, Some(Body::EnquireLink)) => Said::Enquire,
            (CommandId::EnquireLinkResp, _) => Said::EnquireAnswer,
            (_, Some(Body::Unbind)) => Said::Unbind,
            (CommandId::UnbindResp, _) => Said::UnbindAnswer,
            (CommandId::GenericNack, _) => Said::Nack,
            (
                CommandId::SubmitSm | CommandId::DeliverSm | CommandId::EnquireLink | CommandId::Unbind,
                None,
            )
            | (CommandId::BindReceiver | CommandId::BindTransmitter | CommandId::BindTransceiver, None) => {
                return None;
            }
            (id, _) => Said::Other(id.into()),
        })
    }

    /// Whether its answer with a status has no body.
    const fn may_be_bare(&self) -> bool {
        matches!(self, Said::BindAnswer(..) | Said::SubmitAnswer(_) | Said::DeliverAnswer)
    }

    fn body(&self) -> Option<Body> {
        Some(match self {
            Said::Bind { role, name, password, number } => {
                let (name, password, number) = (field(name)?, field(&password.0)?, field(number)?);
                let (system_type, version) = (COctetString::empty(), InterfaceVersion::Smpp3_4);
                macro_rules! bind {
                    ($body:ident) => {
                        $body::new(
                            name,
                            password,
                            system_type,
                            version,
                            Ton::International,
                            Npi::Isdn,
                            number,
                        )
                        .into()
                    };
                }
                match role {
                    Role::Receiver => bind!(BindReceiver),
                    Role::Transmitter => bind!(BindTransmitter),
                    Role::Transceiver => bind!(BindTransceiver),
                }
            }
            Said::BindAnswer(role, name) => {
                let (name, version) = (field(name)?, Some(InterfaceVersion::Smpp3_4));
                match role {
                    Role::Receiver => BindReceiverResp::new(name, version).into(),
                    Role::Transmitter => BindTransmitterResp::new(name, version).into(),
                    Role::Transceiver => BindTransceiverResp::new(name, version).into(),
                }
            }
            Said::Submit(letter) => submit(letter)?.into(),
            Said::SubmitAnswer(id) => SubmitSmResp::new(field(id)?, Vec::new()).into(),
            Said::Deliver(letter) => deliver(letter, 0, Vec::new())?.into(),
            Said::Receipt(receipt, from, to) => receipt_of(receipt, from, to)?.into(),
            Said::DeliverAnswer => DeliverSmResp::new(COctetString::empty(), Vec::new()).into(),
            Said::Enquire => Body::EnquireLink,
            Said::EnquireAnswer => Body::EnquireLinkResp,
            Said::Unbind => Body::Unbind,
            Said::UnbindAnswer => Body::UnbindResp,
            Said::Nack | Said::Other(_) => Body::GenericNack,
        })
    }
}

fn submitted(body_of: &SubmitSm) -> Letter {
    let class = u8::from(body_of.esm_class);
    Letter {
        from: number(body_of.source_addr_ton, body_of.source_addr_npi, &body_of.source_addr),
        to: number(body_of.dest_addr_ton, body_of.dest_addr_npi, &body_of.destination_addr),
        has_header: class & CLASS_HEADER != 0,
        pid: body_of.protocol_id,
        dcs: body_of.data_coding.into(),
        data: body(body_of.short_message(), body_of.tlvs()),
        wants_receipt: u8::from(body_of.registered_delivery) & RECEIPTS != 0,
    }
}

fn submit(letter: &Letter) -> Option<SubmitSm> {
    let builder = SubmitSm::builder()
        .source_addr_ton(Ton::from(letter.from.ton))
        .source_addr_npi(Npi::from(letter.from.npi))
        .source_addr(field(&letter.from.digits)?)
        .dest_addr_ton(Ton::from(letter.to.ton))
        .dest_addr_npi(Npi::from(letter.to.npi))
        .destination_addr(field(&letter.to.digits)?)
        .esm_class(EsmClass::from(if letter.has_header { CLASS_HEADER } else { 0 }))
        .protocol_id(letter.pid)
        .registered_delivery(RegisteredDelivery::from(u8::from(letter.wants_receipt)))
        .data_coding(DataCoding::from(letter.dcs))
        .short_message(OctetString::from_slice(&letter.data).ok()?);
    Some(builder.build())
}

fn delivered(body_of: &DeliverSm) -> Said {
    let class = u8::from(body_of.esm_class);
    let from = number(body_of.source_addr_ton, body_of.source_addr_npi, &body_of.source_addr);
    let to = number(body_of.dest_addr_ton, body_of.dest_addr_npi, &body_of.destination_addr);
    let data = body(body_of.short_message(), body_of.tlvs());
    if class & CLASS_KIND == CLASS_RECEIPT
        && let Some(receipt) = receipt(&data, body_of.tlvs())
    {
        return Said::Receipt(receipt, from, to);
    }
    Said::Deliver(Letter {
        from,
        to,
        has_header: class & CLASS_HEADER != 0,
        pid: body_of.protocol_id,
        dcs: body_of.data_coding.into(),
        data,
        wants_receipt: false,
    })
}

/// A receipt by its parameters, else by its text.
fn receipt(data: &[u8], tlvs: &[Tlv]) -> Option<Receipt> {
    let by_text = Receipt::read(&String::from_utf8_lossy(data));
    let id = tlvs.iter().find_map(|tlv| match tlv.value() {
        Some(TlvValue::ReceiptedMessageId(id)) => Some(text(id)),
        _ => None,
    });
    let fate = tlvs.iter().find_map(|tlv| match tlv.value() {
        Some(TlvValue::MessageState(state)) => Some(Fate::of_number((*state).into())),
        _ => None,
    });
    let (told, done) = by_text.as_ref().map_or((Fate::Unknown, ""), |receipt| (receipt.fate, &receipt.done));
    let (fate, done) = (fate.unwrap_or(told), done.to_owned());
    Some(Receipt { id: id.or(by_text.map(|receipt| receipt.id))?, fate, done })
}

fn deliver(letter: &Letter, class: u8, tlvs: Vec<MessageDeliveryRequestTlvValue>) -> Option<DeliverSm> {
    let header = if letter.has_header { CLASS_HEADER } else { 0 };
    let builder = DeliverSm::builder()
        .source_addr_ton(Ton::from(letter.from.ton))
        .source_addr_npi(Npi::from(letter.from.npi))
        .source_addr(field(&letter.from.digits)?)
        .dest_addr_ton(Ton::from(letter.to.ton))
        .dest_addr_npi(Npi::from(letter.to.npi))
        .destination_addr(field(&letter.to.digits)?)
        .esm_class(EsmClass::from(class | header))
        .protocol_id(letter.pid)
        .registered_delivery(RegisteredDelivery::from(0))
        .data_coding(DataCoding::from(letter.dcs))
        .short_message(OctetString::from_slice(&letter.data).ok()?)
        .tlvs(tlvs);
    Some(builder.build())
}

fn receipt_of(receipt: &Receipt, from: &Number, to: &Number) -> Option<DeliverSm> {
    let data = receipt.text().into_bytes();
    let letter = Letter {
        from: from.clone(),
        to: to.clone(),
        has_header: false,
        pid: 0,
        dcs: 0,
        data,
        wants_receipt: false,
    };
    let id = MessageDeliveryRequestTlvValue::ReceiptedMessageId(field(&receipt.id)?);
    let state = MessageDeliveryRequestTlvValue::MessageState(MessageState::from(receipt.fate.number()));
    deliver(&letter, CLASS_RECEIPT, vec![id, state])
}
