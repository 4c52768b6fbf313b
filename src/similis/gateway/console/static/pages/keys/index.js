// Access keys: who may do what, and where.

import { api, path } from "../../api.js";
import { h, show as fill } from "../../dom.js";
import { dateTime, number } from "../../format.js";
import { current, forget } from "../../session.js";
import { badge, card, table } from "../../ui/controls.js";
import { ask } from "../../ui/dialog.js";
import { attempt, toast } from "../../ui/feedback.js";
import { icon } from "../../ui/icons.js";
import { createKey } from "./create.js";
import { changeLimits, limits } from "./limits.js";
import { t } from "./words.js";

export async function show(main, { signal }) {
  const place = h("div", {});
  const refresh = () => attempt(place, async () => draw(place, (await api.get("/keys", { signal })).keys, refresh));
  const button = h("button", {
    class: "primary", type: "button",
    onclick: async () => { if (await createKey()) await refresh(); },
  }, icon("plus"), t("create"));
  main.append(h("div", { class: "row intro" }, h("p", { class: "note" }, t("what")), button), place);
  await refresh();
}

function draw(place, keys, refresh) {
  const used = keys.filter((key) => !ended(key)).reverse(); // the newest first
  const over = keys.filter(ended).reverse();
  fill(place, card(t("keys"),
    used.length
      ? table(t("keys"), heads("action"), used.map((key) => [...row(key), action(key, place, refresh)]), { stacks: true })
      : h("p", {}, t("none")),
    over.length ? h("details", {}, h("summary", {}, t("ended", { count: number(over.length) })),
      table(t("ended", { count: number(over.length) }), heads("state"), over.map((key) => [...row(key), state(key)]), { stacks: true })) : null));
}

const ended = (key) => key.disabled || (key.expires_at !== null && new Date(key.expires_at) <= Date.now());
const heads = (last) => ["id", "role", "instances", "made", "ends", "limits", last].map((each) => t(each));

const row = (key) => [
  h("code", {}, key.id), t(key.role), key.instances.length ? key.instances.join(", ") : t("all"), dateTime(key.created_at),
  key.expires_at ? dateTime(key.expires_at) : t("never"), limits(key),
];

const state = (key) => badge(t(key.disabled ? "disabled" : "over"));

function action(key, place, refresh) {
  return h("div", { class: "row" },
    h("button", {
      type: "button", class: "small", "aria-label": t("limits_one", { id: key.id }), onclick: () => limit(key, place, refresh),
    }, t("limits.change")),
    h("button", {
      type: "button", class: "danger small", "aria-label": t("disable_one", { id: key.id }), onclick: () => disable(key, place, refresh),
    }, t("disable")),
    key.id === current().key_id ? badge(t("yours"), "good") : null);
}

async function limit(key, place, refresh) {
  if (!(await changeLimits(key))) return;
  await refresh();
  toast(t("limits_now"));
  place.querySelector(".table")?.focus(); // the button that had it is gone
}

async function disable(key, place, refresh) {
  const yours = key.id === current().key_id;
  const done = await ask({
    title: t("disable.title"), action: t("disable"), danger: true,
    body: h("div", {}, h("p", {}, t("disable.text", { id: key.id })), yours ? h("p", {}, h("strong", {}, t("disable.yours"))) : null),
    step: () => api.post(path`/keys/${key.id}/disable`),
  });
  if (!done) return;
  if (yours) {
    forget();
    location.reload();
    return;
  }
  await refresh();
  toast(t("disabled_now"));
  place.querySelector(".table")?.focus(); // the button that had it is gone
}
