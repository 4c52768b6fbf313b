// Starts an import or a rebuild.

import { api, path } from "../../api.js";
import { h, show } from "../../dom.js";
import { address } from "../../router.js";
import { can, reachesAll } from "../../session.js";
import { card, field, select, tick } from "../../ui/controls.js";
import { ask } from "../../ui/dialog.js";
import { attempt, busy } from "../../ui/feedback.js";
import { t } from "./words.js";

/** The card: { element, repeat(task) }; `onStart` gets the task, `repeat` writes the source of an earlier one into the form. */
export async function importCard(instance, { signal, onStart }) {
  const connections = can("admin") && reachesAll() ? await usable(instance, signal) : null;
  if (connections && !connections.length) return { element: card(t("import"), nothing()), repeat: () => {} };
  const connection = connections
    ? select(connections.map(({ name }) => [name, name]), { value: connections[0].name })
    : h("input", { required: true, autocomplete: "off", spellcheck: "false" }); // its names are shown to admins only
  const bucket = h("input", { autocomplete: "off", spellcheck: "false" });
  const directory = h("input", { value: "/", required: true, autocomplete: "off", spellcheck: "false" });
  const rebuild = tick(t("rebuild"), {});
  const callback = h("input", { type: "url", autocomplete: "off" });
  const place = h("div", {});
  const draw = () => show(place, bucketField(connections?.find(({ name }) => name === connection.value), bucket));
  connection.addEventListener("change", draw);
  draw();
  const value = () => ({
    connection: connection.value, path: directory.value.trim(), rebuild: rebuild.control.checked,
    ...(bucket.isConnected && bucket.value ? { bucket: bucket.value.trim() } : {}),
    ...(callback.value ? { callback: callback.value } : {}),
  });
  const button = h("button", { type: "submit", class: "primary" }, t("start"));
  const told = h("div", {});
  const form = h("form", {},
    h("p", { class: "note" }, t("import.what")),
    field(t("connection"), connection), place, field(t("path"), directory, t("path.note")),
    can("admin") ? h("div", { class: "field" }, rebuild, h("p", { class: "note" }, t("rebuild.note"))) : null,
    h("details", {}, h("summary", {}, t("more")), field(t("callback"), callback, t("callback.note"))),
    told, h("div", { class: "row end" }, button));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (rebuild.control.checked && !(await sure(instance))) return;
    await busy(button, () => attempt(told, async () => onStart(await api.post(path`/instances/${instance}/imports`, value()))));
  });
  const repeat = (task) => {
    connection.value = task.connection;
    rebuild.control.checked = task.kind === "rebuild";
    draw();
    bucket.value = task.bucket ?? "";
    directory.value = task.path;
    button.focus();
  };
  return { element: card(t("import"), form), repeat };
}

async function usable(instance, signal) {
  const { connections } = await api.get("/connections", { signal });
  return connections.filter(({ instances }) => !instances.length || instances.includes(instance));
}

const nothing = () => [
  h("p", { class: "note" }, t("import.what")), h("p", {}, t("no.connections")),
  h("p", {}, h("a", { class: "button", href: address("connections") }, t("make.connection"))),
];

/** A connection that names its bucket leaves nothing to choose; in a directory, buckets are folders. */
function bucketField(connection, bucket) {
  return connection?.bucket ? [] : field(t(connection?.provider === "file" ? "folder" : "bucket"), bucket);
}

const sure = (name) => ask({
  title: t("rebuild.title", { name }), body: h("p", {}, t("rebuild.text")), action: t("rebuild.action"), danger: true,
});
