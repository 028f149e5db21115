// An input with a list of suggestions: https://www.w3.org/WAI/ARIA/apg/patterns/combobox/

import { isReplaced } from "./api.js";
import { element } from "./dom.js";

const DELAY_MS = 80;

/**
 * Connects an input with its list.
 *
 * Args:
 *   input: The input; its list is the element that `aria-controls` names.
 *   search: Returns a promise of the options for a text, given a signal that ends it.
 *   render: Returns the content of an option.
 *   choose: Receives the option that is chosen.
 *   enter: Receives the text if Enter is pressed without an option; optional.
 *   fail: Receives the message of a search that failed.
 */
export function connectCombobox(input, { search, render, choose, enter, fail }) {
  const list = document.getElementById(input.getAttribute("aria-controls"));
  let options = [];
  let active = -1;
  let timer;
  let searching = new AbortController();

  function close() {
    clearTimeout(timer);
    searching.abort();
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    mark(-1);
  }

  function mark(position) {
    list.children[active]?.setAttribute("aria-selected", "false");
    active = position;
    const option = list.children[active];
    if (!option) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    option.setAttribute("aria-selected", "true");
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  function take(position) {
    const option = options[position];
    close();
    choose(option);
  }

  function show(found) {
    options = found;
    active = -1;
    input.removeAttribute("aria-activedescendant");
    list.replaceChildren(
      ...found.map((option, position) =>
        element(
          "li",
          {
            id: `${list.id}-${position}`,
            role: "option",
            "aria-selected": "false",
            // The input keeps the focus.
            onpointerdown: (event) => event.preventDefault(),
            onclick: () => take(position),
          },
          render(option),
        ),
      ),
    );
    if (!found.length) {
      list.append(element("li", { role: "option", "aria-disabled": "true" }, "Nothing found"));
    }
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  }

  async function look() {
    searching.abort();
    searching = new AbortController();
    try {
      show(await search(input.value.trim(), searching.signal));
    } catch (error) {
      if (!isReplaced(error)) fail(error.message);
    }
  }

  function step(by) {
    if (list.hidden) {
      look();
    } else if (options.length) {
      mark(active < 0 && by < 0 ? options.length - 1 : (active + by + options.length) % options.length);
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, DELAY_MS);
  });
  input.addEventListener("click", look);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      step(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Escape") {
      close();
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      if (active >= 0) {
        take(active);
      } else if (enter) {
        close();
        enter(input.value.trim());
      } else if (!list.hidden && options.length) {
        take(0);
      }
    }
  });
}
