// Requests and answers inside a session [docs/specs/client.md 5].
"use strict";

import { big, fromUtf8, join, number, toHex, utf8 } from "./bytes.js";

/** Bytes that are no answer of this version. */
export class TalkError extends Error {}

export const OP = { enrol: 1, contracts: 2, offer: 3, confirm: 4, state: 5, records: 6, balance: 7, fetch: 8, pipe: 9, receipt: 10, forget: 11 };
export const STATUS = ["done", "refused", "under-way", "not-understood", "no-offer", "no", "later"];
export const STATE = [null, "offered", "asked", "made", "waits", "settled", "ended", "refused"];
export const WAY = { sim: 1, online: 2, file: 3 };

const digits = (length) => ({
  write: (value) => Uint8Array.from(value.match(/../g), (pair) => parseInt(pair, 16)),
  read(bytes) {
    const text = toHex(bytes);
    must(bytes.length === length && /^[0-9]*$/.test(text));
    return text;
  },
});
const words = (least, most) => ({
  write: utf8,
  read(bytes) {
    must(bytes.length >= least && bytes.length <= most);
    let text;
    try {
      text = fromUtf8(bytes);
    } catch {
      throw new TalkError("text that is no UTF-8");
    }
    must(!/\p{Cc}/u.test(text));
    return text;
  },
});
const whole = (length) => ({
  write: (value) => number(value, length),
  read(bytes) {
    must(bytes.length === length);
    return Number(big(bytes));
  },
});
const raw = (...lengths) => ({
  write: (value) => value,
  read(bytes) {
    must(lengths.length === 0 ? bytes.length >= 1 && bytes.length <= 255 : lengths.includes(bytes.length));
    return bytes;
  },
});

/** All objects: their tags, their names here, their forms. */
const OBJECTS = {
  customer: [0x80, digits(6)],
  msisdn: [0x81, words(1, 16)],
  imsi: [0x82, words(15, 15)],
  imei: [0x83, words(15, 15)],
  user: [0x84, words(1, 64)],
  password: [0x85, words(8, 128)],
  meter: [0x86, digits(6)],
  bill: [0x87, words(1, 32)],
  account: [0x88, words(1, 64)],
  amount: [0x89, whole(4)],
  way: [0x8a, whole(1)],
  purchase: [0x8b, raw(8)],
  moment: [0x8c, digits(7)],
  state: [0x8d, whole(1)],
  order: [0x8e, raw(8)],
  why: [0x8f, words(1, 64)],
  psk: [0x90, raw(32)],
  name: [0x91, raw(8)],
  many: [0x92, whole(1)],
  balance: [0x93, whole(4)],
  count: [0x94, whole(4)],
  record: [0x95, raw(176, 352)],
  message: [0x96, raw()],
  customerName: [0x97, words(1, 64)],
  credited: [0x98, whole(4)],
  refusal: [0x99, whole(1)],
  iccid: [0x9a, words(1, 64)],
  binding: [0x9b, raw(8)],
};
const NAMES = new Map(Object.entries(OBJECTS).map(([name, [tag]]) => [tag, name]));
const CONTRACT = 0xa0;
const SOLD = 0xa1;

function must(truth) {
  if (!truth) throw new TalkError("the answer has not its form");
}

function object(tag, value) {
  const length = value.length < 0x80 ? [value.length] : value.length < 0x100 ? [0x81, value.length] : [0x82, value.length >> 8, value.length & 0xff];
  return join(Uint8Array.of(tag, ...length), value);
}

/** The objects of some bytes: pairs of tag and value, lengths as short as they can be. */
function* objects(bytes) {
  let at = 0;
  while (at < bytes.length) {
    const tag = bytes[at];
    let [length, from] = [bytes[at + 1], at + 2];
    if (length === 0x81) [length, from] = [bytes[at + 2] >= 0x80 ? bytes[at + 2] : NaN, at + 3];
    else if (length === 0x82) {
      const long = bytes[at + 2] * 0x100 + bytes[at + 3];
      [length, from] = [long >= 0x100 ? long : NaN, at + 4];
    } else if (length >= 0x80) length = NaN;
    must(from + length <= bytes.length);
    at = from + length;
    yield [tag, bytes.slice(from, at)];
  }
}

/** What stands in some objects, each once, and only those that may: `needs` have to be there, `may` can. */
function read(bytes, needs, may = []) {
  const out = {};
  for (const [tag, value] of objects(bytes)) {
    const name = NAMES.get(tag);
    must(name && (needs.includes(name) || may.includes(name)) && !(name in out));
    out[name] = OBJECTS[name][1].read(value);
  }
  must(needs.every((name) => name in out));
  if ("state" in out) {
    out.state = STATE[out.state];
    must(out.state);
  }
  return out;
}

function list(bytes, wanted, needs, may) {
  return [...objects(bytes)].map(([tag, value]) => {
    must(tag === wanted);
    return read(value, needs, may);
  });
}

/** What a meter said last: all three, or none. */
function reported(said) {
  const there = ["balance", "count", "moment"].filter((name) => name in said).length;
  must(there === 0 || there === 3);
  return said;
}

const REPORTED = ["balance", "count", "moment"];
const PURCHASE = (bytes) => read(bytes, ["purchase", "state", "amount"], ["order", "message", "credited", "refusal"]);

/** How the answer to each request is read. */
const ANSWERS = {
  [OP.enrol]: (bytes) => read(bytes, ["customer", "psk", "name"]),
  [OP.contracts]: (bytes) => list(bytes, CONTRACT, ["meter", "msisdn"], ["bill", "customerName", "account"]),
  [OP.offer]: (bytes) => reported(read(bytes, ["purchase", "customer", "meter", "amount", "way", "account", "state"], ["customerName", ...REPORTED])),
  [OP.confirm]: PURCHASE,
  [OP.state]: PURCHASE,
  [OP.pipe]: PURCHASE,
  [OP.records]: (bytes) => list(bytes, SOLD, ["order", "meter", "amount", "state", "moment"], ["credited"]),
  [OP.balance]: (bytes) => reported(read(bytes, ["meter"], REPORTED)),
  [OP.fetch]: (bytes) => read(bytes, ["purchase", "order", "record"], ["iccid", "binding", "imsi"]),
  [OP.receipt]: (bytes) => read(bytes, ["state", "order", "amount"]),
  [OP.forget]: (bytes) => read(bytes, []),
};

/** The plain text of a request: its number, what it is, its objects in the order in which they stand in `said`; what is undefined is left out. */
export function request(count, op, said = {}) {
  const parts = Object.entries(said).filter(([, value]) => value !== undefined);
  return join(number(count, 4), Uint8Array.of(op), ...parts.map(([name, value]) => object(OBJECTS[name][0], OBJECTS[name][1].write(value))));
}

/** The number of the request that a plain text answers. */
export function numberOf(plain) {
  must(plain.length >= 5);
  return Number(big(plain.slice(0, 4)));
}

/** Reads an answer: its status, and what it says, or why not. */
export function answer(op, plain) {
  must(plain.length >= 5);
  const status = STATUS[plain[4]];
  must(status);
  const rest = plain.slice(5);
  return status === "done" ? { status, said: ANSWERS[op](rest) } : { status, why: read(rest, [], ["why"]).why };
}
