// How items and numbers are written.

import { element } from "./dom.js";

/** Returns the title of an item, or its id if it has none. */
export function titleOf(item) {
  return item.title || item.item_id;
}

/** Returns the title, the id and the details of an item. */
export function itemLabel(item, ...more) {
  const details = [item.title ? item.item_id : null, ...item.details, ...more].filter(Boolean);
  return element(
    "span",
    { class: "item" },
    element("span", { class: "title" }, titleOf(item)),
    element("small", {}, details.join(" · ")),
  );
}

/** Returns a score with three decimals. */
export function scoreText(score) {
  return (signOf(score) ? score : 0).toFixed(3).replace("-", "−");
}

/** Returns an effect with its sign. */
export function effectText(effect) {
  return signOf(effect) > 0 ? `+${scoreText(effect)}` : scoreText(effect);
}

/** Returns the sign of a number as it is written: 1, −1, or 0 if all its decimals are 0. */
export function signOf(number) {
  return Math.sign(Number(number.toFixed(3)));
}

/** Returns the columns of an event for people: all but the item. */
export function eventTexts(event) {
  const { item, item_id: _, timestamp, event_type: type, value, ...context } = event;
  return [
    type,
    value === undefined ? null : String(Number(value.toPrecision(6))),
    ...Object.values(context).map(String),
    timestamp === undefined ? null : timeText(timestamp),
  ];
}

/** Returns a time in seconds since the epoch as UTC, to the minute; no line break divides it. */
export function timeText(seconds) {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return null;
  return date.toISOString().slice(0, 16).replace("T", "\u00a0").replaceAll("-", "\u2011");
}
