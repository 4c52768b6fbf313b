// The first run: from nothing to the first search, with pictures that are drawn here or with one's own.

import { h } from "../../dom.js";
import { messages } from "../../i18n.js";
import { go } from "../../router.js";
import { can, current, reachesAll } from "../../session.js";
import { card } from "../../ui/controls.js";
import { attempt, busy, progressBar } from "../../ui/feedback.js";
import { icon } from "../../ui/icons.js";
import { instanceForm } from "../instances/form.js";
import { handOver } from "../search/handover.js";
import { addSamples } from "./fill.js";
import { KEPT_BACK, PRODUCTS, sample, SAMPLES, STORED } from "./samples.js";

const SEARCHED = "sneaker";
const t = messages("welcome", {
  en: {
    claim: "Add the pictures of your products. Then send a photo and get the same product, or what looks most like it. Pictures are never stored: Similis keeps only numbers that describe them.",
    see: "See it work", try: "Try with sample pictures", "try.note": "{products} products, {pictures} pictures, drawn by your browser. They go into an instance “samples”; then a photo that is not among them is searched for. Half a minute.",
    adding: "Adding sample pictures", added: "{done} of {total} pictures",
    own: "Begin with your own", "own.note": "An instance holds the pictures that are searched together.", create: "Create and add pictures",
    ask: "Ask for an instance", "ask.note": "Your access key {id} reaches no instance yet, and a {role} cannot make one. Ask whoever runs this service for an instance and a key that reaches it.",
    admin: "admin", writer: "writer", reader: "reader",
  },
  zh: {
    claim: "先添加商品图片，再用一张照片查找同款或最相似的商品。图片本身从不保存：Similis 只保留描述图片的数值。",
    see: "先看效果", try: "用示例图片试一试", "try.note": "{products} 个商品，共 {pictures} 张图片，由浏览器现场绘制。图片存入实例“samples”，随后用一张不在其中的照片进行搜索。大约半分钟。",
    adding: "正在添加示例图片", added: "已添加 {done}/{total} 张",
    own: "使用自己的图片", "own.note": "一个实例存放可一起搜索的图片。", create: "创建并添加图片",
    ask: "申请实例", "ask.note": "您的访问密钥 {id} 还没有可用的实例，且{role}无法创建实例。请联系服务管理员创建实例，并为您分配可访问的密钥。",
    admin: "管理员", writer: "写入者", reader: "读取者",
  },
});

/** Draws the page; see router.js. */
export async function show(main, { signal }) {
  const makes = can("admin") && reachesAll();
  main.append(h("p", { class: "lead" }, t("claim")));
  main.append(makes ? h("div", { class: "columns" }, tryCard(signal, await shelf()), ownCard()) : askCard());
}

/** The drawn products, side by side. */
async function shelf() {
  const files = await Promise.all(PRODUCTS.map((product) => sample(product, STORED[0])));
  return h("div", { class: "shelf", "aria-hidden": "true" }, files.map(thumbnail));
}

function thumbnail(file) {
  const address = URL.createObjectURL(file);
  return h("img", { src: address, alt: "", onload: () => URL.revokeObjectURL(address) });
}

function tryCard(signal, pictures) {
  const told = h("div", {});
  const place = h("div", {});
  const button = h("button", { class: "primary", type: "button", onclick: () => busy(button, run) }, icon("spark"), t("try"));
  async function run() {
    const progress = progressBar(t("adding"));
    place.replaceChildren(progress.element);
    const good = await attempt(told, async () => {
      await addSamples(signal, (done, total) => progress.set(done, total, t("added", { done, total })));
      handOver(SAMPLES, await sample(SEARCHED, KEPT_BACK));
    });
    if (signal.aborted) return;
    if (good) go("search", SAMPLES);
    else place.replaceChildren();
  }
  const words = t("try.note", { products: PRODUCTS.length, pictures: PRODUCTS.length * STORED.length });
  return card(t("see"), h("p", { class: "note" }, words), pictures, place, told, button);
}

function ownCard() {
  const told = h("div", {});
  const fields = instanceForm();
  const button = h("button", { type: "submit" }, icon("plus"), t("create"));
  const make = async () => go("add", await fields.create());
  const onsubmit = (event) => {
    event.preventDefault();
    busy(button, () => attempt(told, make));
  };
  return card(t("own"), h("p", { class: "note" }, t("own.note")), h("form", { onsubmit }, fields.element, told, button));
}

function askCard() {
  const { key_id: id, role } = current();
  return card(t("ask"), h("p", {}, t("ask.note", { id, role: t(role) })));
}
