//! The functions of scripts: what a terminal computes with a key [docs/specs/script.md 4].

use super::messages::Fault;
use super::value::Value;
use keys::{Key, Suite, mac, seal};

/// A function: name, how it is written, number of arguments, and what it does.
pub struct Function {
    /// Name.
    pub name: &'static str,
    /// Its arguments, as help.
    pub usage: &'static str,
    /// Fewest arguments.
    pub least: usize,
    /// Most arguments.
    pub most: usize,
    /// What it does, with a key of the card's suite.
    pub run: fn(Suite, &[Value]) -> Result<Value, Fault>,
}

const fn function(
    name: &'static str,
    usage: &'static str,
    least: usize,
    most: usize,
    run: fn(Suite, &[Value]) -> Result<Value, Fault>,
) -> Function {
    Function { name, usage, least, most, run }
}

/// All functions.
#[rustfmt::skip]
static FUNCTIONS: &[Function] = &[
    function("mac",        "mac(key, data) or mac(key, iv, data)",        2, 3, session_mac),
    function("tac",        "tac(key, data)",                              2, 2, tac),
    function("enc",        "enc(key, data)",                              2, 2, encipher),
    function("cryptogram", "cryptogram(key, challenge)",                  2, 2, cryptogram),
    function("session",    "session(key, data)",                          2, 2, session),
    function("diversify",  "diversify(key, factor)",                      2, 2, diversify),
    function("kcv",        "kcv(key)",                                    1, 1, kcv),
    function("command",    "command(header, data)",                       2, 2, command),
    function("secure",     "secure(key, challenge, header) or secure(key, challenge, header, data)", 3, 4, secure),
    function("sealed",     "sealed(key, challenge, header, data)",        4, 4, sealed),
];

/// The function of a name.
pub fn find(name: &str) -> Result<&'static Function, Fault> {
    FUNCTIONS.iter().find(|function| function.name == name).ok_or_else(|| Fault::Function {
        name: name.to_owned(),
        known: FUNCTIONS.iter().map(|function| function.name).collect(),
    })
}

fn key(suite: Suite, value: &Value) -> Result<Key, Fault> {
    Key::new(suite, value.bytes()).map_err(Fault::Key)
}

fn session_mac(suite: Suite, args: &[Value]) -> Result<Value, Fault> {
    let (iv, data) = match args {
        [_, data] => (&[][..], data),
        [_, iv, data] => (iv.bytes(), data),
        _ => return Err(Fault::Empty),
    };
    Ok(Value::open(&mac::session(&key(suite, &args[0])?, iv, &[data.bytes()])))
}

/// The TAC key of a wallet is folded to single DES [FMCOS UM 8.7].
fn tac(suite: Suite, args: &[Value]) -> Result<Value, Fault> {
    Ok(Value::open(&mac::session(&key(suite, &args[0])?.folded(), &[], &[args[1].bytes()])))
}

fn encipher(suite: Suite, args: &[Value]) -> Result<Value, Fault> {
    let data = fitting("data to encipher", "at most 255", 255, &args[1])?;
    Ok(Value::open(&seal::encipher(&key(suite, &args[0])?, data)))
}

fn cryptogram(suite: Suite, args: &[Value]) -> Result<Value, Fault> {
    Ok(Value::open(&seal::cryptogram(&key(suite, &args[0])?, args[1].bytes())))
}

/// One block enciphered, as a key: secret.
fn session(suite: Suite, args: &[Value]) -> Result<Value, Fault> {
    let data = fitting("the data of a session key", "at most 8", 8, &args[1])?;
    Ok(Value::secret(&seal::cryptogram(&key(suite, &args[0])?, data)))
}

fn diversify(suite: Suite, args: &[Value]) -> Result<Value, Fault> {
    let wrong = Fault::Length { what: "a factor", wanted: "8", found: args[1].len() };
    let factor: &[u8; 8] = args[1].bytes().try_into().map_err(|_| wrong)?;
    Ok(Value::secret(key(suite, &args[0])?.diversify(factor).expose()))
}

fn kcv(suite: Suite, args: &[Value]) -> Result<Value, Fault> {
    Ok(Value::open(&key(suite, &args[0])?.kcv()))
}

/// `header || Lc || data`.
fn command(_: Suite, args: &[Value]) -> Result<Value, Fault> {
    let header = header(&args[0])?;
    fitting("the data of a command", "at most 255", 255, &args[1])?;
    let mut out = Value::open(&header);
    out.push(&Value::open(&[args[1].len() as u8]));
    out.push(&args[1]);
    Ok(out)
}

/// `header || Lc || data || MAC`, the MAC over all before it with the challenge as IV.
fn secure(suite: Suite, args: &[Value]) -> Result<Value, Fault> {
    let empty = Value::default();
    protect(suite, args, args.get(3).unwrap_or(&empty))
}

/// As `secure`, with the data enciphered first.
fn sealed(suite: Suite, args: &[Value]) -> Result<Value, Fault> {
    let cipher_text = encipher(suite, &[args[0].clone(), args[3].clone()])?;
    protect(suite, args, &cipher_text)
}

fn protect(suite: Suite, args: &[Value], data: &Value) -> Result<Value, Fault> {
    let header = header(&args[2])?;
    fitting("the data of a protected command", "at most 251", 255 - seal::MAC_LEN, data)?;
    let head = [&header[..], &[(data.len() + seal::MAC_LEN) as u8]].concat();
    let code = mac::session(&key(suite, &args[0])?, args[1].bytes(), &[&head, data.bytes()]);
    let mut out = Value::open(&head);
    out.push(data);
    out.push(&Value::open(&code));
    Ok(out)
}

fn header(value: &Value) -> Result<[u8; 4], Fault> {
    let wrong = Fault::Length { what: "a header (CLA INS P1 P2)", wanted: "4", found: value.len() };
    value.bytes().try_into().map_err(|_| wrong)
}

fn fitting<'v>(
    what: &'static str,
    wanted: &'static str,
    most: usize,
    value: &'v Value,
) -> Result<&'v [u8], Fault> {
    if value.len() > most {
        return Err(Fault::Length { what, wanted, found: value.len() });
    }
    Ok(value.bytes())
}
