// Starts exports and changes of key, which take nothing but a button.

import { api, path } from "../../api.js";
import { h } from "../../dom.js";
import { card } from "../../ui/controls.js";
import { ask } from "../../ui/dialog.js";
import { attempt, busy } from "../../ui/feedback.js";
import { t } from "./words.js";

/** The card that exports an instance. */
export function exportCard(instance, onStart) {
  return starter("export", async () => onStart(await api.post(path`/instances/${instance}/exports`)));
}

/** The card that changes the key of an instance. */
export function rekeyCard(instance, onStart) {
  const begin = async () => onStart(await api.post(path`/instances/${instance}/rekey`));
  return starter("rekey", () => ask({
    title: t("rekey.title", { name: instance }), body: h("p", {}, t("rekey.text")), action: t("start.rekey"), danger: true, step: begin,
  }));
}

function starter(kind, begin) {
  const told = h("div", {});
  const button = h("button", { type: "button", onclick: () => busy(button, () => attempt(told, begin)) }, t(`start.${kind}`));
  return card(t(kind), h("p", { class: "note" }, t(`${kind}.what`)), told, h("div", { class: "row end" }, button));
}
