// The fourteen categories of product instances, by their numbers on the wire.

import { messages } from "./i18n.js";

export const OTHER = 88888888;
const NUMBERS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 20, 21, 22, OTHER];

const t = messages("categories", {
  en: {
    0: "Tops", 1: "Dress", 2: "Bottoms", 3: "Bag", 4: "Shoes", 5: "Accessories", 6: "Snacks", 7: "Makeup",
    8: "Bottle drink", 9: "Furniture", 20: "Toy", 21: "Underwear", 22: "Digital device", [OTHER]: "Other",
  },
  zh: {
    0: "上衣", 1: "裙装", 2: "下装", 3: "包", 4: "鞋", 5: "配饰", 6: "零食", 7: "美妆",
    8: "瓶饮", 9: "家具", 20: "玩具", 21: "内衣", 22: "数码硬件", [OTHER]: "其他",
  },
});

/** The name of a category, in the page's language. */
export const categoryName = (number) => t(number);

/** All of them as [number, name]. */
export const categories = () => NUMBERS.map((number) => [number, t(number)]);
