// Deleting pictures: one, a product's, or all that match a filter.

import { api, path, query } from "../../api.js";
import { h, show } from "../../dom.js";
import { number } from "../../format.js";
import { messages } from "../../i18n.js";
import { card, field } from "../../ui/controls.js";
import { ask } from "../../ui/dialog.js";
import { icon } from "../../ui/icons.js";
import { options } from "./options.js";

const t = messages("instance_pictures", {
  en: {
    title: "Delete pictures", way: "Which pictures?", product: "Of a product", filter: "That match a filter",
    id: "ProductId", name: "PicName", "name.note": "Empty: all pictures of the product.", text: "Filter", "text.note": "Such as int_attr>=2 AND str_attr=\"red\".",
    delete: "Delete …", "delete.title": "Delete these pictures?", "delete.do": "Delete", undo: "This cannot be undone.",
    "of.product": "All pictures of the product {product}.", "of.one": "The picture {name} of the product {product}.", "of.filter": "All pictures that match {filter}.",
    deleted: "{count} pictures deleted.", "deleted.one": "One picture deleted.", none: "No such picture was there.",
  },
  zh: {
    title: "删除图片", way: "删除哪些图片？", product: "按商品", filter: "按筛选条件",
    id: "ProductId", name: "PicName", "name.note": "留空则删除该商品的全部图片。", text: "筛选条件", "text.note": "例如 int_attr>=2 AND str_attr=\"red\"。",
    delete: "删除…", "delete.title": "删除这些图片？", "delete.do": "删除", undo: "此操作无法撤销。",
    "of.product": "商品 {product} 的全部图片。", "of.one": "商品 {product} 的图片 {name}。", "of.filter": "符合 {filter} 的全部图片。",
    deleted: "已删除 {count} 张图片。", "deleted.one": "已删除 1 张图片。", none: "没有这样的图片。",
  },
});

/** The part of the page. */
export function pictures(page) {
  const product = h("input", { required: true, autocomplete: "off", spellcheck: "false" });
  const name = h("input", { autocomplete: "off", spellcheck: "false" });
  const filter = h("input", { required: true, autocomplete: "off", spellcheck: "false" });
  const fields = h("div", {});
  const way = options(t("way"), [["product", t("product")], ["filter", t("filter")]], () => draw());
  const draw = () => show(fields, way.value() === "product"
    ? h("div", { class: "row start" }, field(t("id"), product), field(t("name"), name, t("name.note")))
    : field(t("text"), filter, t("text.note")));
  draw();
  const result = h("p", { role: "status", class: "result" });
  const chosen = () => (way.value() === "product" ? { product_id: product.value, pic_name: name.value } : { filter: filter.value });
  const onsubmit = (event) => {
    event.preventDefault();
    remove(page, chosen(), result);
  };
  return card(t("title"), h("form", { onsubmit }, way.element, fields, result, h("button", { class: "danger", type: "submit" }, icon("trash"), t("delete"))));
}

async function remove(page, chosen, result) {
  result.textContent = "";
  let deleted = [];
  const step = async () => { ({ deleted } = await api.delete(path`/instances/${page.name}/pictures` + query(chosen))); };
  const done = await ask({
    title: t("delete.title"), body: h("p", {}, `${told(chosen)} ${t("undo")}`), action: t("delete.do"), danger: true, step,
  });
  if (!done) return;
  result.textContent = deleted.length === 1 ? t("deleted.one") : deleted.length ? t("deleted", { count: number(deleted.length) }) : t("none");
  await page.changed();
}

function told({ product_id: product, pic_name: name, filter }) {
  if (filter) return t("of.filter", { filter });
  return name ? t("of.one", { product, name }) : t("of.product", { product });
}
