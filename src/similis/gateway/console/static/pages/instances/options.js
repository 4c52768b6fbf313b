// A choice among few, each with a sentence about it.

import { h, uniqueId } from "../../dom.js";

/** The choice: { element, value() }; rows are [value, name, sentence], the first one is chosen. */
export function options(legend, rows, onchange) {
  const name = uniqueId("options");
  const inputs = rows.map(([value], place) => h("input", { type: "radio", name, value, checked: place === 0, onchange }));
  const element = h("fieldset", { class: "options" }, h("legend", {}, legend),
    rows.map(([, words, sentence], place) => h("label", { class: "option" }, inputs[place],
      h("span", {}, h("strong", {}, words), sentence ? h("span", { class: "note" }, sentence) : null))));
  return { element, value: () => inputs.find((input) => input.checked).value };
}
