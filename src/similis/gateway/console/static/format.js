// Numbers, shares, times and sizes as the chosen language writes them.

import { currentLanguage } from "./i18n.js";

const locale = () => (currentLanguage() === "zh" ? "zh-CN" : "en");

export const number = (value, digits = 0) =>
  new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(value);

export const percent = (share, digits = 0) =>
  new Intl.NumberFormat(locale(), { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits }).format(share);

/** Scores have two decimals everywhere, so that they line up. */
export const score = (value) =>
  new Intl.NumberFormat(locale(), { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(value);

export const milliseconds = (value) =>
  value < 10 ? `${number(value, 1)} ms` : value < 10_000 ? `${number(value)} ms` : `${number(value / 1000, 1)} s`;

export const dateTime = (text) =>
  new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short" }).format(new Date(text));

export function bytes(value) {
  const units = ["B", "kB", "MB", "GB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, value)) / 3));
  return `${number(value / 1000 ** power, power ? 1 : 0)} ${units[power]}`;
}

/** A length of time in seconds, as roughly as people say it: "8 s", "3 min", "2 h 5 min". */
export function duration(seconds) {
  const unit = (value, name) => new Intl.NumberFormat(locale(), { style: "unit", unit: name, unitDisplay: "short" }).format(value);
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 90) return unit(whole, "second");
  const minutes = Math.round(whole / 60);
  if (minutes < 90) return unit(minutes, "minute");
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${unit(hours, "hour")} ${unit(minutes % 60, "minute")}` : unit(Math.round(hours / 24), "day");
}
