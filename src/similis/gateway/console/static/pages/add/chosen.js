// What was chosen, before it is sent: how much, what of it is left out, and by which names the rest will be known.

import { h, show } from "../../dom.js";
import { number } from "../../format.js";
import { table } from "../../ui/controls.js";
import { plan } from "./plan.js";
import { counted, t } from "./words.js";

const EXAMPLES = 3;

/** The part: { element, take(items), draw() }; `onStart` gets the entries to send, `onClear` may take the focus. */
export function chosen({ options, onStart, onClear }) {
  const told = h("p", { role: "status" });
  const rest = h("div", {});
  let items = [];
  const take = (more) => {
    items = [...items, ...more];
    draw();
  };
  const clear = () => {
    items = [];
    draw();
    onClear();
  };
  const start = (entries) => {
    if (!options.check()) return;
    items = [];
    draw();
    onStart(entries);
  };
  const draw = () => {
    const planned = plan(items, options.value());
    const text = items.length ? sentence(planned, items.length) : "";
    if (told.textContent !== text) told.textContent = text; // said anew only when it is news
    show(rest,
      planned.unread ? h("p", { class: "note" }, t("unread.some", { count: number(planned.unread) })) : null,
      planned.entries.length ? details(planned, start, clear) : []);
  };
  return { element: h("div", { class: "chosen" }, told, rest), take, draw };
}

const pictures = (entries) => counted(entries.length, "pictures", number(entries.length));

function sentence({ entries, products }, all) {
  if (!entries.length) return t("none", { count: number(all) });
  return t("chosen", { pictures: pictures(entries), products: counted(products, "products", number(products)) });
}

function details({ entries, others, clashes }, start, clear) {
  return [
    others ? h("p", { class: "note" }, t("others", { count: number(others) })) : null,
    clashes ? h("p", { class: "note" }, t("clashes", { count: number(clashes) })) : null,
    table(t("example"), [t("file"), t("product"), t("picture")],
      entries.slice(0, EXAMPLES).map(({ path, productId, picName }) => [path, productId || "–", picName]), { stacks: true }),
    h("div", { class: "row end" },
      h("button", { type: "button", class: "quiet", onclick: clear }, t("clear")),
      h("button", { type: "button", class: "primary", onclick: () => start(entries) }, t("start", { pictures: pictures(entries) }))),
  ];
}
