// The category that a product instance searches in: the predicted one, or another.

import { categories as all, categoryName } from "../../categories.js";
import { h } from "../../dom.js";
import { percent } from "../../format.js";
import { icon } from "../../ui/icons.js";
import { chipGroup } from "./chip_group.js";
import { t } from "./words.js";

const LEAST = 0.01; // less likely ones are shown when all are

/** The chips: { element, update(state) }; onChange follows a choice, which is then in the state. */
export function categoryChips(state, onChange) {
  const group = chipGroup(t("category"));
  let every = false;
  const more = h("button", { class: "quiet", type: "button", "aria-expanded": "false", onclick: () => { every = !every; update(); } });
  const predicted = h("button", { class: "quiet", type: "button", onclick: () => choose(null) }, icon("undo"), t("category.predicted"));

  function choose(number) {
    const had = document.activeElement === predicted;
    state.category = number;
    update();
    if (had) more.focus(); // the button is gone now
    onChange();
  }

  function shown() {
    const known = new Map(state.found?.answer.categories.map((each) => [each.category_id, each.probability]) ?? []);
    const likely = (number) => known.get(number) ?? 0;
    const used = state.category ?? state.found?.answer.category_id;
    return all()
      .filter(([number]) => every || !known.size || number === used || likely(number) >= LEAST)
      .sort(([one], [other]) => likely(other) - likely(one))
      .map(([number, name]) => ({
        key: number, content: known.has(number) ? [name, h("span", { class: "share" }, percent(likely(number)))] : name,
        pressed: number === used, onclick: () => choose(number),
      }));
  }

  function update() {
    group.update(shown());
    more.textContent = t(every ? "category.fewer" : "category.all");
    more.setAttribute("aria-expanded", String(every));
    more.hidden = !state.found?.answer.categories.length;
    predicted.hidden = state.category === null;
  }

  const element = h("div", { class: "part" }, h("h3", {}, t("category")), group.element, h("div", { class: "row" }, more, predicted));
  return { element, update };
}

/** The name of the category that an answer was searched in. */
export const searchedIn = (answer) => categoryName(answer.category_id);
