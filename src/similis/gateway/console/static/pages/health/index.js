// Health at a glance: whether the service is ready, how much it does, what it holds; for admins, who did what.

import { api } from "../../api.js";
import { h, show as fill } from "../../dom.js";
import { dateTime, duration, number, percent } from "../../format.js";
import { address } from "../../router.js";
import { can, instances, reachesAll, refreshInstances } from "../../session.js";
import { badge, card, table } from "../../ui/controls.js";
import { repeat } from "../../ui/repeat.js";
import { activityCard } from "./activity.js";
import { history } from "./figures.js";
import { read } from "./metrics.js";
import { t } from "./words.js";

const past = history(); // outlives a change of page, not a reload
const SECONDS = 2;
const ROUNDS = 15; // rounds after which pictures are counted again

export async function show(main, { signal }) {
  const places = { state: h("div", { role: "status" }), charts: h("div", {}), calls: h("div", {}), held: h("div", {}) };
  const activity = can("admin") && reachesAll() ? activityCard(signal) : null;
  main.append(card(t("service"), places.state),
    card(t("now"), places.charts, h("p", { class: "note" }, t("now.note"))), places.calls, places.held, activity?.element ?? "");
  fill(places.held, instancesCard());
  await activity?.load();
  follow(places, signal);
}

/** Draws anew every two seconds, as long as the page is seen. */
function follow(places, signal) {
  let round = 0;
  let shown = "";
  return repeat(async () => {
    const { state, reading } = await look(signal);
    if (signal.aborted) return null;
    if (state !== shown) fill(places.state, stateWords(state, reading)); // said anew only when it is news
    shown = state;
    if (reading) {
      past.add(reading);
      fill(places.charts, past.charts());
      fill(places.calls, past.calls());
    }
    round += 1;
    if (round % ROUNDS === 0 && (await counted(signal))) fill(places.held, instancesCard());
    return SECONDS;
  }, signal);
}

/** What the service says of itself; its figures are null where a proxy keeps them to itself. */
async function look(signal) {
  const status = await api.outside("/readyz", { signal }).then(() => 200, (error) => error.status);
  if (status !== 200 && status !== 503) return { state: "silent", reading: null };
  const reading = await figures(signal);
  if (status === 503) return { state: "loading", reading };
  return { state: reading ? "ready" : "closed", reading };
}

async function figures(signal) {
  try {
    return read(await (await api.outside("/metrics", { signal })).text());
  } catch {
    return null;
  }
}

function stateWords(state, reading) {
  const kind = { ready: "good", closed: "good", loading: "busy", silent: "bad" }[state];
  const start = reading?.process.start;
  const since = start && t("since", { when: dateTime(start * 1000), time: duration(Date.now() / 1000 - start) });
  return [
    h("p", {}, badge(t(state), kind), " ", t(`${state}.text`)),
    since ? h("p", { class: "note" }, since) : null,
  ];
}

const counted = (signal) => refreshInstances({ signal }).then(() => true, () => false);

function instancesCard() {
  const heads = ["instance", "pictures", "capacity", "used"].map((each) => t(each));
  const rows = instances().map(({ name, picture_count: pictures, capacity }) => [
    h("a", { href: address("instance", name) }, name), number(pictures), number(capacity),
    h("span", { class: "used" }, h("progress", { max: capacity, value: pictures, "aria-label": `${name}: ${t("used")}` }), percent(pictures / capacity)),
  ]);
  return card(t("instances"), rows.length ? table(t("instances"), heads, rows, { stacks: true }) : h("p", { class: "note" }, t("no_instances")));
}
