// What of an import failed, line by line.

import { api, path } from "../../api.js";
import { h } from "../../dom.js";
import { number } from "../../format.js";
import { table } from "../../ui/controls.js";
import { ask } from "../../ui/dialog.js";
import { notedError } from "../../ui/feedback.js";
import { t } from "./words.js";

const MOST = 100;

/** Where the whole report is. */
export const report = (task) => `/api/v1${path`/tasks/${task.id}/failures`}`;

/** Shows the first lines of the report. */
export async function showFailures(task) {
  const lines = await firstLines(await api.get(report(task), { raw: true }));
  const heads = ["line", "product", "picture", "message"].map((each) => t(each));
  await ask({
    title: t("failures.title"), only: true, wide: true,
    body: h("div", {},
      table(t("failures.title"), heads, lines.map((each) => [number(each.line), each.product_id ?? "–", each.pic_name ?? "–", h("div", {}, notedError(each))]), { stacks: true }),
      task.failed > MOST ? h("p", { class: "note" }, t("first", { count: number(MOST) })) : null),
  });
}

/** Reads no more than is shown: a report may have millions of lines. */
async function firstLines(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value = "" } = await reader.read();
    text += value;
    if (done || text.split("\n").length > MOST) break;
  }
  await reader.cancel();
  return text.split("\n").slice(0, MOST).filter(Boolean).map((line) => JSON.parse(line));
}
