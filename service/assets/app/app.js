// Which page is shown, and when another is.
"use strict";

import { enrol, settings } from "./home.js";
import * as line from "./line.js";
import { confirm, purchase, wanted } from "./pay.js";
import { records, start } from "./start.js";
import * as store from "./store.js";
import { el, notice, page } from "./view.js";
import * as words from "./words.js";

const { t } = words;

const PAGES = {
  "": start,
  buy: wanted,
  confirm,
  purchase,
  records: () => records(),
  settings: () => settings(change),
};

/** Another tab of this browser, which may show what is not so any more. */
const tabs = new BroadcastChannel("gridcard-phone");

async function show() {
  const [, name, place] = /^#?([a-z]*)[/?]?(.*)$/s.exec(location.hash) ?? [null, "", ""];
  const known = await store.get("phone");
  try {
    if (!known || name === "enrol") await enrol(place);
    else await (PAGES[name] ?? start)(place);
  } catch (error) {
    if (!(error instanceof line.Offline || error instanceof line.Silence)) console.error(error);
    fell(error);
  }
  document.querySelector("h1")?.focus({ preventScroll: true });
  scrollTo(0, 0);
}

/** What nobody thought of: it is said, with a way on. */
function fell(error) {
  const kind = error instanceof line.Offline ? "off" : error instanceof line.Silence ? "silence" : "trouble";
  const told = kind === "off" ? notice("off", t("off.h"), t("off.enrol")) : notice("bad", t(`${kind}.h`), t(`${kind}.p`));
  const again = el("button", { class: "button", type: "button" }, t("off.again"));
  again.addEventListener("click", show);
  page({ title: t("start.h"), tab: "start" }, told, again);
}

async function change() {
  words.choose(words.other());
  await store.put("language", words.language());
  await show();
}

addEventListener("hashchange", () => {
  tabs.postMessage("moved");
  show();
});
addEventListener("click", (event) => {
  if (event.target.closest("#tongue")) change();
});
addEventListener("unhandledrejection", (event) => fell(event.reason));
tabs.addEventListener("message", () => {
  // Whoever types is not disturbed.
  if (!document.querySelector("main form")) show();
});

async function begin() {
  await words.load(await store.get("language"));
  await show();
  if (!("serviceWorker" in navigator)) return;
  // The one script that may be given away as one that runs beside the page.
  const policy = globalThis.trustedTypes?.createPolicy("gridcard", { createScriptURL: () => "/app/sw.js" });
  await navigator.serviceWorker.register(policy ? policy.createScriptURL("") : "/app/sw.js", { scope: "/app/" });
}

// What can only be said in both languages: without these there is no session and no place for a key.
const can = globalThis.isSecureContext && globalThis.crypto?.subtle && globalThis.indexedDB && navigator.locks;
if (can) begin();
else document.querySelector("#old").hidden = false;
