"""The changes of named.py. Each takes one check away; its crate's own tests must fail."""


class Change:
    """`old` stands once in the file, `new` takes its place, and the tests whose names hold one of `tests` must fail."""

    def __init__(self, name, file, old, new, *tests):
        self.name, self.file, self.old, self.new, self.tests = name, file, old, new, tests
        self.crate = "gridcard-" + file.split("/")[0]


class OfTheProof(Change):
    """A mechanism that `prove` claims: its own tests must fail, whatever crate it is in."""

    def __init__(self, *change):
        super().__init__(*change)
        self.crate = "gridcard-world"


CHANGES = [
    Change(
        "CHANGE PIN asks no use right",
        "cos/src/fmcos/pin.rs",
        "    context.require(record.use_right())?;\n    let cut",
        "    let cut",
        "sessions::",
    ),
    Change(
        "PIN UNBLOCK asks no use right of its key",
        "cos/src/fmcos/pin.rs",
        "    context.require(unblocker.use_right())?;\n",
        "",
        "sessions::",
    ),
    Change(
        "RELOAD PIN asks no use right of its key",
        "cos/src/fmcos/pin.rs",
        "    context.require(reloader.use_right())?;\n",
        "",
        "sessions::",
    ),
    Change(
        "VERIFY asks no use right",
        "cos/src/fmcos/auth.rs",
        "    context.require(record.use_right())?;\n    record.spend_try(&mut context.memory)?;\n    let stored",
        "    record.spend_try(&mut context.memory)?;\n    let stored",
        "sessions::",
    ),
    Change(
        "VERIFY spends no try",
        "cos/src/fmcos/auth.rs",
        "    record.spend_try(&mut context.memory)?;\n    let stored",
        "    let stored",
        "sessions::",
    ),
    Change(
        "EXTERNAL AUTHENTICATE takes any cryptogram",
        "cos/src/fmcos/auth.rs",
        "if !keys::equal(&seal::cryptogram(&key, challenge.bytes()), command.data) {",
        "if command.data.is_empty() {",
        "sessions::",
    ),
    Change(
        "WRITE KEY asks no right to add",
        "cos/src/fmcos/keys.rs",
        "    if command.p1 == ADD {\n        context.require(Right(file.header[6]))?;\n",
        "    if command.p1 == ADD {\n",
        "sessions::",
    ),
    Change(
        "WRITE KEY asks no right to change",
        "cos/src/fmcos/keys.rs",
        "    context.require(record.change_right())?;\n    if record.type_byte()",
        "    if record.type_byte()",
        "sessions::",
    ),
    Change(
        "a protected key is changed in clear",
        "cos/src/fmcos/keys.rs",
        "if record.type_byte() & PROTECTED != 0 && command.cla & SECURE == 0 {",
        "if record.type_byte() == 0 {",
        "sessions::",
    ),
    Change(
        "CREATE FILE asks no right",
        "cos/src/fmcos/admin.rs",
        "    context.require(Right(dir.header[5]))?;\n",
        "",
        "sessions::",
    ),
    Change(
        "ERASE DF asks no right",
        "cos/src/fmcos/admin.rs",
        "    context.require(Right(dir.header[6]))?;\n",
        "",
        "sessions::",
    ),
    Change(
        "READ BINARY asks no right",
        "cos/src/fmcos/data.rs",
        "    context.require(Right(file.header[5]))?;\n",
        "",
        "sessions::",
    ),
    Change(
        "UPDATE BINARY asks no right",
        "cos/src/fmcos/data.rs",
        "    context.require(Right(file.header[6]))?;\n",
        "",
        "sessions::",
    ),
    Change(
        "a key is used without its use right",
        "cos/src/context.rs",
        "        self.require(record.use_right())?;\n",
        "",
        "sessions::",
    ),
    Change(
        "a SAM's key is used with fewer levels",
        "cos/src/fmcos/sam.rs",
        "        .filter(|record| usize::from(record.byte4()) == levels)\n",
        "",
        "sessions::",
    ),
    Change(
        "a SAM takes its factors the other way round",
        "cos/src/fmcos/sam.rs",
        "factors.chunks_exact(8).rev()",
        "factors.chunks_exact(8)",
        "sessions::",
    ),
    Change(
        "a right has no upper state",
        "cos/src/rights.rs",
        "y <= dir_register && dir_register <= x",
        "y <= dir_register",
        "table::rights",
    ),
    Change(
        "a blocked CHV opens what it opened",
        "cos/src/sim/codes.rs",
        " && record.tries_left() > 0)",
        ")",
        "gsm::",
    ),
    Change(
        "a sealed key's MAC is not looked at",
        "keys/src/seal.rs",
        "if !crate::equal(&mac::session(master, challenge, &[header, cipher_text]), mac) {",
        "if mac.is_empty() {",
        "",
    ),
    Change(
        "a command packet's checksum is not looked at",
        "wire/src/packet.rs",
        "if security.cc && !crypto.same(&crypto.cc(&[self.outside, counted, data]), cc) {",
        "if security.cc && crypto.cc(&[self.outside, counted, data]).is_empty() {",
        "packet::",
    ),
    Change(
        "a response packet's checksum is not looked at",
        "wire/src/packet.rs",
        "if self.security.cc && !crypto.same(&crypto.cc(&[&RESPONSE_UDH, self.outside, counted, data]), cc) {",
        "if self.security.cc && crypto.cc(&[data]).is_empty() {",
        "packet::",
    ),
    Change(
        "an issuing card exports keys without its PIN",
        "applets/src/issuing.rs",
        "export_key).right(profile::PIN),",
        "export_key),",
        "programs::",
    ),
    Change(
        "one person at the issuing card ends a PSAM",
        "applets/src/issuing/sealed.rs",
        "iter().any(|row| row.id != OPERATOR_PIN.id) {",
        "iter().any(|row| row.id > 9) {",
        "rights::",
    ),
    Change(
        "an ESAM takes ACTIVATE KEYS from anybody",
        "applets/src/esam.rs",
        "life::activate).right(profile::MASTER),",
        "life::activate),",
        "programs::",
    ),
    Change(
        "something is sold to whom the power company blocks",
        "server/src/place.rs",
        "        self.must_not_be_blocked(&ground.registration)?;\n        if let",
        "        if let",
        "contract::",
    ),
    Change(
        "an office is told what another one registered",
        "server/src/register.rs",
        "if old.is_some() && elsewhere(new.customer)? {",
        "if false && elsewhere(new.customer)? {",
        "contract::",
    ),
    OfTheProof(
        "proof: an order is for any chip of its number",
        "applets/src/esam/orders.rs",
        "if order.serial.0 != context.chip.serial {",
        "if order.serial.0 == [0; 8] {",
        "what_the_formats",
    ),
    OfTheProof(
        "proof: a count that was taken is none",
        "applets/src/esam/orders.rs",
        "if order.count == purse.count {",
        "if order.count == u32::MAX {",
        "nothing_bent",
    ),
    OfTheProof(
        "proof: a parameter's key is the purse's",
        "applets/src/esam/field/money.rs",
        "Ok(use_key(&role_key(context, Role::Kid)?, Use::FieldMac))",
        "Ok(use_key(&role_key(context, Role::Param)?, Use::FieldMac))",
        "what_the_formats",
    ),
    OfTheProof(
        "proof: any key pair is certified",
        "applets/src/issuing/certify.rs",
        "if !keys::equal(&mac::bound(&proof_key, &challenge, &GENERATE, public), proof) {",
        "if mac::bound(&proof_key, &challenge, &GENERATE, public).is_empty() {",
        "what_the_formats",
    ),
    OfTheProof(
        "proof: an order is sealed without the server",
        "applets/src/psam/orders.rs",
        "if keys::equal(&mac::cmac8(&key, &psam::proved(&number, order)), proof) {",
        "if !mac::cmac8(&key, &psam::proved(&number, order)).is_empty() && !proof.is_empty() {",
        "nothing_bent",
    ),
    OfTheProof(
        "proof: closing is no check",
        "cos/src/closing.rs",
        "    if !fits_profile(context, &info) {",
        "    if info.size() == 0 && !fits_profile(context, &info) {",
        "what_the_formats",
    ),
    OfTheProof(
        "proof: the account of a finished card is its master's to write",
        "cos/src/closing.rs",
        "if fits { Ok(()) } else { Err(Sw::CONDITIONS.into()) }",
        "if fits || !fits { Ok(()) } else { Err(Sw::CONDITIONS.into()) }",
        "what_the_formats",
    ),
    OfTheProof(
        "proof: a wrong MAC of a command of ours costs nothing",
        "cos/src/fmcos/keys.rs",
        "    file.set(&mut context.memory, COUNT_OF_WRONG, wrong + 1)?;\n    counter.spend_try(&mut context.memory)?;\n    if !keys::equal(&mac::bound",
        "    if !keys::equal(&mac::bound",
        "what_the_formats",
    ),
    OfTheProof(
        "proof: a PIN that is wrong spends no try",
        "cos/src/fmcos/auth.rs",
        "    record.spend_try(&mut context.memory)?;\n    let stored",
        "    let stored",
        "no_secret_is_guessed",
    ),
    OfTheProof(
        "proof: the books believe whatever a PSAM counts",
        "server/src/modules.rs",
        "match chain::compare(&known.chain, card, last.as_deref(), &asked) {",
        "let _ = (last, asked);\n        match Compared::Same {",
        "what_the_formats",
    ),
    OfTheProof(
        "proof: a phone may be ahead as far as it likes",
        "client/src/first.rs",
        "if time.seconds() > now.saturating_add(AHEAD_S) {",
        "if time.seconds() > now.saturating_add(AHEAD_S).saturating_mul(2) {",
        "what_the_formats",
    ),
    OfTheProof(
        "proof: the code of a slip has tries without an end",
        "server/src/contract.rs",
        "let left = tries.saturating_sub(1);",
        "let left = tries;",
        "what_the_formats",
    ),
    OfTheProof(
        "proof: a debit that a bank says twice is two",
        "server/src/payment_flow.rs",
        "DebitAnswer::Done(booked) if payment.debited.is_none() => {",
        "DebitAnswer::Done(booked) if payment.advice < u8::MAX => {",
        "a_world_repeats",
    ),
    OfTheProof(
        "proof: a PSAM seals for keys that it has not",
        "server/src/pool.rs",
        "Some(has) if !has.fit(&needs) => {",
        "Some(has) if !has.fit(&needs) && needs.version == 0 => {",
        "what_the_formats",
    ),
]
