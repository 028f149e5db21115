// Filters by categories, bounds and weights of numbers, and excluded items.

import { button, byId, element } from "./dom.js";
import { titleOf } from "./items.js";

const DAY_S = 86_400;

/** Excludes an item from the recommendations. */
export function excludeItem(store, item) {
  const others = store.state.exclude.filter((other) => other.item_id !== item.item_id);
  store.change({ exclude: [...others, item] });
}

/**
 * Connects the part of the page about conditions.
 *
 * Args:
 *   store: The store of the request.
 */
export function connectConditions(store) {
  const { categories, numbers } = store.page;
  byId("categories").replaceChildren(
    ...Object.entries(categories).map(([name, values]) => categoryField(store, name, values)),
  );
  byId("numbers").replaceChildren(...numbers.map((number) => numberFields(store, number)));
  byId("reset-conditions").addEventListener("click", () => {
    store.change({ exclude: [], filters: {}, bounds: {}, boosts: {} });
    for (const input of byId("numbers").querySelectorAll("input")) input.value = "";
  });
  byId("conditions").open = numConditions(store.state) > 0;
  store.subscribe((state) => {
    const number = numConditions(state);
    byId("condition-count").textContent = number ? `${number} set` : "";
    byId("reset-conditions").disabled = !number;
    showExcluded(store);
    for (const name of Object.keys(categories)) showValues(store, name);
  });
}

function numConditions({ exclude, filters, bounds, boosts }) {
  return [filters, bounds, boosts].reduce(
    (sum, conditions) => sum + Object.keys(conditions).length,
    exclude.length,
  );
}

function categoryField(store, name, values) {
  const options = values.map((value) => element("option", { value }, value));
  const select = element(
    "select",
    {
      onchange: () => {
        const chosen = store.state.filters[name] ?? [];
        if (select.value && !chosen.includes(select.value)) {
          setCondition(store, "filters", name, [...chosen, select.value]);
        }
        select.selectedIndex = 0;
      },
    },
    element("option", { value: "" }, "any"),
    options,
  );
  return element(
    "div",
    { class: "field" },
    element("label", {}, `Only with ${name} `, select),
    element("ul", { class: "chips", "aria-label": `Accepted ${name}`, "data-category": name }),
  );
}

function showValues(store, name) {
  const values = store.state.filters[name] ?? [];
  const drop = (value) =>
    setCondition(store, "filters", name, values.filter((other) => other !== value));
  document.querySelector(`[data-category="${CSS.escape(name)}"]`).replaceChildren(
    ...values.map((value) =>
      element("li", {}, button(`${value} ×`, () => drop(value), { "aria-label": `Remove ${value}` })),
    ),
  );
}

function showExcluded(store) {
  const { exclude } = store.state;
  const drop = (item) => store.change({ exclude: exclude.filter((other) => other !== item) });
  const chips = exclude.map((item) =>
    element(
      "li",
      {},
      button(`${titleOf(item)} ×`, () => drop(item), {
        "aria-label": `Do not exclude ${titleOf(item)}`,
      }),
    ),
  );
  byId("excluded").replaceChildren(...chips);
  if (!chips.length) {
    byId("excluded").append(element("li", { class: "muted" }, "None. Exclude items in the list."));
  }
}

function numberFields(store, { name, is_time: isTime, lowest, highest }) {
  const [low, high] = store.state.bounds[name] ?? [null, null];
  const type = isTime ? "date" : "number";
  const field = (label, value, bound, change) =>
    element(
      "label",
      { class: "narrow" },
      `${label} `,
      element("input", {
        type,
        step: "any",
        value: asText(value, isTime),
        placeholder: bound === null || isTime ? null : String(Number(bound.toPrecision(6))),
        "aria-label": `${name} ${label}`,
        onchange: (event) => change(asNumber(event.target, isTime)),
      }),
    );
  const bounds = (position, day) => (value) => {
    const both = [...(store.state.bounds[name] ?? [null, null])];
    both[position] = value === null ? null : value + day;
    setCondition(store, "bounds", name, both.every((bound) => bound === null) ? [] : both);
  };
  return element(
    "fieldset",
    { class: "fields" },
    element("legend", {}, name),
    field("from", low, lowest, bounds(0, 0)),
    // The last day of a time is included.
    field("to", high, highest, bounds(1, isTime ? DAY_S - 1 : 0)),
    element(
      "label",
      { class: "narrow" },
      "weight ",
      element("input", {
        type: "number",
        step: "any",
        value: store.state.boosts[name] ?? "",
        placeholder: "0",
        "aria-label": `${name} weight`,
        onchange: (event) => setCondition(store, "boosts", name, asNumber(event.target, false)),
      }),
    ),
  );
}

/** Sets a condition; null, 0 and an empty list remove it. */
function setCondition(store, kind, name, value) {
  const { [name]: _, ...others } = store.state[kind];
  const isSet = Array.isArray(value) ? value.length > 0 : Boolean(value);
  store.change({ [kind]: isSet ? { ...others, [name]: value } : others });
}

function asNumber(input, isTime) {
  const number = isTime ? input.valueAsNumber / 1000 : input.valueAsNumber;
  return Number.isFinite(number) ? number : null;
}

function asText(value, isTime) {
  if (value === null) return "";
  return isTime ? new Date(value * 1000).toISOString().slice(0, 10) : String(value);
}
