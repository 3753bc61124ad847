// Buying: offer, confirmation, and what became of it. A purchase has its name before anything is sent, and is kept under it
// [docs/specs/client.md 5].
"use strict";

import { fromHex, toHex } from "./bytes.js";
import * as line from "./line.js";
import * as store from "./store.js";
import { OP } from "./talk.js";

/** Passwords of purchases that are not confirmed: in memory, as long as the page is there. */
const passwords = new Map();

/** What a purchase is asked for as. */
function wanted(one) {
  const password = one.account === undefined ? undefined : passwords.get(one.id);
  return { purchase: fromHex(one.id), meter: one.meter, amount: one.amount, way: one.way, account: one.account, password };
}

/** Whether an offer is of what was asked for: what the server says is what a person confirms. */
function fits(one, offer) {
  return toHex(offer.purchase) === one.id && offer.meter === one.meter && offer.amount === one.amount && offer.way === one.way;
}

async function offered(ask, one) {
  const answer = await ask(OP.offer, wanted(one));
  if (answer.status === "done" && !fits(one, answer.said)) return { status: "not-understood" };
  return answer;
}

/** Whether a purchase is neither bought nor not bought, as far as this phone knows. */
export const isOpen = (one) => one.phase === "confirming" || (one.phase === "told" && one.told.state === "asked");

/** Asks what a purchase would be. Gives the answer, and the purchase. */
export async function offer(meter, amount, way, account, password) {
  const id = toHex(crypto.getRandomValues(new Uint8Array(8)));
  const one = { id, meter, amount, way, account, phase: "wanted", at: Date.now() };
  if (password) passwords.set(id, password);
  await store.keepPurchase(one);
  const answer = await line.together((ask) => offered(ask, one));
  if (answer.status === "done") await store.keepPurchase(Object.assign(one, { phase: "offered", offer: answer.said }));
  return { answer, one };
}

/** Whether a purchase wants its password typed again: it is kept nowhere. */
export const wantsPassword = (one) => one.account !== undefined && !passwords.has(one.id);

/** Confirms a purchase, again if need be: it is the same one for ever. Another open purchase of this phone keeps it from being sent. */
export async function confirm(id, password) {
  if (password) passwords.set(id, password);
  return line.together(async (ask) => {
    const all = await store.purchases();
    if (all.some((other) => other.id !== id && isOpen(other))) return { status: "another" };
    const one = all.find((one) => one.id === id);
    await store.keepPurchase(Object.assign(one, { phase: "confirming" }));
    let answer = await ask(OP.confirm, { purchase: fromHex(id), amount: one.offer.amount });
    if (answer.status === "no-offer") {
      const anew = await offered(ask, one);
      answer = anew.status === "done" ? await ask(OP.confirm, { purchase: fromHex(id), amount: one.offer.amount }) : anew;
    }
    return told(one, answer);
  });
}

/** Keeps what an answer says of a purchase. */
async function told(one, answer) {
  if (answer.status === "done" && answer.said.state !== "offered") {
    passwords.delete(one.id);
    await store.keepPurchase(Object.assign(one, { phase: "told", told: answer.said, why: undefined }));
  } else if (answer.status === "no" || answer.status === "refused") {
    await store.keepPurchase(Object.assign(one, { phase: "no", why: answer.why ?? "refused" }));
  } else if (answer.status === "no-offer") {
    // It never came to the server.
    await store.keepPurchase(Object.assign(one, { phase: "offered" }));
  }
  return answer;
}

/** Asks where a purchase stands. */
export async function look(id) {
  return line.together(async (ask) => {
    const one = await store.purchase(id);
    const answer = await ask(OP.state, { purchase: fromHex(id) });
    return answer.status === "done" || answer.status === "no-offer" ? told(one, answer) : answer;
  });
}

/** The record of a purchase, as a file for whatever brings it to the meter [docs/specs/books.md 8]; null where there is none yet. */
export async function record(id) {
  const answer = await line.once(OP.fetch, { purchase: fromHex(id) });
  if (answer.status !== "done") return null;
  const { record: bytes, iccid, binding, imsi } = answer.said;
  const notes = { iccid, binding: binding && toHex(binding).toUpperCase(), imsi };
  const lines = Object.entries(notes).filter(([, value]) => value !== undefined);
  return [toHex(bytes).toUpperCase(), ...lines.map(([name, value]) => `${name} ${value}`)].map((line) => `${line}\n`).join("");
}

/** The record that a file holds; null where it holds none. */
export function recordOf(text) {
  const bytes = fromHex(text.split(/\r?\n/)[0].trim());
  return bytes && (bytes.length === 176 || bytes.length === 352) ? bytes : null;
}

/** Brings a receipt. */
export const receipt = (record) => line.once(OP.receipt, { record });
