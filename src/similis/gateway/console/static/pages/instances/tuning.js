// Tuning: learning from the instance's own products what tells them apart.

import { api, path } from "../../api.js";
import { h, show } from "../../dom.js";
import { duration } from "../../format.js";
import { messages } from "../../i18n.js";
import { can, instance as known } from "../../session.js";
import { card } from "../../ui/controls.js";
import { attempt, busy, progressBar, toast } from "../../ui/feedback.js";
import { icon } from "../../ui/icons.js";
import { repeat } from "../../ui/repeat.js";
import { tuningReport } from "./tuning_report.js";

const t = messages("tuning", {
  en: {
    title: "Tuning", what: "Learns from your own products what tells them apart: pictures with the same ProductId show what must not matter. It is tried on products that it was not learned from, and used only if it surely helps. No picture is needed.",
    try: "Only try", run: "Tune", undo: "Undo", running: "Learning and trying", since: "for {time}; up to some minutes", untried: "Not tried yet.",
    undone: "Searches use the features as they are.",
  },
  zh: {
    title: "调优", what: "从您自己的商品中学习如何区分它们：ProductId 相同的图片说明哪些差异无关紧要。效果用未参与学习的商品检验，只有确实更好才会启用。无需任何图片。",
    try: "仅试运行", run: "开始调优", undo: "撤销", running: "正在学习和检验", since: "已用 {time}，最多几分钟", untried: "尚未试过。",
    undone: "搜索已恢复使用原始特征。",
  },
});

/** The part of the page. */
export function tuning(page) {
  const told = h("div", {});
  const result = h("div", { "aria-live": "polite" });
  const actions = h("div", { class: "row tight" });
  const view = { told, result, actions };
  draw(page, view);
  return card(t("title"), h("p", { class: "note" }, t("what")), result, told, can("admin") ? actions : null);
}

/** What stands: the report of the last one, and what can be done now. `tried` is one that changed nothing. */
function draw(page, view, tried = null) {
  const kept = known(page.name).tuning;
  const report = tried ?? kept;
  show(view.result, report ? tuningReport(report) : h("p", {}, t("untried")));
  const button = (name, picture, step, kind) => {
    const made = h("button", { type: "button", class: kind, onclick: () => busy(made, () => step(page, view)) }, icon(picture), t(name));
    return made;
  };
  show(view.actions,
    button("run", "tune", (...all) => tune(...all, false)), button("try", "check", (...all) => tune(...all, true), "quiet"),
    kept?.adopted ? button("undo", "undo", undo, "quiet") : null);
}

async function tune(page, view, dryRun) {
  for (const other of view.actions.children) other.disabled = true;
  const waiting = new AbortController();
  page.signal.addEventListener("abort", () => waiting.abort(), { once: true });
  show(view.result, clock(waiting.signal));
  let report = null;
  await attempt(view.told, async () => {
    report = await api.post(path`/instances/${page.name}/tuning`, { dry_run: dryRun }, { signal: page.signal });
    await page.changed();
  });
  waiting.abort();
  if (page.signal.aborted) return;
  draw(page, view, report);
  view.actions.firstElementChild.focus();
}

/** Nobody knows how long it takes; that it goes on is seen by the time. */
function clock(signal) {
  const progress = progressBar(t("running"));
  const began = Date.now();
  repeat(() => {
    progress.set(0, null, t("since", { time: duration((Date.now() - began) / 1000) }));
    return 1;
  }, signal);
  const { element } = progress;
  element.setAttribute("aria-live", "off"); // a screen reader need not tell each second
  return [h("p", {}, t("running")), element];
}

async function undo(page, view) {
  const good = await attempt(view.told, async () => {
    await api.delete(path`/instances/${page.name}/tuning`, { signal: page.signal });
    await page.changed();
  });
  if (!good || page.signal.aborted) return;
  toast(t("undone"));
  draw(page, view);
  view.actions.firstElementChild.focus();
}
