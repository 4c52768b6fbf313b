// Makes an access key, and shows its secret this once.

import { api } from "../../api.js";
import { h } from "../../dom.js";
import { copyButton, field, select } from "../../ui/controls.js";
import { ask } from "../../ui/dialog.js";
import { instanceChoice } from "../../ui/instance_choice.js";
import { limitFields } from "./limits.js";
import { t } from "./words.js";

/** Asks what the key is to be, makes it, shows it; says whether one was made. */
export async function createKey() {
  const form = keyForm();
  let made = null;
  const done = await ask({
    title: t("create"), body: form.element, action: t("create"),
    step: async () => { made = await api.post("/keys", form.value()); },
  });
  if (done) await ask({ title: t("secret"), body: secrets(made), action: t("close"), only: true });
  return done;
}

function keyForm() {
  const roles = ["reader", "writer", "admin"].map((role) => roleChoice(role));
  const where = instanceChoice(t("instances.note"));
  const lifetime = select([["", t("permanent")], ["some", t("temporary")]], { value: "" });
  const minutes = h("input", { type: "number", min: 1, max: 720, step: 1, value: "60", required: true });
  const minutesField = field(t("minutes"), minutes, t("minutes.note"));
  const limits = limitFields();
  const changed = () => { minutesField.hidden = minutes.disabled = !lifetime.value; };
  changed();
  return {
    element: h("div", { oninput: changed },
      h("fieldset", { class: "plain roles" }, h("legend", {}, t("role")), roles),
      where.element, field(t("lifetime"), lifetime), minutesField, limits.elements),
    value: () => ({
      role: roles.find((each) => each.control.checked).control.value,
      instances: where.value(),
      ...(lifetime.value ? { temporary_minutes: minutes.valueAsNumber } : {}),
      ...limits.value(),
    }),
  };
}

const roleChoice = (role) => h("label", { class: "role" },
  h("input", { type: "radio", name: "role", value: role, checked: role === "reader", "aria-label": t(role), "aria-describedby": `may-${role}` }),
  h("span", {}, h("strong", {}, t(role)), h("span", { class: "note", id: `may-${role}` }, t(`${role}.may`))));

function secrets({ id, secret, security_token: token }) {
  const whole = [id, secret, token].filter(Boolean).join(":");
  return h("div", {},
    h("p", {}, h("strong", {}, t("secret.once"))),
    shown(t("secret.form"), whole),
    h("details", {}, h("summary", {}, t("parts")),
      shown(t("part.id"), id), shown(t("part.secret"), secret), token ? shown(t("part.token"), token) : null));
}

const shown = (name, text) => h("div", { class: "secret" },
  h("span", { class: "note" }, name), h("div", {}, h("code", {}, text), copyButton(text)));
