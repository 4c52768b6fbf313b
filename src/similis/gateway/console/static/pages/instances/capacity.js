// How full an instance is.

import { h } from "../../dom.js";
import { number, percent } from "../../format.js";
import { messages } from "../../i18n.js";

const t = messages("capacity", {
  en: { pictures: "{count} of {capacity} pictures", full: "full to {share}" },
  zh: { pictures: "{count} / {capacity} 张图片", full: "已用 {share}" },
});

/** As a bar, and in words. */
export function capacityBar(count, capacity) {
  const share = count / capacity;
  return h("div", { class: "capacity" },
    h("meter", { min: 0, max: 1, high: 0.9, optimum: 0, value: share, "aria-label": t("full", { share: percent(share) }) }),
    h("span", { class: "note" }, t("pictures", { count: number(count), capacity: number(capacity) })));
}
