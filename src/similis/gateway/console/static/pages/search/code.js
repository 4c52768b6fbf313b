// The search as code to take away, in a dialog.

import { h, show } from "../../dom.js";
import { copyButton } from "../../ui/controls.js";
import { ask } from "../../ui/dialog.js";
import { icon } from "../../ui/icons.js";
import { chipGroup } from "./chip_group.js";
import { SNIPPETS } from "./snippets.js";
import { fields } from "./state.js";
import { t } from "./words.js";

const NEEDS = { curl: "curl", python: "pip install httpx", sdk: "pip install alibabacloud-imagesearch20201214" };
const nameOf = (kind) => ({ curl: "curl", python: "Python", sdk: t("code.sdk") })[kind];
let chosen = "curl";

/** The button that opens it. */
export function codeButton(instance, state) {
  return h("button", { class: "quiet", type: "button", onclick: () => dialog(searchOf(instance, state)) }, icon("code"), t("code"));
}

/** What the snippets are made of. */
export function searchOf(instance, state) {
  const { file, ...rest } = fields(state);
  return { origin: location.origin, instance, fields: { file: file && (file.name || "query.jpg"), ...rest } };
}

function dialog(search) {
  const { file } = search.fields;
  const group = chipGroup(t("code.kind"));
  const text = h("pre", { tabindex: "0", "aria-label": t("code.title") });
  const needs = h("p", { class: "note" });

  function update() {
    group.update(Object.keys(SNIPPETS).map((kind) => ({
      key: kind, content: nameOf(kind), pressed: kind === chosen,
      onclick: () => {
        chosen = kind;
        update();
      },
    })));
    text.textContent = SNIPPETS[chosen](search);
    show(needs, t("code.install", { what: NEEDS[chosen] }), " ", file ? t("code.note", { file }) : t("code.stored"));
  }

  update();
  return ask({
    title: t("code.title"), only: true,
    body: h("div", { class: "snippet" }, h("div", { class: "row spread" }, group.element, copyButton(() => text.textContent)), text, needs),
  });
}
