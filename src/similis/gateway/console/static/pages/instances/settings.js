// What of an instance can be changed at any time.

import { api, path } from "../../api.js";
import { h } from "../../dom.js";
import { messages } from "../../i18n.js";
import { instance as known, reachesAll } from "../../session.js";
import { card, field } from "../../ui/controls.js";
import { attempt, busy, toast } from "../../ui/feedback.js";
import { pictureAddress } from "../search/product_picture.js";

const EXAMPLE = { product_id: "boot-17", pic_name: "front.jpg", custom_content: "b17" };
const t = messages("instance_settings", {
  en: {
    title: "Settings", save: "Save", saved: "Saved.",
    capacity: "Capacity", "capacity.note": "How many pictures it may hold, and not fewer than it does.",
    retention: "Days to keep pictures", "retention.note": "Pictures are removed so many days after they were added. Empty: they are kept for ever.",
    qps: "Calls a second", "qps.note": "More calls than this are refused for the moment. Empty: no limit.",
    bytes: "Bytes of a call", "bytes.note": "Larger calls are refused. Empty: as many as the service takes.",
    url: "Picture URL", "url.note": "Where your shop has the pictures, for Similis keeps none. {product_id}, {pic_name} and {custom_content} stand for those of a picture. Only browsers that show this console call it.",
    example: "Example: {address}", placeholder: "https://shop.example/p/{product_id}/{pic_name}",
  },
  zh: {
    title: "设置", save: "保存", saved: "已保存。",
    capacity: "容量", "capacity.note": "最多可存放的图片数量，不得少于现有图片数。",
    retention: "图片保留天数", "retention.note": "图片在添加后经过这些天数会被删除。留空表示永久保留。",
    qps: "每秒调用次数", "qps.note": "超出的调用会被暂时拒绝。留空表示不限。",
    bytes: "每次调用的字节数", "bytes.note": "更大的调用会被拒绝。留空表示与服务上限相同。",
    url: "图片 URL", "url.note": "Similis 不保存图片，请填写店铺中图片的地址。{product_id}、{pic_name} 和 {custom_content} 会替换为各图片的对应值。只有显示本控制台的浏览器会访问它。",
    example: "示例：{address}", placeholder: "https://shop.example/p/{product_id}/{pic_name}",
  },
});

/** The part of the page. */
export function settings(page) {
  const { capacity, picture_count: count, retention_days: days, qps, max_body: bytes, picture_url: url } = known(page.name);
  const inputs = {
    capacity: h("input", { type: "number", required: true, min: text(Math.max(1, count)), max: "1000000000", step: "1", value: text(capacity), disabled: !reachesAll() }),
    retention_days: h("input", { type: "number", min: "1", max: "36500", step: "1", value: text(days) }),
    qps: h("input", { type: "number", min: "0.01", max: "100000", step: "any", value: text(qps), disabled: !reachesAll() }),
    max_body: h("input", { type: "number", min: "65536", max: "8388608", step: "1", value: text(bytes), disabled: !reachesAll() }),
    picture_url: h("input", { value: text(url), placeholder: t("placeholder"), maxlength: "1000", inputmode: "url", spellcheck: "false", autocomplete: "off" }),
  };
  const told = h("div", {});
  const button = h("button", { type: "submit" }, t("save"));
  const onsubmit = (event) => {
    event.preventDefault();
    busy(button, () => attempt(told, () => save(page, inputs)));
  };
  return card(t("title"), h("form", { onsubmit },
    h("div", { class: "row start" },
      field(t("capacity"), inputs.capacity, t("capacity.note")),
      field(t("retention"), inputs.retention_days, t("retention.note")), field(t("qps"), inputs.qps, t("qps.note")),
      field(t("bytes"), inputs.max_body, t("bytes.note"))),
    field(t("url"), inputs.picture_url, t("url.note")), example(inputs.picture_url), told, button));
}

const text = (value) => (value === null ? "" : String(value));

/** What the template makes of a picture, while it is typed. */
function example(input) {
  const output = h("output", { class: "note example", for: input.id });
  const draw = () => {
    const address = pictureAddress(input.value.trim(), EXAMPLE);
    output.textContent = address ? t("example", { address }) : "";
  };
  input.addEventListener("input", draw);
  draw();
  return output;
}

async function save(page, inputs) {
  const changes = changed(known(page.name), inputs);
  if (Object.keys(changes).length) await api.patch(path`/instances/${page.name}`, changes, { signal: page.signal });
  if ("picture_url" in changes) location.reload(); // the security policy came with the page, and names the host of pictures
  await page.changed();
  toast(t("saved"));
}

/** Only what is not as it was; null ends a limit. */
function changed(before, { capacity, retention_days: days, qps, max_body: bytes, picture_url: url }) {
  const now = {
    capacity: Number(capacity.value),
    retention_days: days.value === "" ? null : Number(days.value),
    qps: qps.value === "" ? null : Number(qps.value),
    max_body: bytes.value === "" ? null : Number(bytes.value),
    picture_url: url.value.trim() || null,
  };
  return Object.fromEntries(Object.entries(now).filter(([name, value]) => value !== before[name]));
}
