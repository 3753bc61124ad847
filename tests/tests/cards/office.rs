//! A formal province with one city, and a test issuing office beside it: what an ESAM's life needs.

use crate::world::{blank, issue, number, open, plan, plan_of, region};
use issue::keyset::Roots;
use issue::life::{self, Leave, LifeChange, Passage, Planned, Seen};
use issue::source::{CardSource, KeySource, SoftSource};
use kdc::ceremony::{Ceremony, Component};
use keys::{Role, Suite, Zeroizing};
use reader::driver::fmcos::Fmcos;
use scheme::numbers::{CheckValue, DeviceNumber};
use scheme::profile::{CardKind, ESAM_KEYS, State};
use vcard::Slot;

/// Formal roots of a ceremony whose components everybody can read here.
pub fn formal_roots(suite: Suite) -> Roots {
    let mut ceremony = Ceremony::new(suite, 2).unwrap();
    for n in 1..=2_u8 {
        let bytes = Zeroizing::new(core::array::from_fn(|i| n.wrapping_mul(37).wrapping_add(i as u8 * 11)));
        let component = Component::from_entropy(suite, bytes).unwrap();
        ceremony
            .add_component(n, component.written().as_str(), &component.check_value().to_string())
            .unwrap();
    }
    ceremony.finish("2026-01-05 09:00:00").unwrap().roots
}

/// The main control card of [`formal_roots`].
pub fn formal_main(suite: Suite) -> Slot {
    let mut main = blank(CardKind::MainControl, suite, "formal main");
    let special =
        |request| issue::plan::Request { state: State::Formal, region: scheme::numbers::PROVINCE, ..request };
    let plan = plan_of(CardKind::MainControl, suite, number(9), special);
    issue(&plan, &mut main, &mut SoftSource::province(formal_roots(suite)));
    main
}

/// ESAM issuing cards: of the test hierarchy, and formal ones of versions 1, 2 and 3, each reaching the one before.
pub struct Office {
    pub suite: Suite,
    pub roots: Roots,
    pub test: Slot,
    pub formal: [Slot; 3],
}

impl Office {
    pub fn new(suite: Suite) -> Self {
        let roots = formal_roots(suite);
        let mut main = formal_main(suite);
        let formal_state = |request| issue::plan::Request { state: State::Formal, ..request };
        let kind = CardKind::EsamIssuing;
        let formal = [1, 2, 3].map(|version| {
            let mut card = blank(kind, suite, &format!("formal issuing {version}"));
            let special = |request| issue::plan::Request { version, ..formal_state(request) };
            let plan = plan_of(kind, suite, number(10 + u32::from(version)), special);
            issue(&plan, &mut card, &mut open(&mut main, CardKind::MainControl));
            card
        });
        let mut test = blank(kind, suite, "test issuing");
        issue(&plan(kind, suite, number(10), None), &mut test, &mut SoftSource::province(Roots::test(suite)));
        Office { suite, roots, test, formal }
    }

    /// An ESAM in test state, as the meter's maker gets it.
    pub fn esam(&mut self, number: DeviceNumber) -> Slot {
        let mut esam = blank(CardKind::Esam, self.suite, &format!("life {number}"));
        let plan = plan(CardKind::Esam, self.suite, number, None);
        issue(&plan, &mut esam, &mut open(&mut self.test, CardKind::EsamIssuing));
        esam
    }

    /// The issuing card an act needs: of a version, or of the test hierarchy.
    pub fn source(&mut self, version: Option<u8>) -> CardSource<'_> {
        let card = match version {
            Some(version) => &mut self.formal[usize::from(version) - 1],
            None => &mut self.test,
        };
        open(card, CardKind::EsamIssuing)
    }

    /// Does an act that must be due.
    pub fn pass(&mut self, esam: &mut Slot, act: LifeChange, version: Option<u8>, leave: Leave) {
        let mut source = self.source(version);
        let seen = life::look(esam).unwrap();
        let Planned::Due(passage) = Passage::plan(act, &seen, &source.about(), leave).unwrap() else {
            panic!("{act:?} was done before");
        };
        passage.run(esam, &mut source).unwrap();
    }

    /// Check values a device has in a state and version.
    pub fn check_values(&self, state: State, version: u8, number: DeviceNumber) -> Vec<CheckValue> {
        let roots = if state == State::Formal { self.roots.clone() } else { Roots::test(self.suite) };
        let city = roots.city_of_version(region(), version);
        let roles = ESAM_KEYS.iter().filter_map(|row| Role::from_code(row.role));
        roles.map(|role| CheckValue(city.meter(role, number).kcv())).collect()
    }
}

/// State, version and check values of an ESAM as anybody sees them.
pub fn shown(esam: &mut Slot) -> (Seen, Vec<CheckValue>) {
    let seen = life::look(esam).unwrap();
    let mut fmcos = Fmcos::new(esam);
    let rows = ESAM_KEYS.iter().filter(|row| row.role != 0);
    let keys = rows.filter_map(|row| fmcos.key_information(row.kind, row.id).ok());
    (seen, keys.map(|key| CheckValue(key.kcv)).collect())
}
