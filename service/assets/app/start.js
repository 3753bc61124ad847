// The first page, and what is asked for it: contracts, balance, purchases. What was heard last is kept and shown without a network.
"use strict";

import * as line from "./line.js";
import * as store from "./store.js";
import { OP } from "./talk.js";
import { badge, block, digits, el, facts, figure, notice, page, price, rail } from "./view.js";
import { inChina, moment, money, t } from "./words.js";

/** Purchases that are asked for at once. */
export const MANY = 20;

/** The contract that is shown: the one that was chosen, or the first. */
export async function mine(seen) {
  const meter = await store.get("meter");
  return seen.contracts.find((one) => one.meter === meter) ?? seen.contracts[0];
}

async function fetched() {
  return line.together(async (ask) => {
    const contracts = await ask(OP.contracts);
    if (contracts.status !== "done") return contracts;
    const seen = { at: Date.now(), contracts: contracts.said };
    const chosen = await mine(seen);
    if (chosen) {
      const balance = await ask(OP.balance, { meter: chosen.meter });
      if (balance.status === "done") seen.balance = balance.said;
    }
    const records = await ask(OP.records, { many: MANY });
    if (records.status === "done") seen.records = records.said;
    return { status: "done", said: seen };
  });
}

/** What the server says now, or what it said last. `without`: why it is not what it says now. */
export async function load() {
  let without;
  try {
    const answer = await fetched();
    if (answer.status === "done") {
      await store.put("seen", answer.said);
      return { seen: answer.said };
    }
    without = answer.status;
  } catch (error) {
    if (error instanceof line.Offline) without = "offline";
    else if (error instanceof line.Silence) without = "silence";
    else throw error;
  }
  return { seen: (await store.get("seen")) ?? { contracts: [], records: [] }, without };
}

/** Why it is not what the server says now, and what to do. */
export function why(without, seen) {
  if (!without) return null;
  const at = seen.at ? t("off.kept", moment(inChina(seen.at))) : t("off.nothing");
  if (without === "offline") return notice("off", t("off.h"), at, t("off.meter"));
  if (without === "later") return notice("warn", t("later.h"), t("later.p"), at);
  return notice("bad", t(`${without}.h`), t(`${without}.p`));
}

function balance(seen, chosen, is_offline) {
  const said = seen.balance?.meter === chosen?.meter ? seen.balance : null;
  const known = said && "balance" in said;
  return el(
    "section",
    { class: "block", "aria-labelledby": "balance" },
    el("h2", { id: "balance", class: "small soft" }, t("bal.h")),
    known ? figure(said.balance) : el("p", { class: "strong" }, t("bal.none")),
    el("p", { class: "small soft" }, known ? t("bal.at", moment(said.moment)) : t("bal.none.p")),
    is_offline ? [el("button", { class: "button", type: "button", disabled: true }, t("off.buy")), el("button", { class: "button button-plain", type: "button", id: "again" }, t("off.again"))] : el("a", { class: "button button-main", href: "#buy" }, t("buy.h")),
  );
}

function last(seen, chosen) {
  const one = (seen.records ?? []).find((record) => record.meter === chosen?.meter);
  if (!one) return block(t("last.h"), el("p", { class: "soft" }, t("rec.none")));
  return el("section", { class: "block", "aria-labelledby": "last" }, el("header", {}, el("h2", { id: "last" }, t("last.h")), price(one.amount)), el("p", { class: "small soft" }, moment(one.moment)), rail(one.state) ?? el("p", {}, badge(one.state)));
}

/** What this phone does not know the end of yet. */
export async function open() {
  return (await store.purchases()).find((one) => one.phase === "confirming" || (one.phase === "told" && one.told.state === "asked"));
}

export async function start() {
  const { seen, without } = await load();
  const chosen = await mine(seen);
  const waits = await open();
  page(
    { title: t("start.h"), tab: "start" },
    why(without, seen),
    waits && notice("warn", t("open.h"), t("open.p", money(waits.amount)), el("a", { href: `#purchase/${waits.id}` }, t("open.go"))),
    without === "silence" || without === "refused" ? el("a", { class: "button", href: "#settings" }, t("silence.go")) : null,
    chosen && balance(seen, chosen, Boolean(without)),
    chosen && last(seen, chosen),
    chosen && block(t("meter.h"), facts([[t("col.meter"), digits(chosen.meter)], [t("col.name"), chosen.customerName], [t("col.bill"), chosen.bill], [t("col.account"), chosen.account?.replace("*", "")]])),
    !chosen && !without && notice("warn", t("nometer.h"), t("nometer.p")),
  );
  document.querySelector("#again")?.addEventListener("click", start);
}

export async function records(before = []) {
  const { seen, without } = before.length ? { seen: { records: before } } : await load();
  const all = seen.records ?? [];
  const own = new Map((await store.purchases()).filter((one) => one.told?.order).map((one) => [String(one.told.order), one.id]));
  const row = (one) => {
    const id = own.get(String(one.order));
    const sum = id ? el("a", { class: "strong", href: `#purchase/${id}` }, money(one.amount)) : el("span", { class: "strong" }, money(one.amount));
    return el("li", {}, sum, badge(one.state), el("span", { class: "soft" }, moment(one.moment)), el("span", { class: "soft" }, digits(one.meter)));
  };
  const total = (...states) => all.filter((one) => states.includes(one.state)).reduce((sum, one) => sum + one.amount, 0);
  const [credited, way] = [total("settled"), total("made", "waits", "refused", "asked")];
  const line_of = (name, fen) => el("div", {}, el("dt", {}, name), el("dd", {}, money(fen)));
  const more = all.length > 0 && all.length % MANY === 0 && !without && el("button", { class: "button", type: "button", id: "more" }, t("rec.more"));
  page(
    { title: t("rec.h"), tab: "records" },
    why(without, seen),
    all.length
      ? [el("section", { class: "block", "aria-labelledby": "r1" }, el("header", {}, el("h2", { id: "r1" }, t("rec.list")), el("span", { class: "soft small" }, t("rec.newest"))), el("ol", { class: "records" }, all.map(row)), more), block(t("rec.sum"), el("dl", { class: "sum" }, line_of(t("rec.credited"), credited), line_of(t("rec.way"), way), el("div", { class: "total" }, el("dt", {}, t("rec.total")), el("dd", {}, money(credited + way)))))]
      : block(t("rec.list"), el("p", { class: "soft" }, t("rec.none"))),
  );
  document.querySelector("#more")?.addEventListener("click", async (event) => {
    event.target.disabled = true;
    const next = await line.once(OP.records, { many: MANY, order: all.at(-1).order });
    await records([...all, ...(next.status === "done" ? next.said : [])]);
  });
}
