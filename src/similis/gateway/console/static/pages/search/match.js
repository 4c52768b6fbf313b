// One result.

import { categoryName } from "../../categories.js";
import { h } from "../../dom.js";
import { score } from "../../format.js";
import { icon } from "../../ui/icons.js";
import { productPicture } from "./product_picture.js";
import { t } from "./words.js";

const ATTRIBUTE = /^(int|str)_attr[234]?$/;
const LONG = 100; // characters of custom content that are shown without being asked for

/** The result as a list item: rank begins at 1; onSimilar gets { product_id, pic_name }. */
export function matchItem(match, rank, { about, threshold, onSimilar }) {
  const names = { product_id: match.product_id, pic_name: match.pic_name };
  return h("li", { class: match.score >= threshold ? "match good" : "match" },
    productPicture(about, { ...names, custom_content: match.custom_content }),
    h("div", { class: "about" },
      h("h3", { tabindex: "-1" }, h("span", { class: "rank" }, t("rank", { rank })), ` ${match.product_id}`),
      h("p", { class: "note name" }, match.pic_name),
      details(match, about)),
    scored(match, threshold, about.type),
    h("button", {
      class: "quiet like", type: "button", "aria-label": t("like.this.of", names), onclick: () => onSimilar(names),
    }, icon("search"), t("like.this")));
}

function details(match, about) {
  const attributes = Object.entries(match).filter(([name, value]) => ATTRIBUTE.test(name) && value !== null);
  return [
    about.type === "product" || attributes.length ? h("ul", { class: "facts" },
      about.type === "product" ? h("li", {}, categoryName(match.category_id)) : null,
      attributes.map(([name, value]) => h("li", {}, h("span", { class: "key" }, name), ` ${value}`))) : null,
    match.custom_content ? content(match.custom_content) : null,
  ];
}

function content(text) {
  if (text.length <= LONG) return h("p", { class: "note content" }, text);
  return h("details", { class: "content" }, h("summary", {}, t("content")), h("p", { class: "note" }, text));
}

/** Number, bar and words: nobody needs the colour. */
function scored({ score: value }, threshold, kind) {
  return h("div", { class: "scored" },
    h("strong", {}, score(value)),
    h("span", { class: "track", "aria-hidden": "true" }, h("span", { class: "part-of", style: { width: `${100 * value}%` } })),
    h("span", { class: "note" }, verdict(value, threshold, kind)));
}

function verdict(value, threshold, kind) {
  if (value === 1) return t("identical");
  if (value >= threshold) return t(`${kind}.likely`);
  return t(`${kind}.${value >= threshold / 2 ? "maybe" : "unlikely"}`);
}
