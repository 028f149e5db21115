// The history of the request: items can be added by their titles, and removed.

import { get } from "./api.js";
import { connectCombobox } from "./combobox.js";
import { button, byId, element } from "./dom.js";
import { eventTexts, itemLabel, titleOf } from "./items.js";

/** Adds an item to the history as the newest event. */
export function addToHistory(store, item) {
  const history = [...store.state.history, { item_id: item.item_id, item }];
  store.change({ history: history.slice(-store.page.max_events) });
}

/**
 * Connects the part of the page about the history.
 *
 * Args:
 *   store: The store of the request.
 *   showNeighbours: Shows the neighbours of an item below an element.
 *   fail: Receives messages of failures.
 */
export function connectHistory(store, showNeighbours, fail) {
  const input = byId("item");
  const list = byId("history");

  connectCombobox(input, {
    search: async (text, signal) => (await get("/api/items", { q: text }, signal)).items,
    render: (item) => itemLabel(item),
    choose: (item) => {
      input.value = "";
      addToHistory(store, item);
    },
    fail,
  });
  byId("clear-history").addEventListener("click", () => store.change({ history: [] }));

  function remove(position) {
    store.change({ history: store.state.history.filter((_, other) => other !== position) });
    // The rows are newest first. The focus goes to the row that took the place of the removed one.
    const buttons = list.querySelectorAll("button.remove");
    const row = store.state.history.length - position;
    (buttons[Math.min(row, buttons.length - 1)] ?? input).focus();
  }

  function row(event, position) {
    const title = titleOf(event.item);
    const item = element(
      "li",
      {},
      element(
        "div",
        { class: "row" },
        itemLabel({ ...event.item, details: [] }, ...eventTexts(event)),
        button("Similar", () => showNeighbours(item, event.item), {
          class: "quiet",
          "aria-label": `Items similar to ${title}`,
        }),
        button("×", () => remove(position), {
          class: "quiet remove",
          "aria-label": `Remove ${title} from the history`,
        }),
      ),
    );
    return item;
  }

  let shown;
  store.subscribe(({ history, user }) => {
    byId("clear-history").disabled = !history.length;
    if (history === shown) return;
    shown = history;
    const unread = history.length - store.page.max_history;
    const read = unread > 0 ? `, the model reads the newest ${store.page.max_history}` : "";
    byId("history-count").textContent = `${history.length} ${history.length === 1 ? "event" : "events"}${read}`;
    list.replaceChildren(...history.map(row).reverse());
    if (!history.length) {
      const text = user ? "Empty: the model sees the user alone." : "Empty.";
      list.append(element("li", { class: "muted" }, text));
    }
    list.scrollTop = 0;
  });
}
