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
pub use redact::{Redactor, Reveal, hides_answer, hides_data, shown_bytes};
pub use sink::{CardTrace, FmtSink, IoSink, SharedTrace, TraceSink};

use wire::channel::{Channel, ChannelError};

/// A channel that writes down what passes.
///
/// Data that must not leave the machine is replaced by its length: PINs and keys, in clear and in cipher text, in commands
/// and in answers, and whatever travels under a proprietary instruction that is not known to be harmless.
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
    redactor: Redactor,
}

impl<C, S: TraceSink> TraceChannel<C, S> {
    /// Traces to `sink` with secrets hidden.
    pub fn new(inner: C, sink: S) -> Self {
        Self::revealing(inner, sink, Reveal::Nothing)
    }

    /// Traces to `sink`; [`Reveal::Secrets`] writes PINs and keys out, for cards on test keys only.
    pub fn revealing(inner: C, sink: S, reveal: Reveal) -> Self {
        TraceChannel { inner, sink, reveal, redactor: Redactor::default() }
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
        if !self.sink.is_open() {
            return self.inner.transmit(command);
        }
        let hides = self.reveal == Reveal::Nothing;
        let shown = if hides { self.redactor.command(command) } else { None };
        self.sink.line(&redact::command(command, shown));
        let answer = self.inner.transmit(command);
        match &answer {
            Ok(response) => {
                let done = matches!(response[..], [.., 0x90 | 0x91 | 0x61 | 0x9F, _]);
                let secret = self.redactor.answer(command, done);
                self.sink.line(&redact::response(response, secret && hides));
            }
            Err(error) => self.failed(error),
        }
        answer
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.redactor.reset();
        let answer = self.inner.reset();
        match &answer {
            Ok(atr) => self.sink.line(&format!("= {}", hex::encode_upper(atr))),
            Err(error) => self.failed(error),
        }
        answer
    }
}
