// The two languages. Every page brings its messages: messages("search", { en: {…}, zh: {…} }) gives its own t().

const KEPT = "similis.language";
const LANGUAGES = { en: "English", zh: "中文" };
const tables = { en: new Map(), zh: new Map() };

let language = localStorage.getItem(KEPT);
if (!(language in LANGUAGES)) language = navigator.language.startsWith("zh") ? "zh" : "en";
mark();

function mark() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
}

export const languages = () => Object.entries(LANGUAGES);
export const currentLanguage = () => language;

export function chooseLanguage(chosen) {
  language = chosen;
  localStorage.setItem(KEPT, chosen);
  mark();
}

/** Registers a page's messages and returns its t(key, values); "{name}" in a message is replaced by values.name. */
export function messages(scope, both) {
  for (const [name, table] of Object.entries(both)) {
    for (const [key, text] of Object.entries(table)) tables[name].set(`${scope}.${key}`, text);
  }
  return (key, values = {}) => {
    const text = tables[language].get(`${scope}.${key}`);
    if (text === undefined) throw new Error(`No message ${scope}.${key} in ${language}.`);
    return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
  };
}
