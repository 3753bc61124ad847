"""The changes of named.py. Each takes one check away; its crate's own tests must fail."""


class Change:
    """`old` stands once in the file, `new` takes its place, and the tests whose names hold one of `tests` must fail."""

    def __init__(self, name, file, old, new, *tests):
        self.name, self.file, self.old, self.new, self.tests = name, file, old, new, tests
        self.crate = "gridcard-" + file.split("/")[0]


CHANGES = [
    # the card operating system
    Change(
        "CHANGE PIN asks no use right",
        "cos/src/fmcos/pin.rs",
        "    context.require(record.use_right())?;\n    let cut",
        "    let cut",
        "rights::",
    ),
    Change(
        "VERIFY asks no use right",
        "cos/src/fmcos/auth.rs",
        "    context.require(record.use_right())?;\n    record.spend_try(&mut context.memory)?;\n    let stored",
        "    record.spend_try(&mut context.memory)?;\n    let stored",
        "rights::",
    ),
    Change(
        "a PIN's try is not spent",
        "cos/src/fmcos/auth.rs",
        "    record.spend_try(&mut context.memory)?;\n    let stored",
        "    let stored",
        "sessions::",
    ),
    Change(
        "EXTERNAL AUTHENTICATE takes any cryptogram",
        "cos/src/fmcos/auth.rs",
        "    if !keys::equal(&seal::cryptogram(&key, challenge.bytes()), command.data) {",
        "    if command.data.is_empty() {",
        "sessions::",
    ),
    Change(
        "WRITE KEY asks no add right",
        "cos/src/fmcos/keys.rs",
        "    if command.p1 == ADD {\n        context.require(Right(file.header[6]))?;",
        "    if command.p1 == ADD {",
        "sessions::",
        "rights::",
    ),
    Change(
        "WRITE KEY asks no change right",
        "cos/src/fmcos/keys.rs",
        "    context.require(record.change_right())?;\n    if record.type_byte()",
        "    if record.type_byte()",
        "sessions::",
        "rights::",
    ),
    Change(
        "a protected key is changed in clear",
        "cos/src/fmcos/keys.rs",
        "    if record.type_byte() & PROTECTED != 0 && command.cla & SECURE == 0 {",
        "    if false {",
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
        "a SAM takes the factors the other way round",
        "cos/src/fmcos/sam.rs",
        "factors.chunks_exact(8).rev()",
        "factors.chunks_exact(8)",
        "sessions::",
    ),
    Change(
        "a blocked CHV opens what it opened",
        "cos/src/sim/codes.rs",
        " && record.tries_left() > 0)",
        ")",
        "gsm::",
    ),
    Change(
        "a right of a state is met in every higher one",
        "cos/src/rights.rs",
        "y <= dir_register && dir_register <= x",
        "y <= dir_register",
        "table::rights",
    ),
]
