// Enrolment and settings.
"use strict";

import * as line from "./line.js";
import * as link from "./link.js";
import * as store from "./store.js";
import { OP } from "./talk.js";
import { block, digits, el, facts, form, notice, page, refusal, row, wrong } from "./view.js";
import { LANGUAGES, language, msisdn, other, t } from "./words.js";
import { toHex } from "./bytes.js";

/** What a link or the picture of a slip says. */
function said(place) {
  const query = new URLSearchParams(place);
  return link.slipText(`gridcard:phone?${query}`);
}

const plain = (attributes) => el("input", { autocomplete: "off", autocapitalize: "off", spellcheck: "false", ...attributes });

export async function enrol(place) {
  if (await store.get("phone")) {
    location.replace("#");
    return;
  }
  const known = said(place);
  const text = row("picture", t("enrol.picture"), t("enrol.picture.h"), plain({ maxlength: "200" }));
  const number = row("slip", t("enrol.slip"), t("enrol.slip.h"), plain({ maxlength: "8", value: known ? toHex(known.slip) : "" }));
  const key = row("key", t("enrol.key"), t("enrol.key.h"), el("textarea", { rows: "3", autocomplete: "off", autocapitalize: "off", spellcheck: "false" }, known ? toHex(known.key) : ""));
  const sheet = form(
    t("enrol.h"),
    async (form) => {
      const value = (name) => form[name].value;
      const read = { slip: link.slipNumber(value("slip")), server: link.serverKey(value("key")), code: link.code(value("code")), msisdn: msisdn(value("msisdn")), user: value("user").trim(), password: value("password") };
      const user = new TextEncoder().encode(read.user).length;
      const length = new TextEncoder().encode(read.password).length;
      const bad = [wrong(form, "slip", !read.slip && t("bad.slip")), wrong(form, "key", !read.server && t("bad.key")), wrong(form, "code", !read.code && t("bad.code")), wrong(form, "msisdn", !read.msisdn && t("bad.msisdn")), wrong(form, "user", (user < 1 || user > 64 || /\p{Cc}/u.test(read.user)) && t("bad.user")), wrong(form, "password", (length < 8 || length > 128) && t("bad.password"))];
      if (bad.includes(true)) return null;
      try {
        const answer = await line.enrol(read);
        if (answer.status !== "done") return refusal(answer);
      } catch (error) {
        if (error instanceof line.Silence) return notice("bad", t("noslip.h"), t("noslip.p"));
        if (error instanceof line.Offline) return notice("off", t("off.h"), t("off.enrol"));
        throw error;
      }
      location.replace("#");
      return null;
    },
    known ? null : text,
    number,
    key,
    row("code", t("enrol.code"), t("enrol.code.h"), plain({ maxlength: "40" })),
    row("msisdn", t("enrol.msisdn"), t("enrol.msisdn.h"), el("input", { type: "tel", autocomplete: "tel" })),
    row("user", t("enrol.user"), t("enrol.user.h"), el("input", { autocomplete: "username", autocapitalize: "off", spellcheck: "false" })),
    row("password", t("enrol.password"), t("enrol.password.h"), el("input", { type: "password", autocomplete: "new-password" })),
    el("button", { class: "button button-main", type: "submit" }, t("enrol.go")),
  );
  sheet.addEventListener("input", (event) => {
    const read = event.target.id === "picture" && link.slipText(event.target.value);
    if (!read) return;
    sheet.slip.value = toHex(read.slip);
    sheet.key.value = toHex(read.key);
  });
  page({ title: t("enrol.h") }, el("p", {}, t("enrol.p")), sheet);
}

/** What a browser offers where the app can stand on the first screen. */
let offered;
addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  offered = event;
});

export async function settings(change) {
  const phone = await store.get("phone");
  const tongue = el("button", { class: "button", type: "button", lang: LANGUAGES[other()].tag }, LANGUAGES[other()].own);
  tongue.addEventListener("click", change);
  const install = offered && el("button", { class: "button", type: "button", id: "install" }, t("set.install"));
  install?.addEventListener("click", () => offered.prompt());
  const told = el("div", { class: "told" });
  const go = el("button", { class: "button button-bad", type: "button", id: "forget" }, t("forget.go"));
  go.addEventListener("click", async () => {
    go.disabled = true;
    let answer;
    try {
      answer = await line.once(OP.forget);
    } catch (error) {
      // Whom the server does not know it has forgotten already.
      if (!(error instanceof line.Silence)) {
        go.disabled = false;
        told.replaceChildren(notice("off", t("off.h"), t("forget.off")));
        return;
      }
    }
    if (answer && answer.status !== "done" && answer.status !== "refused") {
      go.disabled = false;
      told.replaceChildren(refusal(answer));
      return;
    }
    line.hangUp();
    await store.forget();
    location.replace("#enrol");
  });
  const forget = el("details", { class: "deed" }, el("summary", {}, el("b", {}, t("forget.h"))), el("div", { class: "deed-body" }, el("div", { class: "then" }, el("p", {}, t("forget.p")), el("p", {}, t("forget.lost"))), el("div", { class: "form" }, go, told)));
  page(
    { title: t("set.h"), tab: "settings" },
    block(t("set.phone"), facts([[t("col.phone"), phone.msisdn], [t("col.user"), phone.user], [t("col.customer"), digits(phone.customer)], [t("set.name"), digits(toHex(phone.name))], [t("set.key"), el("span", { class: "id wraps" }, (toHex(phone.server).match(/.{4}/g) ?? []).flatMap((group) => [el("span", {}, group), el("wbr")]))]])),
    el("section", { class: "block", "aria-labelledby": "lang" }, el("h2", { id: "lang" }, t("set.language")), el("p", {}, LANGUAGES[language()].own), tongue, install),
    forget,
  );
}
