// The request that the page shows, which survives a reload of the tab.

/** Returns what a request contains at first. */
function initial(page) {
  return {
    model: page.models[0].key,
    compared: "",
    k: page.k,
    user: null,
    history: [],
    exclude: [],
    filters: {},
    bounds: {},
    boosts: {},
  };
}

/**
 * Returns the store of the request.
 *
 * Args:
 *   page: The answer of /api/page.
 */
export function createStore(page) {
  const key = `request of ${page.name}`;
  const listeners = [];
  let state = restored(key, page);
  return {
    page,
    get state() {
      return state;
    },
    /** Replaces properties of the request, and calls the listeners. */
    change(changes) {
      state = { ...state, ...changes };
      sessionStorage.setItem(key, JSON.stringify(state));
      for (const listener of listeners) listener(state);
    },
    /** Calls a listener now and after each change. */
    subscribe(listener) {
      listeners.push(listener);
      listener(state);
    },
  };
}

function restored(key, page) {
  const state = initial(page);
  try {
    Object.assign(state, JSON.parse(sessionStorage.getItem(key)));
  } catch {
    sessionStorage.removeItem(key);
  }
  const keys = page.models.map((model) => model.key);
  if (!keys.includes(state.model)) state.model = keys[0];
  if (!keys.includes(state.compared)) state.compared = "";
  return state;
}

/** Returns the part of the request that goes to a model. */
export function requestOf(state, model) {
  const { k, history, exclude, filters, bounds, boosts } = state;
  return {
    model,
    user: state.user ?? "",
    // The description of the item is for people.
    history: history.map(({ item, ...event }) => event),
    k,
    exclude: exclude.map((item) => item.item_id),
    filters,
    bounds,
    boosts,
  };
}
