// How pictures are added: their names, their category, their attributes.

import { categories } from "../../categories.js";
import { h } from "../../dom.js";
import { card, field, select, tick } from "../../ui/controls.js";
import { t } from "./words.js";

const WHOLE = ["int_attr", "int_attr2", "int_attr3", "int_attr4"];
const TEXTS = ["str_attr", "str_attr2", "str_attr3", "str_attr4"];
const LARGEST = 2 ** 31 - 1;

/** The form: { element, value(), check() }; `onchange` is called when what it says changes; check points at a mistake. */
export function optionsForm({ withCategory, onchange }) {
  const naming = select(["folder", "stem", "typed"].map((each) => [each, t(`naming.${each}`)]), { value: "folder" });
  const typed = h("input", { maxLength: 512, required: true, autocomplete: "off" });
  const typedField = field(t("typed"), typed);
  const category = select([["", t("tell")], ...categories()], { value: "" });
  const crop = tick(t("crop"), { checked: true });
  const duplicates = select(["allow", "report", "refuse"].map((each) => [each, t(each)]), { value: "allow" });
  const shrink = tick(t("shrink"), { checked: true });
  const attributes = attributeInputs();
  const more = h("details", {}, h("summary", {}, t("more")),
    shrink, h("p", { class: "note" }, t("shrink.note")),
    h("fieldset", { class: "plain" }, h("legend", {}, t("attributes")),
      h("div", { class: "pairs" }, Object.entries(attributes).filter(([name]) => name !== "custom_content").map(([name, input]) => field(name, input))),
      field(t("custom"), attributes.custom_content, t("custom.note"))));
  const changed = () => {
    typedField.hidden = typed.disabled = naming.value !== "typed";
    onchange();
  };
  const form = h("form", { oninput: changed, onsubmit: (event) => event.preventDefault() },
    field(t("naming"), naming, t("naming.note")), typedField,
    withCategory ? field(t("category"), category) : null,
    h("div", { class: "field" }, crop, h("p", { class: "note" }, t("crop.note"))),
    field(t("duplicates"), duplicates), more);
  typedField.hidden = typed.disabled = true;
  return {
    element: card(t("options"), form),
    check: () => {
      if (form.checkValidity()) return true;
      more.open ||= Boolean(more.querySelector(":invalid")); // what is folded away cannot be pointed at
      return form.reportValidity();
    },
    value: () => ({
      naming: naming.value, typed: typed.value.trim(), category: withCategory ? category.value : "", crop: crop.control.checked,
      duplicates: duplicates.value, shrink: shrink.control.checked,
      attributes: Object.fromEntries(Object.entries(attributes).map(([name, input]) => [name, input.value])),
    }),
  };
}

function attributeInputs() {
  const whole = WHOLE.map((name) => [name, h("input", { type: "number", step: 1, min: -LARGEST - 1, max: LARGEST, placeholder: t("whole") })]);
  const texts = TEXTS.map((name) => [name, h("input", { maxLength: 128, pattern: "[^\\\\¥$&%]*", title: "≠ \\ ¥ $ & %", placeholder: t("text") })]);
  return Object.fromEntries([...whole, ...texts, ["custom_content", h("textarea", { rows: 3, maxLength: 4096 })]]);
}
