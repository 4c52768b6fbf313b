// What narrows a search down: category, least score, number, filter. Folded where there is little room.

import { h } from "../../dom.js";
import { icon } from "../../ui/icons.js";
import { categoryChips } from "./categories.js";
import { filterPart } from "./filter.js";
import { optionsPart } from "./options.js";
import { t } from "./words.js";

const wide = matchMedia("(min-width: 70rem)"); // as in search.css

/** The card: { element, update(), filter }. onChange: search again; onSlide: the same, but more changes follow. */
export function refineCard({ state, about, signal, onChange, onSlide }) {
  const category = about.type === "product" ? categoryChips(state, onChange) : null;
  const options = optionsPart(state, about.type, onSlide);
  const filter = filterPart(state, signal, onChange);
  const element = h("details", { class: "card refine", open: wide.matches }, h("summary", {}, h("h2", {}, icon("tune"), t("refine"))),
    category?.element, options.element, filter.element);
  wide.addEventListener("change", () => { element.open = wide.matches; }, { signal });
  function update() {
    category?.update();
    options.update();
  }
  update();
  return { element, update, filter };
}
