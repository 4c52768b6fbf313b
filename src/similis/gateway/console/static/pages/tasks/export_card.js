// Starts exports, which take nothing but a button.

import { api, path } from "../../api.js";
import { h } from "../../dom.js";
import { card } from "../../ui/controls.js";
import { attempt, busy } from "../../ui/feedback.js";
import { t } from "./words.js";

/** The card that exports an instance; `onStart` gets the task. */
export function exportCard(instance, onStart) {
  const told = h("div", {});
  const begin = async () => onStart(await api.post(path`/instances/${instance}/exports`));
  const button = h("button", { type: "button", onclick: () => busy(button, () => attempt(told, begin)) }, t("start.export"));
  return card(t("export"), h("p", { class: "note" }, t("export.what")), told, h("div", { class: "row end" }, button));
}
