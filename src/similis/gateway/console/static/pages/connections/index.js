// Connections: ways to storage that pictures are imported from.

import { api, path } from "../../api.js";
import { h, show as fill } from "../../dom.js";
import { badge, card, table } from "../../ui/controls.js";
import { ask } from "../../ui/dialog.js";
import { attempt, toast } from "../../ui/feedback.js";
import { icon } from "../../ui/icons.js";
import { checkConnection } from "./check.js";
import { createConnection } from "./create.js";
import { t } from "./words.js";

export async function show(main, { signal }) {
  const place = h("div", {});
  const refresh = () => attempt(place, async () => draw(place, (await api.get("/connections", { signal })).connections, remove));
  const create = h("button", {
    class: "primary", type: "button",
    onclick: async () => {
      if (!(await createConnection())) return;
      await refresh();
      toast(t("made"));
    },
  }, icon("plus"), t("create"));
  const remove = async ({ name }) => {
    if (!(await askToDelete(name))) return;
    await refresh();
    toast(t("deleted"));
    create.focus(); // the button that had it is gone
  };
  main.append(h("div", { class: "row intro" }, h("p", { class: "note" }, t("what")), create), place);
  await refresh();
}

function draw(place, connections, remove) {
  const heads = ["name", "provider", "place", "instances", "credentials", "action"].map((each) => t(each));
  fill(place, card(t("connections"), connections.length
    ? table(t("connections"), heads, connections.map((each) => row(each, remove)), { stacks: true })
    : h("p", { class: "note" }, t("none"))));
}

function row(connection, remove) {
  const { name, provider, instances, credentials } = connection;
  return [
    h("strong", {}, name), t(provider), h("span", {}, where(connection)), instances.length ? instances.join(", ") : t("all"),
    badge(t(credentials ?? "no.credentials"), credentials === "stored" ? "good" : "plain"),
    h("div", { class: "row tight" },
      h("button", { type: "button", class: "small", "aria-label": t("check_one", { name }), onclick: () => checkConnection(connection) }, t("check")),
      h("button", { type: "button", class: "danger small", "aria-label": t("delete_one", { name }), onclick: () => remove(connection) }, t("delete"))),
  ];
}

const where = ({ root, endpoint, region, bucket }) => [root ?? endpoint ?? region, bucket].filter(Boolean).join(" · ") || "–";

const askToDelete = (name) => ask({
  title: t("delete.title", { name }), body: h("p", {}, t("delete.text")), action: t("delete"), danger: true,
  step: () => api.delete(path`/connections/${name}`),
});
