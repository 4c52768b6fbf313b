// What keeps an instance in order: its index and its key.

import { api, path } from "../../api.js";
import { h, show } from "../../dom.js";
import { number } from "../../format.js";
import { messages } from "../../i18n.js";
import { instance as known } from "../../session.js";
import { card, field, select } from "../../ui/controls.js";
import { ask } from "../../ui/dialog.js";
import { attempt, busy, progressBar, toast } from "../../ui/feedback.js";
import { repeat } from "../../ui/repeat.js";
import { indexes } from "./form.js";

const t = messages("upkeep", {
  en: {
    title: "Index and key",
    rebuild: "Rebuild the index", "rebuild.note": "Makes the index anew from the stored features. Searches go on meanwhile.", rebuilt: "The index is made anew.",
    move: "Searched by", "move.note": "Another index is filled first and then takes over. Searches and changes go on meanwhile.", "move.do": "Move", moved: "It is searched by {index} now.",
    rekey: "Change the key", "rekey.note": "Every instance has a key of its own that its features are stored by. A new one makes all earlier copies of the data useless. No changes are taken meanwhile; no picture is needed.",
    "rekey.title": "Change the key of {name}?", "rekey.do": "Change", rekeying: "Changing the key", done: "{done} of {total} pictures", rekeyed: "The key is changed.",
    failed: "The key was not changed:",
  },
  zh: {
    title: "索引与密钥",
    rebuild: "重建索引", "rebuild.note": "用已存储的特征重新生成索引，期间搜索不受影响。", rebuilt: "索引已重建。",
    move: "使用的索引", "move.note": "先填充另一个索引，再由它接替。期间搜索和更改照常进行。", "move.do": "迁移", moved: "现在由 {index} 搜索。",
    rekey: "更换密钥", "rekey.note": "每个实例用自己的密钥存储特征。更换后，数据的旧副本都将失效。更换期间不接受更改；无需任何图片。",
    "rekey.title": "更换 {name} 的密钥？", "rekey.do": "更换", rekeying: "正在更换密钥", done: "{done}/{total} 张图片", rekeyed: "密钥已更换。",
    failed: "密钥未更换：",
  },
});

/** The part of the page. */
export function upkeep(page) {
  return card(t("title"), rebuilding(page), moving(page), rekeying(page));
}

function rebuilding(page) {
  const told = h("div", {});
  const button = h("button", { type: "button", onclick: () => busy(button, run) }, t("rebuild"));
  const run = async () => {
    const good = await attempt(told, () => api.post(path`/instances/${page.name}/rebuild`, undefined, { signal: page.signal }));
    if (good) toast(t("rebuilt"));
  };
  return h("div", { class: "step" }, button, h("p", { class: "note" }, t("rebuild.note")), told);
}

function moving(page) {
  const told = h("div", {});
  const index = select(indexes(), { value: known(page.name).index });
  const button = h("button", { type: "submit" }, t("move.do"));
  const move = async () => {
    await api.post(path`/instances/${page.name}/move`, { index: index.value }, { signal: page.signal });
    await page.changed();
    toast(t("moved", { index: index.value }));
  };
  const onsubmit = (event) => {
    event.preventDefault();
    busy(button, () => attempt(told, move));
  };
  return h("form", { class: "step", onsubmit },
    h("div", { class: "row bottom" }, field(t("move"), index), h("div", { class: "field fixed" }, button)), h("p", { class: "note" }, t("move.note")), told);
}

function rekeying(page) {
  const told = h("div", {});
  const place = h("div", {});
  const button = h("button", { type: "button", onclick: () => begin() }, t("rekey"));
  const follow = (task) => busy(button, () => attempt(told, () => followed(page, task, place)));
  async function begin() {
    let task = null;
    const step = async () => { task = await api.post(path`/instances/${page.name}/rekey`); };
    const asked = { title: t("rekey.title", { name: page.name }), body: h("p", {}, t("rekey.note")), action: t("rekey.do"), step };
    if (await ask(asked)) await follow(task);
    button.focus();
  }
  attempt(told, async () => { // one that another page began goes on
    const { tasks } = await api.get(path`/instances/${page.name}/rekey` + "?num=1", { signal: page.signal });
    if (tasks[0]?.status === "processing") await follow(tasks[0]);
  });
  return h("div", { class: "step" }, button, h("p", { class: "note" }, t("rekey.note")), place, told);
}

/** Shows how far a change of key is, until it has ended. */
async function followed(page, begun, place) {
  const progress = progressBar(t("rekeying"));
  const total = known(page.name).picture_count;
  show(place, progress.element);
  let task = begun;
  await repeat(async () => {
    progress.set(task.added, total, t("done", { done: number(task.added), total: number(total) }));
    if (task.status !== "processing") return null;
    task = await api.get(path`/tasks/${task.id}`, { signal: page.signal });
    return task.status === "processing" ? 1 : 0;
  }, page.signal);
  if (page.signal.aborted) return;
  const told = task.status === "success" ? t("rekeyed") : [t("failed"), " ", h("span", { lang: "en" }, task.message)];
  show(place, h("p", { role: "status" }, told));
  await page.changed();
}
