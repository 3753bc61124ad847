//! The line language of APDU traces: written by [`TraceChannel`], read by [`parse_trace`]
//! [docs/specs/trace.md].
//!
//! ```text
//! = 3B690000431122334455667788
//! # select the master file
//! > 00A40000023F00
//! < 9000
//! > 0020000006 [6 bytes hidden]
//! < 63C2
//! ! the card was removed before it answered
//! ```

mod parse;
mod redact;
mod sink;

pub use parse::{Bytes, TraceError, TraceFault, TraceLine, parse_trace};
pub use redact::{Reveal, answers_secret, hides_data, is_secret};
pub use sink::{FmtSink, IoSink, TraceSink};

use wire::channel::{Channel, ChannelError};

/// A channel that writes down what passes.
///
/// Data that must not leave the machine is replaced by its length: PINs and CHVs, keys written in clear, and
/// the session key a SIM answers. Sealed data (cipher text and MAC) is shown, it is no secret.
///
/// ```
/// use gridcard_reader::trace::TraceChannel;
/// # use wire::channel::{Channel, ChannelError};
/// # struct Card;
/// # impl Channel for Card {
/// #     fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>, ChannelError> { Ok(vec![0x90, 0x00]) }
/// #     fn reset(&mut self) -> Result<Vec<u8>, ChannelError> { Ok(vec![0x3B, 0x00]) }
/// # }
/// let mut lines = Vec::new();
/// let mut card = TraceChannel::new(Card, &mut lines);
/// card.transmit(&[0x00, 0x20, 0x00, 0x00, 0x02, 0x12, 0x34])?;
/// assert_eq!(lines, ["> 0020000002 [2 bytes hidden]", "< 9000"]);
/// # Ok::<(), ChannelError>(())
/// ```
pub struct TraceChannel<C, S> {
    inner: C,
    sink: S,
    reveal: Reveal,
    /// The answer that waits for GET RESPONSE belongs to a command whose answer is secret.
    secret_waits: bool,
}

impl<C, S: TraceSink> TraceChannel<C, S> {
    /// Traces to `sink` with secrets hidden.
    pub fn new(inner: C, sink: S) -> Self {
        Self::revealing(inner, sink, Reveal::Nothing)
    }

    /// Traces to `sink`; [`Reveal::Secrets`] writes PINs and keys out, for cards on test keys only.
    pub fn revealing(inner: C, sink: S, reveal: Reveal) -> Self {
        TraceChannel { inner, sink, reveal, secret_waits: false }
    }

    /// Writes a comment; line breaks in it become separate comments.
    pub fn comment(&mut self, text: &str) {
        for line in text.lines() {
            self.sink.line(&format!("# {line}"));
        }
    }

    /// The channel underneath, for whoever handles the card itself.
    pub const fn inner(&self) -> &C {
        &self.inner
    }

    /// The channel underneath, to be changed.
    pub fn inner_mut(&mut self) -> &mut C {
        &mut self.inner
    }

    /// The channel underneath and the sink.
    pub fn into_parts(self) -> (C, S) {
        (self.inner, self.sink)
    }

    fn failed(&mut self, error: &ChannelError) {
        self.sink.line(&format!("! {error}"));
    }
}

impl<C: Channel, S: TraceSink> Channel for TraceChannel<C, S> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        self.sink.line(&redact::command(command, self.reveal));
        let answer = self.inner.transmit(command);
        match &answer {
            Ok(response) => {
                let secret = redact::answers_secret(command)
                    || (self.secret_waits && redact::is_get_response(command));
                self.secret_waits = secret;
                self.sink.line(&redact::response(response, secret && self.reveal == Reveal::Nothing));
            }
            Err(error) => self.failed(error),
        }
        answer
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.secret_waits = false;
        let answer = self.inner.reset();
        match &answer {
            Ok(atr) => self.sink.line(&format!("= {}", hex::encode_upper(atr))),
            Err(error) => self.failed(error),
        }
        answer
    }
}
