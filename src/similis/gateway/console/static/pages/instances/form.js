// What a new instance needs to be told: used in a dialog and on the first page.

import { api } from "../../api.js";
import { h } from "../../dom.js";
import { messages } from "../../i18n.js";
import { refreshInstances } from "../../session.js";
import { field, select } from "../../ui/controls.js";
import { options } from "./options.js";

const t = messages("instance_form", {
  en: {
    name: "Name", "name.note": "1 to 20 letters, digits, - or _, beginning with a letter or digit. It cannot be changed later.",
    type: "What will be in it?",
    generic: "Generic: anything", "generic.note": "Compares every picture with every other. Take this one if in doubt.",
    product: "Product: goods of a shop", "product.note": "Knows fourteen kinds of goods, such as shoes, bags and bottles, and searches inside the kind of the query only.",
    more: "More settings",
    capacity: "Capacity", "capacity.note": "How many pictures it may hold at most. It takes up no space before they are there.",
    index: "Index", "index.note": "What finds the nearest pictures. It can be changed at any time.",
    faiss: "Embedded (faiss)", milvus: "Milvus server",
    region: "Region", "region.note": "A word for your own order. Clients of the cloud service ask by it.",
    model: "Model", "model.note": "Only for an image encoder that you added yourself; leave it empty for the one that is built in.",
  },
  zh: {
    name: "名称", "name.note": "1 至 20 个字母、数字、- 或 _，以字母或数字开头。创建后不可修改。",
    type: "用于存放什么图片？",
    generic: "通用图片", "generic.note": "每张图片与其他所有图片比较。不确定时请选此项。",
    product: "商品图片", "product.note": "可识别鞋、包、瓶饮等十四个商品类目，只在查询图片所属的类目内搜索。",
    more: "更多设置",
    capacity: "容量", "capacity.note": "最多可存放的图片数量。存入图片之前不占用空间。",
    index: "索引", "index.note": "用于查找最相近的图片，可随时更换。",
    faiss: "内嵌（faiss）", milvus: "Milvus 服务器",
    region: "地域", "region.note": "便于自行归类的名称，使用云服务 SDK 的程序会按它查找。",
    model: "模型", "model.note": "仅在使用自行添加的图像编码器时填写；留空则使用内置模型。",
  },
});

/** The two kinds of index, for selects. */
export const indexes = () => [["faiss", t("faiss")], ["milvus", t("milvus")]];

/** The form's fields: { element, create() }; create makes the instance and gives its name, or throws. */
export function instanceForm() {
  const name = h("input", { required: true, maxlength: "20", pattern: "[A-Za-z0-9][A-Za-z0-9_\\-]*", autocomplete: "off", spellcheck: "false" });
  const type = options(t("type"), [["generic", t("generic"), t("generic.note")], ["product", t("product"), t("product.note")]]);
  const capacity = h("input", { type: "number", required: true, min: "1", max: "1000000000", step: "1", value: "100000" });
  const index = select(indexes(), {});
  const region = h("input", { required: true, maxlength: "64", value: "local", autocomplete: "off" });
  const model = h("input", { autocomplete: "off", spellcheck: "false" });
  const element = h("div", {},
    field(t("name"), name, t("name.note")), type.element,
    h("details", {}, h("summary", {}, t("more")),
      field(t("capacity"), capacity, t("capacity.note")), field(t("index"), index, t("index.note")),
      field(t("region"), region, t("region.note")), field(t("model"), model, t("model.note"))));
  const values = () => ({
    name: name.value, type: type.value(), capacity: Number(capacity.value), index: index.value, region: region.value,
    ...(model.value.trim() ? { model: model.value.trim() } : {}),
  });
  return { element, create: () => createInstance(values()) };
}

/** Makes an instance, and gives its name. */
export async function createInstance(values, calling) {
  const { name } = await api.post("/instances", values, calling);
  await refreshInstances(calling);
  return name;
}
