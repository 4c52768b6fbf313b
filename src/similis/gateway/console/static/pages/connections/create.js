// Makes a connection: the fields that its kind of storage needs.

import { api } from "../../api.js";
import { h, show } from "../../dom.js";
import { field, select } from "../../ui/controls.js";
import { ask } from "../../ui/dialog.js";
import { instanceChoice } from "../../ui/instance_choice.js";
import { t } from "./words.js";

const FIELDS = { oss: ["region", "endpoint", "bucket", "role_arn"], s3: ["endpoint", "region", "bucket"], file: ["root", "bucket"] };
const REGIONS = { oss: "cn-shanghai", s3: "us-east-1" };

/** Asks for a connection and makes it; says whether one was made. */
export async function createConnection() {
  const form = connectionForm();
  return ask({ title: t("create"), body: form.element, action: t("create"), step: () => api.post("/connections", form.value()) });
}

function connectionForm() {
  const name = h("input", { required: true, maxLength: 40, pattern: "[A-Za-z0-9][A-Za-z0-9_\\-]*", autocomplete: "off", spellcheck: "false" });
  const provider = select(Object.keys(FIELDS).map((each) => [each, t(each)]), { value: "oss" });
  const where = instanceChoice(t("instances.note"));
  const place = h("div", {});
  let inputs = {};
  const draw = () => {
    inputs = Object.fromEntries(FIELDS[provider.value].map((each) => [each, input(each)]));
    const fields = Object.entries(inputs).map(([each, made]) => field(...words(each, provider.value, made)));
    const secret = provider.value === "file" ? {} : credentialInputs();
    inputs = { ...inputs, ...secret };
    show(place, fields, provider.value === "file" ? null : credentialsPart(secret));
  };
  provider.addEventListener("change", draw);
  draw();
  return {
    element: h("div", {}, field(t("name"), name, t("name.note")), field(t("provider"), provider), place, where.element),
    value: () => ({ name: name.value, provider: provider.value, instances: where.value(), ...given(inputs) }),
  };
}

const input = (name) => h("input", { required: name === "root", autocomplete: "off", spellcheck: "false" });

/** Label, input and note of a field: a directory has folders where clouds have buckets. */
function words(name, provider, made) {
  const key = provider === "file" && name === "bucket" ? "folder" : name;
  return [t(key), made, t(`${key}.note`, { example: REGIONS[provider] })];
}

const credentialInputs = () => ({
  access_key_id: h("input", { autocomplete: "off", spellcheck: "false" }),
  access_key_secret: h("input", { type: "password", autocomplete: "new-password" }),
  security_token: h("input", { type: "password", autocomplete: "new-password" }),
});

const credentialsPart = (inputs) => h("fieldset", { class: "plain" }, h("legend", {}, t("given")),
  h("p", { class: "note" }, t("given.note")),
  Object.entries(inputs).map(([name, made]) => field(t(name), made, name === "security_token" ? t("token_note") : null)));

const given = (inputs) => Object.fromEntries(Object.entries(inputs).map(([name, each]) => [name, each.value.trim()]).filter(([, value]) => value));
