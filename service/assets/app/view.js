// What pages are built of. Nothing is ever read as markup: text goes in as text.
"use strict";

import { LANGUAGES, has, money, other, t, yuan } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** An element with attributes and children. */
export const el = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

export const icon = (name) => svg("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" }, svg("use", { href: `#i-${name}` }));
const cells = (filled) => svg("svg", { class: "cells", viewBox: "0 0 30 10", "aria-hidden": "true" }, svg("use", { href: `#cells-${filled}` }));

/** Digits in groups of four that copy without gaps. */
export const digits = (text) => el("span", { class: "id" }, (text.match(/.{1,4}/g) ?? []).map((group) => el("span", {}, group)));

export const figure = (fen) => el("p", { class: "figure" }, `${yuan(fen)} `, el("span", { class: "unit" }, t("unit.yuan")));
export const price = (fen) => el("span", { class: "money strong" }, money(fen));

const BADGES = { made: "transit", waits: "transit", settled: "settled", asked: "unknown", refused: "bad", ended: "off", offered: "off" };

/** A state as a badge: word, shape and colour. */
export function badge(state) {
  const sign = { transit: () => cells(2), settled: () => cells(4), unknown: () => icon("ask"), bad: () => icon("warn"), off: () => icon("stop") }[BADGES[state]];
  return el("span", { class: `state state-${BADGES[state]}` }, sign(), t(`state.${state}`));
}

function node(kind, words, say) {
  const [sign, told] = { done: ["done", "rail.done"], here: ["dot", "rail.here"], late: ["dot", "rail.here"], bad: ["warn", "rail.here"], todo: [null, "rail.todo"] }[kind];
  const at = kind === "done" || kind === "todo" ? {} : { "aria-current": "step" };
  return el("li", { class: kind === "late" ? "here late" : kind, ...at }, el("span", { class: "node" }, sign && icon(sign)), el("b", {}, words), el("span", { class: "unseen" }, ` ${t(told)}`), say && el("span", { class: "say" }, say));
}

const RAILS = {
  asked: ["late", "todo", "todo", "todo"],
  made: ["done", "here", "todo", "todo"],
  waits: ["done", "here", "todo", "todo"],
  settled: ["done", "done", "done", "done"],
  refused: ["done", "done", "bad", "todo"],
};

/** Where a purchase is; null where it is nowhere. */
export function rail(state) {
  const steps = RAILS[state];
  if (!steps) return null;
  const say = { asked: [0, "say.asked"], made: [1, "say.made"], waits: [1, "say.waits"], settled: [3, "say.settled"], refused: [2, "say.refused"] }[state];
  return el("ol", { class: "rail rail-down" }, steps.map((kind, at) => node(kind, t(`step.${at + 1}`), say[0] === at && t(say[1]))));
}

let numbers = 0;

/** A notice: what is so, and what to do. `kind`: `good`, `warn`, `bad`. */
export function notice(kind, head, ...text) {
  const id = `n${(numbers += 1)}`;
  const sign = { good: "done", warn: "warn", bad: "stop", off: "cloud-off" }[kind];
  const role = kind === "bad" ? "alert" : "status";
  return el("section", { class: `notice notice-${kind === "off" ? "warn" : kind}`, role, "aria-labelledby": id }, icon(sign), el("h2", { id }, head), text.map((one) => (typeof one === "string" ? el("p", {}, one) : one)));
}

/** A block with a head. */
export function block(head, ...children) {
  const id = `b${(numbers += 1)}`;
  return el("section", { class: "block", "aria-labelledby": id }, el("h2", { id }, head), children);
}

export const facts = (rows) => el("dl", { class: "facts lined" }, rows.filter(([, value]) => value).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));

/** A form's row: label, hint, the field. */
export function row(name, label, hint, field) {
  field.id = name;
  field.setAttribute("name", name);
  if (hint) field.setAttribute("aria-describedby", `${name}-h`);
  const shown = field.dataset.unit ? el("span", { class: "field-money" }, field, el("span", {}, field.dataset.unit)) : field;
  return el("div", { class: "row" }, el("label", { for: name }, label), hint && el("span", { class: "hint", id: `${name}-h` }, hint), el("span", { class: "error", id: `${name}-e`, hidden: true }), shown);
}

/** Says at a field of a form what is wrong with it, or nothing; what was typed stays. */
export function wrong(form, name, words) {
  const field = form.querySelector(`#${name}`);
  const error = form.querySelector(`#${name}-e`);
  error.hidden = !words;
  error.textContent = words ?? "";
  if (words) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
  if (words) field.setAttribute("aria-errormessage", `${name}-e`);
  return Boolean(words);
}

export const radio = (name, value, label, checked) => el("label", { class: "choice" }, el("input", { type: "radio", name, value, checked }), el("span", {}, label));

/** A form that does something once it is sent, and not again while that lasts. */
export function form(label, act, ...children) {
  const told = el("div", { class: "told" });
  const made = el("form", { class: "block form", "aria-label": label, novalidate: true }, told, children);
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (made.getAttribute("aria-busy") === "true") return;
    made.setAttribute("aria-busy", "true");
    const buttons = [...made.querySelectorAll("button")];
    for (const button of buttons) button.disabled = true;
    told.replaceChildren(el("p", { class: "soft small", role: "status" }, t("busy")));
    try {
      const said = await act(made, event.submitter);
      told.replaceChildren(...(said ? [said] : []));
    } finally {
      made.removeAttribute("aria-busy");
      for (const button of buttons) button.disabled = false;
    }
    const first = made.querySelector("[aria-invalid]");
    if (first) first.focus();
  });
  return made;
}

/** What an answer that was not done means, and what to do. */
export function refusal(answer) {
  if (answer.status === "no") {
    const key = `why.${answer.why}`;
    return has(key) ? notice("bad", t("no.h"), t(key)) : notice("bad", t("no.h"), t("no.p", answer.why ?? ""));
  }
  const known = { refused: "bad", "under-way": "warn", "not-understood": "bad", "no-offer": "warn", later: "warn", another: "warn" };
  return notice(known[answer.status], t(`${answer.status}.h`), t(`${answer.status}.p`));
}

const TABS = [["start", "home", ""], ["buy", "money", "#buy"], ["records", "list", "#records"], ["settings", "one", "#settings"]];

/** A whole page. `back`: where the arrow leads; `tab`: which tab is this, none where nobody is enrolled. */
export function page({ title, back, tab }, ...children) {
  document.title = `${title} · gridcard`;
  const tongue = LANGUAGES[other()];
  const head = el("header", { class: "app-top" }, back !== undefined && el("a", { class: "back", href: back || "/app/" }, icon("back"), el("span", { class: "unseen" }, t("back"))), el("h1", { tabindex: "-1" }, title), el("button", { class: "button-plain tongue", type: "button", lang: tongue.tag, id: "tongue" }, tongue.own));
  const tabs = tab && el("nav", { class: "tabs", "aria-label": t("nav") }, el("ul", {}, TABS.map(([name, sign, place]) => el("li", {}, el("a", { href: place || "#", "aria-current": name === tab ? "page" : false }, icon(sign), t(`tab.${name}`))))));
  document.querySelector(".app").replaceChildren(...[head, el("main", { id: "main" }, children), tabs].filter(Boolean));
}
