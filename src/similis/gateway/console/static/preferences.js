// Language and theme: the only things that the console keeps in this browser.

import { h } from "./dom.js";
import { chooseLanguage, currentLanguage, languages, messages } from "./i18n.js";

const KEPT = "similis.theme";
const t = messages("preferences", {
  en: { language: "Language", theme: "Theme", auto: "System", light: "Light", dark: "Dark" },
  zh: { language: "语言", theme: "主题", auto: "跟随系统", light: "浅色", dark: "深色" },
});

function chooseTheme(theme) {
  if (theme === "auto") {
    localStorage.removeItem(KEPT);
    delete document.documentElement.dataset.theme;
  } else {
    localStorage.setItem(KEPT, theme);
    document.documentElement.dataset.theme = theme;
  }
}

function choice(name, options, value, onchange) {
  const select = h("select", { class: "quiet", "aria-label": t(name), "data-choice": name, onchange: () => onchange(select.value), value },
    options.map(([key, text]) => h("option", { value: key }, text)));
  return select;
}

/** Both, as two small selects; `redraw` is called when the language changes. */
export function choices(redraw) {
  const language = choice("language", languages(), currentLanguage(), (chosen) => {
    chooseLanguage(chosen);
    redraw();
  });
  for (const option of language.options) option.lang = option.value === "zh" ? "zh-CN" : "en";
  const theme = choice("theme", ["auto", "light", "dark"].map((each) => [each, t(each)]),
    localStorage.getItem(KEPT) ?? "auto", chooseTheme);
  return [language, theme];
}
