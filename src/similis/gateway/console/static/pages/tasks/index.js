// Imports, rebuilds and exports of an instance: starts them, follows them; and changes of its key, which begin on its own page.

import { api, isAbort, path, query } from "../../api.js";
import { h, show as fill } from "../../dom.js";
import { can, refreshInstances } from "../../session.js";
import { card } from "../../ui/controls.js";
import { attempt, errorBox } from "../../ui/feedback.js";
import { repeat } from "../../ui/repeat.js";
import { exportCard } from "./export_card.js";
import { importCard } from "./import_form.js";
import { taskItem } from "./task.js";
import { t } from "./words.js";

const PAGE = 10;
const LONG = 60; // polls after which a task is one that takes its time

export async function show(main, { instance, signal }) {
  const list = taskList(instance, { signal, onAgain: (task) => form?.repeat(task) });
  const onStart = (task) => list.take(task, true);
  const form = can("writer") ? await importCard(instance, { signal, onStart }) : null;
  main.append(h("div", { class: "tasks-page" },
    form ? h("div", {}, form.element, exportCard(instance, onStart)) : null,
    list.element));
  await list.load();
}

/** All tasks, the newest first; it follows those that are running. */
function taskList(instance, { signal, onAgain }) {
  const told = h("div", {});
  const place = h("ul", { class: "tasks" });
  const none = h("p", { class: "note", hidden: true }, t("none"));
  const more = h("button", { type: "button", hidden: true, onclick: () => load(items.size + PAGE) }, t("show.more"));
  const items = new Map(); // by number: { task, element, update }
  let following = false;

  const take = (task, focus = false) => {
    const item = items.get(task.id);
    if (item) {
      item.task = task;
      item.update(task);
    } else {
      items.set(task.id, { task, ...taskItem(task, { onAgain, onChange: take }) });
      fill(place, [...items.keys()].sort((one, other) => other - one).map((id) => items.get(id).element));
    }
    none.hidden = items.size > 0;
    if (focus) items.get(task.id).element.querySelector("h3").focus();
    follow();
  };
  const load = (count = PAGE) => attempt(told, async () => {
    const { tasks, total } = await tasksOf(instance, count, signal);
    tasks.forEach((task) => take(task));
    none.hidden = items.size > 0;
    more.hidden = items.size >= total;
  });
  const running = () => [...items.values()].filter(({ task }) => task.status === "processing").map(({ task }) => task);
  const follow = async () => {
    if (following || !running().length) return;
    following = true;
    let polls = 0;
    await repeat(() => poll(running(), take, told, signal, polls++), signal);
    following = false;
    if (!signal.aborted) await refreshInstances({ signal }).catch(() => {}); // the figures of other pages
  };
  const refresh = h("button", { type: "button", class: "small", onclick: () => load(Math.max(items.size, PAGE)) }, t("refresh"));
  const element = card(null, h("div", { class: "row between" }, h("h2", {}, t("tasks")), refresh), told, none, place, more);
  return { element, take, load };
}

/** Asks for what is running, and gives the seconds until it does so again. */
async function poll(running, take, told, signal, polls) {
  if (!running.length) return null;
  try {
    for (const { id } of running) take(await api.get(path`/tasks/${id}`, { signal }));
    fill(told);
  } catch (error) {
    if (isAbort(error)) return null;
    fill(told, errorBox(error));
    return Math.max(error.retryAfter ?? 0, 5);
  }
  return polls < LONG ? 1 : 3;
}

async function tasksOf(instance, num, signal) {
  const kinds = ["imports", "rekey", ...(can("writer") ? ["exports"] : [])];
  const pages = await Promise.all(kinds.map((kind) => api.get(`${path`/instances/${instance}/`}${kind}${query({ num })}`, { signal })));
  const tasks = pages.flatMap((page) => page.tasks).sort((one, other) => other.id - one.id).slice(0, num);
  return { tasks, total: pages.reduce((sum, page) => sum + page.total, 0) };
}
