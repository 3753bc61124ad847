// Words, money, numbers and times, in the language that is chosen.
"use strict";

let table = {};
let chosen = "en";

export const LANGUAGES = { en: { tag: "en", own: "English" }, zh: { tag: "zh-CN", own: "中文" } };

/** Loads the catalogue; `kept`: the language that was chosen before. */
export async function load(kept) {
  table = await (await fetch("/app/words.json")).json();
  const liked = (navigator.languages ?? []).map((tag) => tag.slice(0, 2).toLowerCase()).find((name) => name in LANGUAGES);
  choose(kept ?? liked ?? "en");
}

export function choose(language) {
  chosen = language in LANGUAGES ? language : "en";
  document.documentElement.lang = LANGUAGES[chosen].tag;
}

export const language = () => chosen;
export const other = () => (chosen === "en" ? "zh" : "en");

/** The words of a key, its places `{a}` and `{b}` filled. */
export function t(key, a = "", b = "") {
  return table[chosen][key].replaceAll("{a}", a).replaceAll("{b}", b);
}

export const has = (key) => key in table[chosen];

/** Fen as people write them: `1,240.00`. */
export function yuan(fen) {
  const whole = String(Math.floor(fen / 100)).replace(/\B(?=(\d{3})+$)/g, ",");
  return `${whole}.${String(fen % 100).padStart(2, "0")}`;
}

export const money = (fen) => `${yuan(fen)} ${t("unit.yuan")}`;

/** Fen of an amount as it is typed; null where it is none. */
export function fen(typed) {
  const found = /^(\d{1,7})(?:[.。](\d{1,2}))?$/.exec(typed.trim().replaceAll(",", ""));
  if (!found) return null;
  const value = Number(found[1]) * 100 + Number((found[2] ?? "").padEnd(2, "0"));
  return value > 0 ? value : null;
}

/** A telephone number as the server has it; null where it is none. */
export function msisdn(typed) {
  const plain = typed.replace(/[\s-]/g, "");
  const whole = /^1\d{10}$/.test(plain) ? `+86${plain}` : plain;
  return /^\+[1-9]\d{4,14}$/.test(whole) ? whole : null;
}

/** A moment of 14 digits, in China's time: `11-26 10:41`, with its year where it is another. */
export function moment(digits) {
  const year = digits.slice(0, 4);
  const day = `${digits.slice(4, 6)}-${digits.slice(6, 8)} ${digits.slice(8, 10)}:${digits.slice(10, 12)}`;
  return year === inChina(Date.now()).slice(0, 4) ? day : `${year}-${day}`;
}

/** Milliseconds since 1970 as a moment of 14 digits. */
export const inChina = (milliseconds) => new Date(milliseconds + 8 * 3600 * 1000).toISOString().replace(/\D/g, "").slice(0, 14);
