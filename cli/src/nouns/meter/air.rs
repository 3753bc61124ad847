//! A line with its physics between a program at this machine's line and meters of the home: what it says goes by light or radio, in the
//! time that takes.

use crate::physics::Physics;
use crate::prelude::*;
use crate::way::eyes;
use ::parties::meters::{Near, PortReport};
use line::served::Served;
use line::{Far, Kind as Line};
use std::time::{Duration, Instant};
use wire::ByteLink;

/// How long a look at this machine's line takes, while a line with its physics is open and while none is.
const LOOK: Duration = Duration::from_millis(10);
const REST: Duration = Duration::from_millis(100);
/// A phone that has nothing more to say puts its end away after so long.
const PUTS_AWAY: Duration = Duration::from_secs(10);

/// What was done.
#[derive(Debug, Clone, Copy, Default)]
pub struct AirReport {
    /// At the meters' ports.
    pub port: PortReport,
    /// Lines that were opened.
    pub opened: u64,
    /// Of them those that could not be, or that went.
    pub lost: u64,
    /// Milliseconds that the lines took.
    pub line_ms: u64,
}

/// Lets meters answer through the air until it is over. A line is opened when a program begins to speak, and put away when it has been
/// silent for a while; one that is lost is opened anew by what is said next.
///
/// # Errors
/// A meter that is not there; this machine's line goes; the capture cannot be written.
pub fn serve(
    call: &Call,
    numbers: &[MeterNumber],
    (kind, physics): (Line, &Physics),
    link: &mut dyn ByteLink,
    is_over: &dyn Fn() -> bool,
) -> Result<AirReport> {
    let mut eyes = eyes(call, numbers)?;
    let done = carry(call, &mut eyes, (kind, physics), link, is_over);
    // What the meters did stands in their cards, whatever became of the lines.
    let mut port = PortReport::default();
    for eye in eyes {
        let PortReport { frames, answered, broken } = eye.close()?;
        port.frames += frames;
        port.answered += answered;
        port.broken += broken;
    }
    Ok(AirReport { port, ..done? })
}

/// Opens a line whenever a program begins to speak.
fn carry(
    call: &Call,
    eyes: &mut [Near<'_>],
    (kind, physics): (Line, &Physics),
    link: &mut dyn ByteLink,
    is_over: &dyn Fn() -> bool,
) -> Result<AirReport> {
    let (mut report, mut buffer) = (AirReport::default(), [0; 512]);
    while !is_over() {
        let length = link.receive(&mut buffer, REST)?;
        let Some(first) = buffer.get(..length).filter(|first| !first.is_empty()) else { continue };
        report.opened += 1;
        let mut setting = physics.setting();
        if report.opened > 1 {
            // The hand and the other phone came once.
            (setting.cut, setting.other) = (None, None);
        }
        let far = eyes.iter_mut().map(|eye| eye as Far<'_>).collect();
        let chance = call.chance(&format!("the line {}", report.opened));
        let held = match kind.open_among(&setting, &physics.phone(), far, chance) {
            Ok(line) => hold(Served::new(line), first, physics, link, is_over, &mut report)?,
            Err(error) => Err(error),
        };
        if let Err(error) = held {
            report.lost += 1;
            say(format!("{}: {error}", kind.name()));
        }
    }
    Ok(report)
}

/// Carries what is said while a line is open. Gives what it was lost by.
fn hold(
    mut line: Served<'_>,
    first: &[u8],
    physics: &Physics,
    link: &mut dyn ByteLink,
    is_over: &dyn Fn() -> bool,
    report: &mut AirReport,
) -> Result<std::result::Result<(), wire::LinkError>> {
    let (begun, mut last) = (Instant::now(), Instant::now());
    let now = || u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
    let (mut buffer, mut lost) = ([0; 512], line.hear(first, 0));
    while lost.is_ok() && !is_over() && last.elapsed() < PUTS_AWAY {
        let length = link.receive(&mut buffer, LOOK)?;
        let heard = buffer.get(..length).unwrap_or_default();
        if !heard.is_empty() {
            last = Instant::now();
            lost = line.hear(heard, now());
            if lost.is_err() {
                break;
            }
        }
        match line.said(now()) {
            Ok(said) if said.is_empty() => {}
            Ok(said) => {
                last = Instant::now();
                // Whoever asked has gone; what the meter did for him is kept.
                link.send(&said)?;
            }
            Err(error) => lost = Err(error),
        }
    }
    report.line_ms += line.spent().ms();
    let capture = line.end().map_err(Trouble::from)?;
    physics.keep(capture)?;
    Ok(lost)
}
