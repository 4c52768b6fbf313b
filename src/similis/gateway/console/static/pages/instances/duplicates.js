// Near-identical pictures, across products.

import { api, path, query } from "../../api.js";
import { h, show } from "../../dom.js";
import { number, percent } from "../../format.js";
import { messages } from "../../i18n.js";
import { address } from "../../router.js";
import { instance as known } from "../../session.js";
import { card, field } from "../../ui/controls.js";
import { ask } from "../../ui/dialog.js";
import { attempt, busy, toast } from "../../ui/feedback.js";
import { icon } from "../../ui/icons.js";
import { productPicture } from "../search/product_picture.js";

const AT_ONCE = 20;
const t = messages("duplicates", {
  en: {
    title: "Duplicates", what: "Finds near-identical pictures – the same photo again, smaller, recompressed, a little brighter – across products.",
    least: "Least similarity", "least.note": "0.7 to 1. Empty: the value at which few different pictures pass for the same.", run: "Find duplicates",
    none: "No two of {pictures} pictures are that alike.", found: "{groups} groups among {pictures} pictures, alike to {least} or more.", "found.one": "One group among {pictures} pictures, alike to {least} or more.",
    false: "Measured: of a million pairs of different pictures, {count} are taken for duplicates.",
    group: "Group {place}: {count} pictures", search: "Search by {product} / {name}", first: "centre", delete: "Delete {product} / {name}",
    "delete.title": "Delete this picture?", "delete.body": "{product} / {name} is found no more. This cannot be undone.", "delete.do": "Delete", deleted: "{product} / {name} is deleted.",
    more: "Show {count} more groups",
  },
  zh: {
    title: "重复图片", what: "跨商品查找几乎相同的图片：同一张照片，或经过缩小、重新压缩、略微调亮的版本。",
    least: "最低相似度", "least.note": "0.7 至 1。留空则使用很少误判的默认值。", run: "查找重复图片",
    none: "{pictures} 张图片中没有如此相似的。", found: "{pictures} 张图片中有 {groups} 组，相似度不低于 {least}。", "found.one": "{pictures} 张图片中有 1 组，相似度不低于 {least}。",
    false: "实测：每一百万对不同图片中，有 {count} 对会被误判为重复。",
    group: "第 {place} 组：{count} 张图片", search: "用 {product} / {name} 搜索", first: "中心", delete: "删除 {product} / {name}",
    "delete.title": "删除这张图片？", "delete.body": "将不再能找到 {product} / {name}。此操作无法撤销。", "delete.do": "删除", deleted: "已删除 {product} / {name}。",
    more: "再显示 {count} 组",
  },
});

/** The part of the page. */
export function duplicates(page) {
  const least = h("input", { type: "number", min: "0.7", max: "1", step: "0.01", placeholder: "0.92" });
  const told = h("div", {});
  const result = h("div", { role: "status" });
  const list = h("div", {});
  const button = h("button", { type: "submit" }, icon("stack"), t("run"));
  const look = async () => {
    show(result);
    show(list);
    const found = await api.get(path`/instances/${page.name}/duplicates` + query({ min_similarity: least.value }), { signal: page.signal });
    show(result, h("p", {}, summary(found)), found.groups.length && found.false_matches !== null ? h("p", { class: "note" }, t("false", { count: number(found.false_matches, 1) })) : null);
    unroll(page, list, found.groups, 0);
  };
  const onsubmit = (event) => {
    event.preventDefault();
    busy(button, () => attempt(told, look));
  };
  return card(t("title"), h("p", { class: "note" }, t("what")),
    h("form", { onsubmit }, field(t("least"), least, t("least.note")), button), told, result, list);
}

function summary({ groups, pictures, min_similarity: least }) {
  if (!groups.length) return t("none", { pictures: number(pictures) });
  return t(groups.length === 1 ? "found.one" : "found", { groups: number(groups.length), pictures: number(pictures), least: number(least, 3) });
}

/** Shows some more groups, and a button for those behind. */
function unroll(page, list, groups, from) {
  const some = groups.slice(from, from + AT_ONCE).map((group, place) => groupOf(page, group, from + place + 1));
  list.append(...some);
  const left = groups.length - from - some.length;
  if (left > 0) list.append(moreButton(left, () => unroll(page, list, groups, from + AT_ONCE)));
  if (from) some[0].querySelector("a").focus(); // the button that was pressed is gone
}

function moreButton(left, onmore) {
  const button = h("button", { type: "button", class: "quiet", onclick: () => { button.remove(); onmore(); } }, t("more", { count: number(Math.min(left, AT_ONCE)) }));
  return button;
}

function groupOf(page, group, place) {
  return h("section", { class: "group" },
    h("h3", {}, t("group", { place: number(place), count: number(group.length) })),
    h("ul", {}, group.map((picture, at) => row(page, picture, at))));
}

function row(page, picture, at) {
  const names = { product: picture.product_id, name: picture.pic_name };
  const item = h("li", {},
    known(page.name).picture_url ? productPicture(known(page.name), picture) : null,
    h("a", { href: address("search", page.name, { product_id: names.product, pic_name: names.name }), "aria-label": t("search", names) }, `${names.product} / ${names.name}`),
    h("span", { class: "note" }, at ? percent(picture.similarity, 1) : t("first")),
    h("button", { class: "quiet", type: "button", "aria-label": t("delete", names), onclick: () => remove(page, picture, names, item) }, icon("trash")));
  return item;
}

async function remove(page, picture, names, item) {
  const place = path`/instances/${page.name}/pictures` + query({ product_id: picture.product_id, pic_name: picture.pic_name });
  const done = await ask({ title: t("delete.title"), body: h("p", {}, t("delete.body", names)), action: t("delete.do"), danger: true, step: () => api.delete(place) });
  if (!done) return;
  const next = item.nextElementSibling ?? item.previousElementSibling ?? item.closest(".card");
  item.remove();
  next.querySelector("a, button")?.focus();
  toast(t("deleted", names));
  await page.changed();
}
