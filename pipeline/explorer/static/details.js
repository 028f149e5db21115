// What opens below an item: its neighbours, or why it is recommended.

import { post } from "./api.js";
import { button, element } from "./dom.js";
import { effectText, itemLabel, scoreText, signOf, titleOf } from "./items.js";
import { addToHistory } from "./history.js";
import { requestOf } from "./store.js";

const NUM_NEIGHBOURS = 10;
const NUM_EFFECTS = 8;
// A larger share of joint effects is pointed out.
const LARGE_SHARE = 0.5;

/**
 * Shows or hides details below a row.
 *
 * Args:
 *   row: The list element of the row.
 *   kind: `explanation` or `neighbours`.
 *   load: Returns a promise of the content.
 *
 * Returns whether the details are shown now.
 */
export function toggleDetails(row, kind, load) {
  const open = row.querySelector(":scope > .details");
  open?.remove();
  if (open?.dataset.kind === kind) return false;
  const details = element("div", { class: "details", "data-kind": kind, "aria-busy": true }, "…");
  row.append(details);
  load()
    .then((content) => details.replaceChildren(content))
    .catch((error) => {
      details.replaceChildren(element("p", { class: "error", role: "alert" }, error.message));
    })
    .finally(() => details.removeAttribute("aria-busy"));
  return true;
}

/** Returns the nearest items of an item, with buttons that add them to the history. */
export async function neighboursOf(store, model, item) {
  const answer = await post("/api/similar", { model, item_id: item.item_id });
  if (!answer.items.length) {
    return element("p", {}, "This version does not know the item, or no other item is available.");
  }
  const rows = answer.items.slice(0, NUM_NEIGHBOURS).map((other) =>
    element(
      "li",
      { class: "row" },
      itemLabel(other),
      element("span", { class: "score" }, scoreText(other.score)),
      button("Add", () => addToHistory(store, other), {
        class: "quiet",
        "aria-label": `Add ${titleOf(other)} to the history`,
      }),
    ),
  );
  const label = `Items most similar to ${titleOf(item)}`;
  return element(
    "div",
    {},
    element("p", { class: "muted" }, "Most similar items, by the similarity of their embeddings"),
    element("ol", { class: "neighbours", "aria-label": label }, rows),
  );
}

/**
 * Returns the parts of the score of an item.
 *
 * Args:
 *   store: The store of the request.
 *   model: Key of the model.
 *   item: The item.
 *   shown: The items of the list.
 */
export async function explanationOf(store, model, item, shown) {
  const answer = await post("/api/explain", {
    ...requestOf(store.state, model),
    item_id: item.item_id,
    shown: shown.map((other) => other.item_id),
  });
  const effects = [...answer.items].sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect));
  const largest = effects.slice(0, NUM_EFFECTS).sort((a, b) => b.effect - a.effect);
  const others = effects.slice(NUM_EFFECTS);
  const parts = [
    part("Without a user and a history", answer.start),
    store.state.user ? part(`The user ${store.state.user}`, answer.user) : null,
    ...largest.map((effect) => part(itemLabel(effect), effect.effect, effect.rank)),
    others.length ? part(othersLabel(others), sum(others)) : null,
    answer.items.length ? part("Joint effect of several of these", answer.joint) : null,
    Object.keys(store.state.boosts).length ? part("Weights", answer.weights) : null,
  ].filter(Boolean);
  return element(
    "div",
    {},
    element("p", { class: "muted" }, introduction(answer)),
    table(parts, answer, shown.length),
    remark(answer),
  );
}

function introduction({ items, unread }) {
  if (!items.length) return "The history is empty.";
  const oldest = unread === 1 ? "oldest event" : `${unread} oldest events`;
  const cut = unread ? ` The model does not read the ${oldest}.` : "";
  return (
    "Each effect is the score minus the score without that item in the history. A negative effect " +
    `means that the item ranks against this recommendation.${cut}`
  );
}

function othersLabel(others) {
  const largest = Math.max(...others.map((effect) => Math.abs(effect.effect)));
  return `${others.length} more items, each at most ±${scoreText(largest)}`;
}

function sum(effects) {
  return effects.reduce((total, effect) => total + effect.effect, 0);
}

function part(label, value, rank = null) {
  return { label, value, rank };
}

function table(parts, { score, rank }, size) {
  const largest = Math.max(...parts.map(({ value }) => Math.abs(value)), 1e-9);
  const head = ["Part of the score", "", "Effect", "Rank without it"].map((text) =>
    element("th", { scope: "col" }, text),
  );
  const rows = parts.map(({ label, value, rank: left }) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, label),
      element("td", { class: "bar" }, bar(value, largest)),
      element("td", { class: "number" }, effectText(value)),
      element("td", { class: "number" }, left === null ? "" : rankText(rank, left)),
    ),
  );
  const total = element(
    "tr",
    { class: "total" },
    element("th", { scope: "row" }, "Score"),
    element("td", { class: "bar" }),
    element("td", { class: "number" }, scoreText(score)),
    element("td", { class: "number" }, `${rank} of ${size}`),
  );
  return element(
    "table",
    { class: "effects" },
    element("thead", {}, element("tr", {}, head)),
    element("tbody", {}, rows, total),
  );
}

function rankText(rank, left) {
  return left === rank ? String(left) : `${rank} → ${left}`;
}

function bar(value, largest) {
  const kind = { "-1": "negative", 0: "none", 1: "positive" }[signOf(value)];
  const part = element("span", { class: kind });
  part.style.width = `${(50 * Math.abs(value)) / largest}%`;
  return part;
}

function remark({ share, items }) {
  if (!items.length || share <= LARGE_SHARE) return null;
  return element(
    "p",
    { class: "muted" },
    `${Math.round(100 * share)} % of the effects, by size, are joint: the removal of one item changes ` +
      "little while similar ones remain, so that single effects explain this item poorly.",
  );
}
