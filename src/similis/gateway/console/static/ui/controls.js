// Small parts that several pages use.

import { h, uniqueId } from "../dom.js";
import { messages } from "../i18n.js";
import { toast } from "./feedback.js";
import { icon } from "./icons.js";

const t = messages("controls", {
  en: { copy: "Copy", copied: "Copied.", refused: "The browser does not let this page copy. Select the text instead." },
  zh: { copy: "复制", copied: "已复制。", refused: "浏览器不允许此页面复制，请手动选择文本。" },
});

/** A labelled input: field("Name", h("input", …), "What it is for."). */
export function field(label, input, note) {
  input.id ||= uniqueId("field");
  if (note) input.setAttribute("aria-describedby", `${input.id}-note`);
  return h("div", { class: "field" },
    h("label", { for: input.id }, label), input,
    note ? h("p", { class: "note", id: `${input.id}-note` }, note) : null);
}

/** A box to tick, with its words. */
export function tick(label, properties) {
  return h("label", { class: "tick" }, h("input", { type: "checkbox", ...properties }), h("span", {}, label));
}

/** A select: options are [value, text]. */
export function select(options, properties) {
  return h("select", properties, options.map(([value, text]) => h("option", { value }, text)));
}

/** A button that is on or off. */
export function chip(content, pressed, onclick) {
  return h("button", { class: "chip", type: "button", "aria-pressed": String(pressed), onclick }, content);
}

/** A figure with its name below. */
export const figure = (value, name) => h("div", { class: "figure" }, h("strong", {}, value), h("span", {}, name));

/** A word in a coloured pill: kind is good, bad, busy or plain. */
export const badge = (text, kind = "plain") => h("span", { class: `badge ${kind}` }, text);

/** Copies a text, and says so. */
export function copyButton(text, label = t("copy")) {
  return h("button", {
    class: "quiet", type: "button",
    onclick: async () => {
      try {
        await navigator.clipboard.writeText(typeof text === "function" ? text() : text);
        toast(t("copied"));
      } catch {
        toast(t("refused"));
      }
    },
  }, icon("copy"), label);
}

/**
 * A table that scrolls by itself where it is wider than the page: heads are texts, rows are lists of contents.
 * One that stacks shows each row as a block in small windows; the roles say that it is a table even then.
 */
export function table(caption, heads, rows, { stacks = false } = {}) {
  const cell = (content, column) => h("td", { role: "cell" }, stacks ? h("span", { class: "head", "aria-hidden": "true" }, heads[column]) : null, content);
  return h("div", { class: stacks ? "table stacks" : "table", tabindex: "0", role: "region", "aria-label": caption },
    h("table", { role: "table" },
      h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, heads.map((head) => h("th", { scope: "col", role: "columnheader" }, head)))),
      h("tbody", { role: "rowgroup" }, rows.map((row) => h("tr", { role: "row" }, row.map(cell))))));
}

/** A part of a page, with its heading. */
export const card = (title, ...children) => h("section", { class: "card" }, title ? h("h2", {}, title) : null, children);
