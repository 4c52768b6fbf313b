// One task as it stands.

import { api, path } from "../../api.js";
import { h, show } from "../../dom.js";
import { bytes, dateTime, duration, number } from "../../format.js";
import { can } from "../../session.js";
import { badge, figure } from "../../ui/controls.js";
import { attempt, busy, notedError, progressBar } from "../../ui/feedback.js";
import { icon } from "../../ui/icons.js";
import { report, showFailures } from "./failures.js";
import { t } from "./words.js";

const KINDS = { processing: "busy", cancelling: "busy", success: "good", fail: "bad", cancelled: "plain" };
const counts = { import: ["lines", "added", "replaced", "deleted", "failed"], rebuild: ["lines", "added", "failed"] };

/** The list's item: { element, update(task) }; `onAgain` is asked for once more of the same. */
export function taskItem(task, { onAgain, onChange }) {
  const named = { kind: t(`kind.${task.kind}`), id: task.id };
  const title = h("h3", { tabindex: "-1" }, t("task", named));
  const state = h("span", { role: "status" });
  const bar = progressBar(t("progress", named));
  const figures = h("div", { class: "figures" });
  const told = h("div", {});
  const times = h("p", { class: "note" });
  const actions = h("div", { class: "row tight" });
  const first = { ...task, at: performance.now() };
  let shown = "";
  const update = (now) => {
    const word = stateOf(now);
    bar.element.hidden = now.status !== "processing";
    bar.set(now.read_bytes, now.total_bytes, pace(now, first));
    show(figures, figuresOf(now));
    show(times, timesOf(now));
    if (shown === word) return; // buttons stay where they are while one presses them
    shown = word;
    show(state, badge(t(word), KINDS[word]));
    show(told, now.message ? h("div", { class: "message" }, notedError(now)) : []);
    const held = actions.contains(document.activeElement);
    show(actions, buttons(now, { named, told, onAgain, onChange }));
    if (held) (actions.querySelector("button, a") ?? title).focus();
  };
  update(task);
  const source = [task.connection, task.bucket, task.path].filter(Boolean).join(" · ");
  const element = h("li", { class: "task" },
    h("div", { class: "row between" }, title, state),
    source ? h("p", { class: "note" }, source) : null, bar.element, figures, told, h("div", { class: "row between" }, times, actions));
  return { element, update };
}

function stateOf({ status, cancelling, code }) {
  if (status === "processing") return cancelling ? "cancelling" : "processing";
  return code === "task_cancelled" ? "cancelled" : status;
}

/** Pace and time left are measured from when the page first saw the task, by this machine's clock. */
function pace(now, first) {
  if (now.kind === "export" || now.kind === "rekey") return "";
  if (now.total_bytes === null) return t("waiting");
  const told = [t("bytes", { done: bytes(now.read_bytes), total: bytes(now.total_bytes) })];
  const seconds = (performance.now() - first.at) / 1000;
  const read = now.read_bytes - first.read_bytes;
  if (seconds > 2 && read > 0) {
    told.push(t("rate", { rate: number((now.lines - first.lines) / seconds, 1) }), t("left", { time: duration(((now.total_bytes - now.read_bytes) * seconds) / read) }));
  }
  return told.join(" · ");
}

function figuresOf(task) {
  const named = counts[task.kind];
  if (!named) return figure(number(task.added), t("pictures"));
  return named.map((name) => figure(number(task[name]), t(name)));
}

function timesOf({ status, created_at: begun, updated_at: ended }) {
  const told = t("began", { when: dateTime(begun) });
  return status === "processing" ? told : `${told} · ${t("took", { time: duration((new Date(ended) - new Date(begun)) / 1000) })}`;
}

function buttons(task, { named, told, onAgain, onChange }) {
  const running = task.status === "processing";
  const cancel = h("button", {
    type: "button", class: "small", "aria-label": t("cancel_one", named),
    onclick: () => busy(cancel, () => attempt(told, async () => onChange(await api.post(path`/tasks/${task.id}/cancel`)))),
  }, t("cancel"));
  const see = h("button", { type: "button", class: "small", onclick: () => busy(see, () => attempt(told, () => showFailures(task))) }, t("failures"));
  return [
    running && !task.cancelling && can("writer") ? cancel : null,
    !running && task.failed ? [see, save(report(task), t("report"))] : null,
    task.export_url ? save(`/api/v1${path`/tasks/${task.id}/export`}`, t("file")) : null,
    !running && task.connection && (task.kind !== "rebuild" || can("admin")) ? h("button", { type: "button", class: "small", onclick: () => onAgain(task) }, t("again")) : null,
  ];
}

const save = (href, text) => h("a", { class: "button small", href, download: "" }, icon("download"), text);
