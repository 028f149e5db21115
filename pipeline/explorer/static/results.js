// The recommendations of one version or of two, side by side.

import { isReplaced, post } from "./api.js";
import { excludeItem } from "./conditions.js";
import { explanationOf, neighboursOf, toggleDetails } from "./details.js";
import { button, byId, element } from "./dom.js";
import { addToHistory } from "./history.js";
import { itemLabel, scoreText, titleOf } from "./items.js";
import { requestOf } from "./store.js";

/**
 * Shows the recommendations, and requests them again after each change.
 *
 * Args:
 *   store: The store of the request.
 */
export function connectResults(store) {
  // The models that have answered: the first answer of another one takes longer.
  const ready = new Set();
  let requesting = new AbortController();

  async function refresh(state) {
    if (state.user === null) return;
    const started = performance.now();
    requesting.abort();
    requesting = new AbortController();
    const { signal } = requesting;
    const models = [...new Set([state.model, state.compared])].filter(Boolean);
    const answers = models.map(() => null);
    byId("lists").setAttribute("aria-busy", "true");
    if (!models.every((model) => ready.has(model))) show(models, answers);
    await Promise.all(
      models.map(async (model, n) => {
        answers[n] = await answerOf(store, model, signal);
        if (answers.every(Boolean) || !models.every((other) => ready.has(other))) {
          show(models, answers);
        }
        ready.add(model);
      }),
    );
    byId("lists").removeAttribute("aria-busy");
    byId("status").textContent = statusOf(answers, performance.now() - started);
  }

  function show(models, answers) {
    byId("lists").replaceChildren(
      ...models.map((model, n) => list(store, model, answers[n], answers[1 - n])),
    );
  }

  store.subscribe((state) => {
    refresh(state).catch((error) => {
      if (!isReplaced(error)) throw error;
    });
  });
}

async function answerOf(store, model, signal) {
  try {
    return await post("/api/recommend", requestOf(store.state, model), signal);
  } catch (error) {
    if (isReplaced(error)) throw error;
    return { error: error.message, items: [], unknown: [] };
  }
}

function statusOf(answers, milliseconds) {
  const time = `${Math.round(milliseconds)} ms`;
  if (answers.length === 1) return `${count(answers[0].items.length)} in ${time}`;
  const [ids, others] = answers.map((answer) => answer.items.map((item) => item.item_id));
  const both = ids.filter((id) => others.includes(id)).length;
  return `${both} of ${Math.max(ids.length, others.length)} items are in both lists, in ${time}`;
}

function count(number) {
  return number === 1 ? "1 item" : `${number} items`;
}

function list(store, model, answer, other) {
  const title = store.page.models.find((choice) => choice.key === model).title;
  const heading = element("h3", { id: `list-${model}` }, `Version ${title}`);
  if (!answer) {
    const note = element("p", { class: "muted" }, "Loading. The first answer takes a few seconds.");
    return element("article", { "aria-labelledby": heading.id }, heading, note);
  }
  return element(
    "article",
    { "aria-labelledby": heading.id, "data-model": model },
    heading,
    answer.error ? element("p", { class: "error", role: "alert" }, answer.error) : null,
    unknownNote(answer.unknown),
    answer.items.length || answer.error ? null : element("p", {}, "No item meets the request."),
    element(
      "ol",
      { class: "recommendations", "aria-labelledby": heading.id },
      answer.items.map((item, n) => recommendation(store, model, item, n + 1, answer, other)),
    ),
  );
}

function unknownNote(unknown) {
  if (!unknown.length) return null;
  const shown = unknown.slice(0, 3).map(titleOf).join(", ");
  const more = unknown.length > 3 ? ` and ${unknown.length - 3} more` : "";
  return element(
    "p",
    { class: "muted" },
    `Of the history, this version does not have, or may not recommend: ${shown}${more}.`,
  );
}

function recommendation(store, model, item, rank, answer, other) {
  const title = titleOf(item);
  const row = element("li", {});
  const toggle = (event, kind, load) => {
    const isOpen = toggleDetails(row, kind, load);
    for (const control of row.querySelectorAll("[aria-expanded]")) {
      control.setAttribute("aria-expanded", String(isOpen && control === event.currentTarget));
    }
  };
  row.append(
    element(
      "div",
      { class: "row" },
      element("span", { class: "rank" }, String(rank)),
      itemLabel(item),
      other && !other.error ? movement(item, rank, other) : null,
      element("span", { class: "score" }, scoreText(item.score)),
      element(
        "span",
        { class: "actions" },
        button(
          "Why",
          (event) =>
            toggle(event, "explanation", () => explanationOf(store, model, item, answer.items)),
          { class: "quiet", "aria-expanded": "false", "aria-label": `Why ${title}` },
        ),
        button(
          "Similar",
          (event) => toggle(event, "neighbours", () => neighboursOf(store, model, item)),
          { class: "quiet", "aria-expanded": "false", "aria-label": `Items similar to ${title}` },
        ),
        button("Add", () => addToHistory(store, item), {
          class: "quiet",
          "aria-label": `Add ${title} to the history`,
        }),
        button("Exclude", () => excludeItem(store, item), {
          class: "quiet",
          "aria-label": `Exclude ${title}`,
        }),
      ),
    ),
  );
  return row;
}

/** Returns where the other version ranks an item. */
function movement(item, rank, other) {
  const position = other.items.findIndex((found) => found.item_id === item.item_id);
  if (position < 0) return element("span", { class: "badge only" }, "only here");
  const there = position + 1;
  if (there === rank) return element("span", { class: "badge" }, "same rank");
  return element("span", { class: "badge" }, `#${there} there`);
}
