// Buying, page by page: what is wanted, what the server says it would be, what became of it.
"use strict";

import * as buy from "./buy.js";
import { load, mine, open, why } from "./start.js";
import * as store from "./store.js";
import { WAY } from "./talk.js";
import { block, digits, el, facts, figure, form, notice, page, rail, radio, refusal, row, wrong } from "./view.js";
import { fen, inChina, moment, money, t, yuan } from "./words.js";

const QUICK = [5000, 10000, 20000];

function chosen(form, name) {
  return form.querySelector(`[name="${name}"]:checked`)?.value;
}

export async function wanted() {
  const waits = await open();
  if (waits) {
    page({ title: t("buy.h"), tab: "buy" }, notice("warn", t("open.h"), t("open.p", money(waits.amount)), t("open.first")), el("a", { class: "button button-main", href: `#purchase/${waits.id}` }, t("open.go")));
    return;
  }
  const { seen, without } = await load();
  const contract = await mine(seen);
  if (without || !contract) {
    page({ title: t("buy.h"), tab: "buy" }, why(without, seen) ?? notice("warn", t("nometer.h"), t("nometer.p")), el("button", { class: "button", type: "button", id: "again" }, t("off.again")));
    document.querySelector("#again").addEventListener("click", wanted);
    return;
  }
  const another = el("div", { class: "form", hidden: true }, row("account", t("pay.token"), t("pay.token.h"), el("input", { autocomplete: "off", maxlength: "64" })), row("password", t("pay.password"), t("pay.password.h"), el("input", { type: "password", autocomplete: "current-password" })));
  const own = contract.account && radio("from", "own", t("pay.own", contract.account.replace("*", "")), true);
  if (!own) another.hidden = false;
  const amount = el("input", { inputmode: "decimal", autocomplete: "off", required: true, maxlength: "12", "data-unit": t("unit.yuan") });
  const meters = seen.contracts.length > 1 && el("div", { class: "row" }, el("label", { for: "meter" }, t("col.meter")), el("select", { id: "meter", name: "meter" }, seen.contracts.map((one) => el("option", { value: one.meter, selected: one.meter === contract.meter }, one.meter))));
  const sheet = form(
    t("buy.h"),
    async (form, button) => {
      const typed = button?.value || form.amount.value;
      const sum = fen(typed);
      const from = chosen(form, "from") ?? "other";
      const token = from === "own" ? undefined : form.account.value.trim();
      const password = from === "own" ? undefined : form.password.value;
      const bad = [wrong(form, "amount", sum === null && t("bad.amount")), wrong(form, "account", from !== "own" && !/^[!-~]{1,64}$/.test(token) && t("bad.token")), wrong(form, "password", from !== "own" && (password.length < 8 || password.length > 128) && t("bad.password"))];
      if (bad.includes(true)) return null;
      const meter = form.meter?.value ?? contract.meter;
      await store.put("meter", meter);
      const { answer, one } = await buy.offer(meter, sum, WAY.sim, token, password);
      if (answer.status !== "done") return refusal(answer);
      location.hash = `#confirm/${one.id}`;
      return null;
    },
    meters,
    row("amount", t("pay.amount"), t("pay.amount.h"), amount),
    el("button", { class: "button button-main", type: "submit" }, t("go")),
    el("div", { class: "app-amounts", role: "group", "aria-label": t("pay.quick") }, QUICK.map((fen) => el("button", { class: "button", type: "submit", value: yuan(fen) }, yuan(fen)))),
    el("fieldset", { class: "row" }, el("legend", {}, t("pay.from")), own, own && radio("from", "other", t("pay.other"), false), another),
  );
  sheet.addEventListener("change", () => {
    another.hidden = chosen(sheet, "from") === "own";
  });
  page({ title: t("buy.h"), tab: "buy" }, sheet, el("p", { class: "small soft" }, t("pay.for"), " ", digits(contract.meter), contract.customerName ? ` · ${contract.customerName}` : ""));
}

export async function confirm(id) {
  const one = await store.purchase(id);
  if (!one?.offer || one.phase === "told") {
    location.replace(one ? `#purchase/${id}` : "#buy");
    return;
  }
  const { offer } = one;
  const password = buy.wantsPassword(one) && row("password", t("pay.password"), t("pay.password.again"), el("input", { type: "password", autocomplete: "current-password" }));
  const sheet = form(
    t("confirm.h"),
    async (form) => {
      if (password && wrong(form, "password", form.password.value.length < 8 && t("bad.password"))) return null;
      let answer;
      try {
        answer = await buy.confirm(id, password ? form.password.value : undefined);
      } catch (error) {
        // Whether it came to the server nobody knows; the next page says so.
        location.replace(`#purchase/${id}`);
        throw error;
      }
      if (answer.status === "another") return refusal(answer);
      location.replace(`#purchase/${id}`);
      return null;
    },
    el("div", {}, el("p", { class: "small soft" }, t("confirm.pay")), figure(offer.amount)),
    facts([[t("confirm.from"), t("pay.own", offer.account.replace("*", ""))], [t("col.meter"), digits(offer.meter)], [t("col.name"), offer.customerName], [t("col.customer"), digits(offer.customer)], [t("pay.way"), t("way.sim")], [t("bal.h"), "balance" in offer && `${money(offer.balance)}${t("comma")}${moment(offer.moment)}`]]),
    password,
    el("button", { class: "button button-main", type: "submit" }, t("confirm.go", money(offer.amount))),
    el("a", { class: "button button-plain", href: "#buy" }, t("confirm.not")),
  );
  page({ title: t("confirm.h"), back: "#buy", tab: "buy" }, sheet, block(t("then.h"), steps(), el("p", { class: "small soft" }, t("confirm.once"))));
}

const steps = () => el("ol", { class: "flat small" }, [1, 2, 3].map((at) => el("li", {}, t(`sim.${at}`))));

function saved(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  el("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** The order as a file for whoever writes it to the SIM, and the receipt as one: the way where no short message goes. */
function files(one) {
  const told = el("div", { class: "told" });
  const order = el("button", { class: "button", type: "button", id: "record" }, t("file.order"));
  order.addEventListener("click", async () => {
    const text = await buy.record(one.id);
    if (text) saved(`order-${one.id}.sms`, text);
    else told.replaceChildren(notice("warn", t("file.none.h"), t("file.none.p")));
  });
  const pick = el("input", { type: "file", id: "receipt", accept: ".sms,text/plain", class: "unseen" });
  pick.addEventListener("change", async () => {
    const [file] = pick.files;
    const record = file.size <= 4096 ? buy.recordOf(await file.text()) : null;
    pick.value = "";
    if (!record) {
      told.replaceChildren(notice("bad", t("file.bad.h"), t("file.bad.p")));
      return;
    }
    const answer = await buy.receipt(record);
    if (answer.status !== "done") {
      told.replaceChildren(refusal(answer));
      return;
    }
    await purchase(one.id);
  });
  return el("section", { class: "block", "aria-labelledby": "files" }, el("h2", { id: "files" }, t("file.h")), el("p", { class: "small soft" }, t("file.p")), order, el("label", { class: "button", for: "receipt" }, t("file.receipt")), pick, told);
}

export async function purchase(id) {
  let one = await store.purchase(id);
  if (!one) {
    location.replace("#buy");
    return;
  }
  let lost;
  let heard;
  if (one.phase === "confirming" || one.phase === "told") {
    try {
      heard = await buy.look(id);
    } catch (error) {
      lost = error;
    }
    one = await store.purchase(id);
  }
  if (one.phase === "offered" || one.phase === "wanted") {
    location.replace(one.phase === "offered" ? `#confirm/${id}` : "#buy");
    return;
  }
  const again = el("button", { class: "button button-main", type: "button", id: "again" }, t("unknown.again"));
  again.addEventListener("click", () => purchase(id));
  const at = el("p", { class: "small soft" }, moment(inChina(one.at)), " · ", digits(one.meter));
  const sum = el("section", { class: "block", "aria-label": t("confirm.pay") }, figure(one.amount), at, one.phase === "told" && rail(one.told.state));
  const off = lost && notice("off", t("off.h"), t("unknown.off"));
  const shown = [];
  if (one.phase === "no") {
    shown.push(refusal(one.why === "refused" ? { status: "refused" } : { status: "no", why: one.why }), sum, notice("good", t("ended.h"), t("ended.p")), el("a", { class: "button", href: "#buy" }, t("buy.again")));
  } else if (buy.isOpen(one)) {
    const send = el("a", { class: "button", href: `#confirm/${id}` }, t("unknown.send"));
    shown.push(off, notice("warn", t("unknown.h"), t("unknown.p")), sum, again, heard?.status === "under-way" || lost || one.phase === "told" ? null : send);
  } else {
    const { state } = one.told;
    const head = { settled: "good", made: "good", waits: "good", ended: "warn", refused: "bad" }[state];
    shown.push(off, notice(head, t(`told.${state}.h`, money(one.amount)), t(`told.${state}.p`)), sum);
    if (state === "made" || state === "refused") shown.push(block(t("then.h"), steps()), files(one), again);
    if (state === "settled" || state === "ended") shown.push(el("a", { class: "button", href: "#buy" }, t("buy.again")));
  }
  page({ title: t("purchase.h"), back: "#records", tab: "buy" }, shown);
}
