// Connects the parts of the page.

import { get } from "./api.js";
import { connectConditions } from "./conditions.js";
import { neighboursOf, toggleDetails } from "./details.js";
import { byId, element } from "./dom.js";
import { connectHistory } from "./history.js";
import { connectResults } from "./results.js";
import { createStore } from "./store.js";
import { connectUser } from "./user.js";

/** Shows a message at the top of the page; "" hides it. */
function fail(message) {
  byId("failure").textContent = message;
  byId("failure").hidden = !message;
}

function connectModels(store) {
  const options = () =>
    store.page.models.map(({ key, title }) => element("option", { value: key }, title));
  byId("model").replaceChildren(...options());
  byId("compared").replaceChildren(element("option", { value: "" }, "nothing"), ...options());
  byId("model").value = store.state.model;
  byId("compared").value = store.state.compared;
  byId("model").addEventListener("change", (event) => store.change({ model: event.target.value }));
  byId("compared").addEventListener("change", (event) =>
    store.change({ compared: event.target.value }),
  );
}

function connectK(store) {
  const input = byId("k");
  input.max = store.page.max_k;
  input.value = store.state.k;
  input.addEventListener("input", () => {
    if (input.checkValidity()) store.change({ k: input.valueAsNumber });
  });
}

function summaryOf({ items, max_history: length, models }) {
  const versions = models.length === 1 ? "1 version" : `${models.length} versions`;
  return `${items.toLocaleString("en")} items · ${versions} · the newest ${length} events of a history are read`;
}

async function start() {
  const store = createStore(await get("/api/page"));
  byId("summary").textContent = summaryOf(store.page);
  connectModels(store);
  connectK(store);
  connectConditions(store);
  connectHistory(
    store,
    (row, item) =>
      toggleDetails(row, "neighbours", () => neighboursOf(store, store.state.model, item)),
    fail,
  );
  connectResults(store);
  connectUser(store, fail);
  store.subscribe(() => fail(""));
}

start().catch((error) => fail(error.message));
