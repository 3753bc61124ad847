//! An order that is out while its ESAM gets other keys, or is retired: what was paid is what was credited, or moves to where it is.

use super::super::board::{PROTOCOLS as PROOF, Row};
use super::counts::{PAID, Scene, refusal, told};
use keys::Suite;
use parties::trouble::{Context, Result};
use scheme::money::Fen;
use scheme::refusal::Refusal;
use scheme::signing::Mode;
use server::{Anew, Settlement};

use crate::bare::Seed;

/// Both.
pub fn rows(suite: Suite, seed: Seed) -> Result<Vec<Row>> {
    Ok(vec![other_keys(suite, seed)?, retired(suite, seed)?])
}

/// The keys change while A is out; the PSAM of the version before makes nothing new, and opens what was made under its keys.
fn other_keys(suite: Suite, seed: Seed) -> Result<Row> {
    let mut row = Row::new(PROOF, "an order out while its ESAM gets other keys");
    for credited_before in [true, false] {
        let mut scene = Scene::new(suite, seed)?;
        let a = scene.a.clone();
        // The receipt gets lost on its way; the ESAM keeps it.
        if credited_before && scene.insert(&a)?.is_none() {
            row.went_through("a genuine order is not credited");
        }
        scene.city.give_next_psam(&mut scene.bank)?;
        scene.city.change_keys(&mut scene.site)?;
        scene.bank.tell(std::slice::from_ref(&scene.site))?;
        match scene.bank.anew(&scene.site, Anew::KeyChange) {
            Err(error) if error.code() == "psam-keys" => {
                row.stopped("the books compare keys before a PSAM is asked")
            }
            Err(error) => row.went_through(format!("the PSAM of the version before: {error}")),
            Ok(_) => row.went_through("the PSAM of the version before seals for keys that it has not"),
        }
        scene.bank.next_psam();
        let b = scene.bank.anew(&scene.site, Anew::KeyChange)?;
        if (b.order.count, b.order.amount) == (a.order.count, PAID) {
            row.stopped("count and life stay");
        } else {
            row.went_through(format!("the order made anew: {:?}", b.order));
        }
        if !credited_before {
            scene.site.deliver(&a.record)?;
            match refusal(&mut scene.site, scene.bank.now) {
                Some(Refusal::Mac) => row.stopped("the keys of before are gone"),
                other => row.went_through(format!("an order under the keys of before: {other:?}")),
            }
            scene.site.make_room()?;
        }
        let receipt = scene.insert(&b)?.context("a receipt")?;
        // Credited before, the receipt that comes now is the one of before, under the keys of before.
        if credited_before {
            match scene.bank.settle(&scene.site, &receipt) {
                Err(_) => row.stopped("each receipt is opened by the keys it was made under"),
                Ok(settled) => row.went_through(format!("the other version settles it: {settled:?}")),
            }
            scene.bank.next_psam();
        }
        match scene.bank.settle(&scene.site, &receipt)? {
            Settlement::Settled(settled)
                if settled.order == if credited_before { a.order.id } else { b.order.id } =>
            {
                row.stopped("the receipt names the order it is of");
            }
            other => row.went_through(format!("its receipt: {other:?}")),
        }
        told(&mut row, "keys changed", "one count, one credit", scene.wrong(0)?);
    }
    Ok(row)
}

/// The ESAM is retired while A is out. Nothing more is sold for it, and it credits nothing; what it had credited settles, what not moves to the
/// chip in its place.
fn retired(suite: Suite, seed: Seed) -> Result<Row> {
    let mut row = Row::new(PROOF, "an order out while its ESAM is retired");
    for credited_before in [true, false] {
        let mut scene = Scene::new(suite, seed)?;
        let a = scene.a.clone();
        let receipt = if credited_before { scene.insert(&a)? } else { None };
        let credited = i64::from(scene.site.purse()?.total_credited.0);
        scene.city.retire(&mut scene.site)?;
        scene.bank.tell(std::slice::from_ref(&scene.site))?;
        match scene.bank.buy(&scene.site, Fen(7_00)) {
            Err(_) => row.stopped("nothing is sold for a chip that is retired"),
            Ok(order) => row.went_through(format!("sold: {:?}", order.order)),
        }
        if let Some(receipt) = receipt {
            scene.bank.settle(&scene.site, &receipt)?;
            told(&mut row, "credited before", "its receipt settles all the same", scene.ended(credited, 0)?);
            continue;
        }
        if scene.insert(&a)?.is_none() {
            row.stopped("a retired chip credits nothing");
        } else {
            row.went_through("a retired chip credits");
        }
        let twin = scene.city.site_with(0, Mode::Symmetric, "in its place")?;
        scene.bank.tell(std::slice::from_ref(&twin))?;
        let moved = scene.bank.anew(&scene.site, Anew::ChipReplaced)?;
        scene.site = twin;
        let receipt = scene.insert(&moved)?.context("a receipt")?;
        scene.bank.settle(&scene.site, &receipt)?;
        let now = i64::from(scene.site.purse()?.total_credited.0);
        told(
            &mut row,
            "moved",
            "what was paid moves to the chip in its place",
            scene.ended(credited + now, 0)?,
        );
    }
    Ok(row)
}
