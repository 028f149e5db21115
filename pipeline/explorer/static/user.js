// The user of the request, and the history that the run has of this user.

import { get } from "./api.js";
import { connectCombobox } from "./combobox.js";
import { button, byId, element } from "./dom.js";

/**
 * Connects the part of the page about the user.
 *
 * Args:
 *   store: The store of the request.
 *   fail: Receives messages of failures.
 */
export function connectUser(store, fail) {
  const input = byId("user");

  async function choose(text) {
    input.value = text;
    try {
      const answer = text ? await get("/api/history", { q: text }) : { user: "", events: null };
      if (input.value !== text) return;
      input.value = answer.user;
      byId("user-note").textContent = noteOf(answer);
      store.change({ user: answer.user, history: answer.events ?? [] });
    } catch (error) {
      fail(error.message);
    }
  }

  connectCombobox(input, {
    search: async (text, signal) => (await get("/api/users", { q: text }, signal)).users,
    render: (user) => user,
    choose,
    enter: choose,
    fail,
  });
  byId("restore-history").addEventListener("click", () => choose(input.value.trim()));

  byId("users").replaceChildren(
    ...store.page.users.map((user) =>
      element("li", {}, button(user, () => choose(user), { "data-user": user })),
    ),
  );
  store.subscribe((state) => {
    for (const chip of byId("users").querySelectorAll("button")) {
      chip.setAttribute("aria-pressed", String(chip.dataset.user === state.user));
    }
    byId("restore-history").disabled = !state.user;
  });

  if (store.state.user === null) {
    choose(store.page.users[0] ?? "");
  } else {
    input.value = store.state.user;
  }
}

function noteOf({ user, events }) {
  if (!user) return "No user: the model sees the history alone.";
  if (events === null) return "This user is not in the log of the run.";
  return "";
}
