// The lists below the progress: pictures added last, those that failed, those that were there already.

import { h, show } from "../../dom.js";
import { number } from "../../format.js";
import { table } from "../../ui/controls.js";
import { errorLine } from "../../ui/feedback.js";
import { saveAs } from "../../ui/save.js";
import { t } from "./words.js";

const MOST = 100; // rows; a list of thousands would freeze the page

/** The pictures added last. Each is decoded once, and let go when it leaves the list. */
export function recentPart(upload, signal) {
  const list = h("ul", { class: "recent" });
  const element = h("div", { hidden: true }, h("h3", {}, t("recent")), list);
  const shown = new Map();
  const drop = (entry) => {
    URL.revokeObjectURL(shown.get(entry).querySelector("img").src);
    shown.get(entry).remove();
    shown.delete(entry);
  };
  signal.addEventListener("abort", () => [...shown.keys()].forEach(drop));
  const draw = () => {
    const now = upload.recent.map(({ entry }) => entry);
    [...shown.keys()].filter((entry) => !now.includes(entry)).forEach(drop);
    for (const entry of now.filter((each) => !shown.has(each)).reverse()) {
      shown.set(entry, thumbnail(entry));
      list.prepend(shown.get(entry));
    }
    element.hidden = !now.length;
  };
  return { element, draw };
}

function thumbnail({ file, productId, picName }) {
  const image = h("img", { src: URL.createObjectURL(file), alt: "", decoding: "async" });
  image.addEventListener("error", () => { image.hidden = true; }); // such as TIFF, which browsers do not show
  return h("li", { title: `${productId} / ${picName}` }, h("span", { class: "frame-of" }, image), h("span", { class: "small" }, productId));
}

/** What failed, with what to do about it; `onAgain` may take the focus, for the button goes. */
export function failuresPart(upload, { options, onAgain }) {
  const row = ({ entry, error }) => [entry.path, errorLine(error)];
  const again = () => {
    if (!options.check()) return;
    onAgain();
    upload.retry(options.value());
  };
  const buttons = [
    h("button", { type: "button", onclick: () => saveAs("failed.txt", upload.failures.map((each) => row(each).join("\t")).join("\n")) }, t("save")),
    h("button", { type: "button", class: "again", onclick: again }, t("again")),
  ];
  return part(t("failures"), [t("file"), t("message")], () => upload.failures, row, h("div", { class: "row end" }, buttons));
}

/** What was reported as near-identical. */
export function similarPart(upload) {
  const named = ({ product_id: product, pic_name: name }) => `${product} / ${name}`;
  return part(t("similar"), [t("file"), t("to")], () => upload.duplicates, ({ entry, keys }) => [entry.path, keys.map(named).join(", ")]);
}

function part(title, heads, all, row, below = null) {
  const heading = h("h3", { tabindex: "-1" }, title);
  const place = h("div", {});
  const note = h("p", { class: "note" }, t("first", { count: number(MOST) }));
  const element = h("div", { hidden: true }, heading, place, note, below);
  let drawn = [];
  const draw = () => {
    const now = all().slice(0, MOST);
    note.hidden = all().length <= MOST;
    if (now.length === drawn.length && now[0] === drawn[0]) return;
    drawn = now;
    element.hidden = !now.length;
    if (element.hidden) return;
    show(place, table(title, heads, now.map(row), { stacks: true }));
  };
  return { element, draw };
}
