//! The bank's security modules in the books: what each sealed, in its sequence, and whether its own chain says the same.

use crate::chain::{self, Chain, Compared};
use crate::engine::{About, Now, Question, Row, params};
use crate::error::StoreError;
use crate::finding::{Finding, FindingKind, Found};
use crate::order::PlacedOrder;
use crate::rows::{bytes, column};
use crate::store::{Transaction, View};
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::order::{Order, OrderId};

/// What comparing a module's chain with the books found out, before anything is sealed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reconciled {
    /// Interrupted orders it turned out to have sealed: to be resumed.
    pub sealed: Vec<OrderId>,
    /// Interrupted orders it turned out not to have sealed: they may be resumed or voided.
    pub unsealed: Vec<OrderId>,
    /// What is not as it should be.
    pub finding: Option<Finding>,
}

/// A module's row.
struct Module {
    base: Chain,
    chain: Chain,
    epoch: i64,
    adopt: bool,
}

/// The row of a module.
pub(crate) fn module_of(psam: &str) -> Question {
    Question::new("SELECT * FROM psam WHERE number = ?1", params![psam]).about(About::Module(psam.to_owned()))
}

/// The order that a module sealed last in its epoch.
pub(crate) fn last_seal_of(psam: &str) -> Question {
    Question::new(
        "SELECT order_id FROM seal WHERE psam = ?1 AND epoch = (SELECT epoch FROM psam WHERE number = ?1) \
         ORDER BY sequence DESC LIMIT 1",
        params![psam],
    )
    .about(About::Module(psam.to_owned()))
}

fn module(row: &Row<'_>) -> Result<Module, StoreError> {
    let chain = |count: &str, value: &str, head: &'static str| -> Result<Chain, StoreError> {
        Ok(Chain {
            count: column(row, count)?,
            value: u64::try_from(column::<i64>(row, value)?).unwrap_or_default(),
            before: [0; 32],
            head: bytes(row, head)?,
        })
    };
    Ok(Module {
        base: chain("base_count", "base_value", "base_head")?,
        chain: chain("count", "value", "head")?,
        epoch: column(row, "epoch")?,
        adopt: column(row, "adopt")?,
    })
}

impl View<'_> {
    fn module(&self, psam: &str) -> Result<Option<Module>, StoreError> {
        self.conn.answer(&module_of(psam), module)
    }

    /// Numbers of the modules that sealed for this bank.
    pub fn modules(&self) -> Result<Vec<String>, StoreError> {
        self.conn.all("SELECT number FROM psam ORDER BY number", params![], |row| column(row, "number"))
    }

    /// Where a module's chain stands by these books.
    pub fn chain_of(&self, psam: &str) -> Result<Option<Chain>, StoreError> {
        Ok(self.module(psam)?.map(|module| module.chain))
    }

    /// Orders a module had sealed where these books begin.
    pub(crate) fn books_begin(&self, psam: &str) -> Result<Option<u32>, StoreError> {
        Ok(self.module(psam)?.map(|module| module.base.count))
    }

    /// The order that a module sealed last in its epoch, as far as these books know.
    fn last_sealed(&self, psam: &str) -> Result<Option<OrderId>, StoreError> {
        self.conn.answer(&last_seal_of(psam), |row| bytes(row, "order_id").map(OrderId))
    }

    /// What a module sealed since these books begin, in its sequence.
    pub(crate) fn seals(&self, psam: &str) -> Result<Vec<(u32, OrderId)>, StoreError> {
        self.conn.all(
            "SELECT sequence, order_id FROM seal JOIN psam ON psam.number = seal.psam \
             AND psam.epoch = seal.epoch WHERE psam.number = ?1 ORDER BY sequence",
            params![psam],
            |row| Ok((column(row, "sequence")?, OrderId(bytes(row, "order_id")?))),
        )
    }

    /// Recomputes a module's chain from the orders as they stand here, from its beginning. Names what does not fit.
    pub fn recompute(&self, psam: &str) -> Result<Option<String>, StoreError> {
        let Some(module) = self.module(psam)? else { return Ok(None) };
        let mut chain = module.base;
        for (sequence, id) in self.seals(psam)? {
            if sequence != chain.count.saturating_add(1) {
                return Ok(Some(format!(
                    "PSAM {psam}: its order {} is missing here; the next one kept is {sequence}",
                    chain.count.saturating_add(1)
                )));
            }
            let Some(placed) = self.order(id)? else {
                return Ok(Some(format!("PSAM {psam}: order {id}, its {sequence}., was deleted here")));
            };
            chain = chain.next(&placed.order.to_bytes(), placed.order.amount);
        }
        let same = (chain.count, chain.value, chain.head)
            == (module.chain.count, module.chain.value, module.chain.head);
        Ok((!same).then(|| {
            format!(
                "PSAM {psam}: the orders as they stand here do not make the chain of its {} sealed order(s): one was changed \
                 or taken out",
                module.chain.count
            )
        }))
    }
}

impl Transaction<'_> {
    /// Compares a module's chain with the books before it is worked with.
    ///
    /// What it was asked for before an interruption is known afterwards: sealed, or not. What fits neither is a finding,
    /// and nothing is sealed through this module until two people have cleared it.
    pub fn reconcile(&self, psam: &str, card: &Chain, now: Moment) -> Result<Reconciled, StoreError> {
        let Some(known) = self.module(psam)? else {
            self.adopt_chain(psam, card, 1)?;
            let used = card.count > 0;
            let detail = format!("PSAM {psam} had sealed {} order(s) before it came here", card.count);
            let finding =
                if used { Some(self.about(psam, FindingKind::UsedBefore, &detail, now)?) } else { None };
            return Ok(Reconciled { finding, ..Reconciled::default() });
        };
        if known.adopt {
            self.adopt_chain(psam, card, known.epoch + 1)?;
            return Ok(Reconciled::default());
        }
        let open = self.open_asks(psam)?;
        let asked: Vec<(Vec<u8>, Fen)> =
            open.iter().map(|placed| (placed.order.to_bytes(), placed.order.amount)).collect();
        let last = match self.last_sealed(psam)? {
            Some(id) => self.order(id)?.map(|placed| placed.order.to_bytes()),
            None => None,
        };
        match chain::compare(&known.chain, card, last.as_deref(), &asked) {
            Compared::Same => self.answered(psam, &open, &[]),
            Compared::More(places) => self.answered(psam, &open, &places),
            Compared::Differ(words) => {
                let finding = match self.stopped(psam)? {
                    Some(known) => known,
                    None => self.about(psam, FindingKind::Chain, &words, now)?,
                };
                Ok(Reconciled { finding: Some(finding), ..Reconciled::default() })
            }
        }
    }

    /// Writes down a chain that does not fit, found by looking through the rows.
    pub fn chain_finding(&self, psam: &str, words: &str, now: Moment) -> Result<Finding, StoreError> {
        match self.stopped(psam)? {
            Some(known) => Ok(known),
            None => self.about(psam, FindingKind::Chain, words, now),
        }
    }

    fn about(&self, psam: &str, kind: FindingKind, detail: &str, at: Moment) -> Result<Finding, StoreError> {
        self.write_finding(&Found {
            kind,
            meter: None,
            psam: Some(psam),
            order: None,
            at,
            detail,
            kept: None,
        })
    }

    /// Every open asking has its answer: those at these places were sealed, in this sequence, the others were not.
    fn answered(&self, psam: &str, open: &[PlacedOrder], sealed: &[usize]) -> Result<Reconciled, StoreError> {
        let mut found = Reconciled::default();
        for placed in sealed.iter().filter_map(|at| open.get(*at)) {
            self.note_seal(psam, &placed.order)?;
            found.sealed.push(placed.order.id);
        }
        for placed in open {
            self.forget_asking(psam, placed.order.id, Some(&placed.order))?;
            if !self.order(placed.order.id)?.is_some_and(|now| now.may_be_sealed()) {
                found.unsealed.push(placed.order.id);
            }
        }
        Ok(found)
    }

    /// The module has sealed an order; the same one again does not count twice.
    pub(crate) fn note_seal(&self, psam: &str, order: &Order) -> Result<(), StoreError> {
        let known = match self.module(psam)? {
            Some(known) => known,
            None => {
                self.adopt_chain(psam, &Chain::EMPTY, 1)?;
                Module { base: Chain::EMPTY, chain: Chain::EMPTY, epoch: 1, adopt: false }
            }
        };
        if self.last_sealed(psam)? == Some(order.id) {
            return Ok(());
        }
        let next = known.chain.next(&order.to_bytes(), order.amount);
        let module = || About::Module(psam.to_owned());
        // What stands there then is known.
        let now = || {
            let chain = Now::same(module_of(psam)).but("count", next.count).but("value", fen(next.value));
            [chain.but("head", next.head), Now::same(last_seal_of(psam)).but("order_id", order.id.0)]
        };
        self.conn.writing(now, || {
            self.conn.write_of(
                || [module(), About::Meter(order.meter), About::Order(order.id)],
                "INSERT INTO seal (psam, epoch, sequence, order_id) VALUES (?1, ?2, ?3, ?4)",
                params![psam, known.epoch, next.count, order.id.0],
            )?;
            self.conn.write_of(
                || [module()],
                "UPDATE psam SET count = ?2, value = ?3, head = ?4 WHERE number = ?1",
                params![psam, next.count, fen(next.value), next.head],
            )
        })
    }

    fn adopt_chain(&self, psam: &str, chain: &Chain, epoch: i64) -> Result<(), StoreError> {
        self.conn.write(
            "INSERT INTO psam (number, base_count, base_value, base_head, count, value, head, epoch) \
             VALUES (?1, ?2, ?3, ?4, ?2, ?3, ?4, ?5) \
             ON CONFLICT (number) DO UPDATE SET base_count = excluded.base_count, base_value = \
             excluded.base_value, base_head = excluded.base_head, count = excluded.count, value = \
             excluded.value, head = excluded.head, epoch = excluded.epoch, adopt = 0",
            params![psam, chain.count, fen(chain.value), chain.head, epoch],
        )?;
        Ok(())
    }

    /// Two people have cleared a chain that did not fit: the next session takes the module's own as the beginning.
    pub(crate) fn forget_chain(&self, psam: &str) -> Result<(), StoreError> {
        self.conn.write("UPDATE psam SET adopt = 1 WHERE number = ?1", params![psam])?;
        Ok(())
    }
}

fn fen(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
