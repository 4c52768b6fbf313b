// Who did what: the audit log, for admins of the whole service.

import { api, query } from "../../api.js";
import { h, show } from "../../dom.js";
import { dateTime } from "../../format.js";
import { instances } from "../../session.js";
import { badge, card, select, table, tick } from "../../ui/controls.js";
import { attempt, busy } from "../../ui/feedback.js";
import { action } from "./action_words.js";
import { t } from "./words.js";

const PAGE = 10;

/** The card: { element, load() }. It does not refresh by itself: each look at the log is noted in it. */
export function activityCard(signal) {
  const told = h("div", {});
  const place = h("div", {});
  const instance = select([["", t("all")], ...instances().map(({ name }) => [name, name])], { value: "", "aria-label": t("instance") });
  const changes = tick(t("changes"), { checked: true });
  let shown = PAGE;
  let asking = new AbortController();
  signal.addEventListener("abort", () => asking.abort());
  const load = () => attempt(told, async () => {
    asking.abort(); // what comes late is for another choice
    asking = new AbortController();
    const wanted = { instance: instance.value, changes: changes.control.checked, num: shown };
    const { events, more: left } = await api.get(`/audit${query(wanted)}`, { signal: asking.signal });
    show(place, events.length ? list(events) : h("p", { class: "note" }, t("nothing")));
    more.hidden = !left;
  });
  const anew = () => {
    shown = PAGE;
    return load();
  };
  const refresh = h("button", { type: "button", onclick: () => busy(refresh, load) }, t("refresh"));
  const more = h("button", { type: "button", hidden: true, onclick: () => {
    shown = Math.min(shown + 2 * PAGE, 1000);
    return busy(more, load);
  } }, t("older"));
  const filters = h("div", { class: "row", onchange: anew }, instance, changes);
  return {
    element: card(t("activity"), h("p", { class: "note" }, t("activity.note")), h("div", { class: "row between" }, filters, refresh), told, place, h("div", { class: "row end" }, more)),
    load,
  };
}

const list = (events) => table(t("activity"), ["when", "who", "what", "subject", "outcome"].map((each) => t(each)), events.map(row), { stacks: true });

/** The action's words, with its name in the log, by which filters and files know it. */
const doneWords = (name) => h("div", {}, h("span", {}, action(name)), " ", h("code", { class: "note" }, name));

function row({ at, actor, action: done, instance, subject, erased, outcome, count }) {
  const on = [instance, erased ? t("erased") : subject, count === null ? null : `× ${count}`].filter(Boolean).join(" · ");
  return [dateTime(at), h("code", {}, actor), doneWords(done), h("span", {}, on || "–"), outcome === "ok" ? badge(t("ok"), "good") : badge(outcome, "bad")];
}
