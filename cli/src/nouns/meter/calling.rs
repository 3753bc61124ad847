//! `gridcard meter call`: meters that call their server and keep the line.

use super::line::Signals;
use crate::output::put;
use crate::prelude::*;
use parties::Session;
use parties::meters::{self, CallReport, CallRequest, Pace};
use reader::link::{Place, Serial};
use std::time::{Duration, Instant};

/// Options of `meter call`.
#[derive(Debug, Args)]
pub struct Calling {
    /// Numbers of the meters; each has a line of its own.
    #[arg(required = true)]
    pub numbers: Vec<MeterNumber>,
    /// The server that they call.
    #[arg(long, value_name = "HOST:PORT", value_parser = socket)]
    pub server: Place,
    /// How often each says that it is there, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = meters::BEAT.as_secs(), value_parser = clap::value_parser!(u64).range(1..=150))]
    pub beat: u64,
}

fn socket(text: &str) -> Result<Place, String> {
    match text.parse::<Place>().map_err(|error| error.to_string())? {
        place @ Place::Socket(_) => Ok(place),
        Place::Device(_) => Err("a server is called at HOST:PORT".into()),
    }
}

/// This machine's own time.
struct Real(Instant);

impl Pace for Real {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn rest(&self, wait: Duration) {
        std::thread::sleep(wait);
    }
}

/// Has meters call until a signal ends it.
pub fn run(call: &Call, options: &Calling) -> Result<()> {
    let signals = Signals::wait()?;
    for (at, number) in options.numbers.iter().enumerate() {
        if options.numbers.iter().take(at).any(|other| other == number) {
            return Err(Failure::new(Kind::Usage, format!("meter {number} stands in the list twice")).into());
        }
    }
    let server = options.server.to_string();
    if call.options.json {
        let object = json!({ "server": server, "meters": options.numbers, "pid": std::process::id() });
        put(call, &object.to_string());
    } else {
        put(call, &server);
    }
    say("the meters call; Ctrl-C ends");
    let pace = Real(Instant::now());
    let one = |session: Session, meter: MeterNumber| -> Result<CallReport> {
        let request = CallRequest { meter, beat: Duration::from_secs(options.beat) };
        // The speed is a serial port's alone.
        let serial = Serial { speed: 9600, even_parity: true };
        let dial = || options.server.open(serial);
        meters::call(&session, &request, &dial, &Real(pace.0), &|| signals.is_over())
    };
    let reports: Vec<Result<CallReport>> = std::thread::scope(|scope| {
        let began: Vec<_> = options
            .numbers
            .iter()
            .map(|meter| (call.session.clone(), *meter))
            .map(|(session, meter)| scope.spawn(move || one(session, meter)))
            .collect();
        let gone = || Failure::new(Kind::Absent, "the thread of a meter ended").into();
        began.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err(gone()))).collect()
    });
    let (mut logins, mut frames) = (0, 0);
    for report in reports {
        let report = report?;
        logins += report.logins;
        frames += report.port.frames;
    }
    say(format!("ended: {logins} login(s), {frames} frame(s)"));
    signals.end(call);
    Ok(())
}
