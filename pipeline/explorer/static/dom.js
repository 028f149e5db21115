// Builds elements. Texts become text nodes, so that no title is read as HTML.

/**
 * Returns an element with attributes, listeners and children.
 *
 * A property whose name begins with `on` is a listener; `true` is an attribute without a value;
 * `false`, `null` and `undefined` leave the attribute out.
 */
export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) {
      node.addEventListener(name.slice(2), value);
    } else if (value !== false && value !== null && value !== undefined) {
      node.setAttribute(name, value === true ? "" : value);
    }
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

/** Returns the element with an id. */
export function byId(id) {
  return document.getElementById(id);
}

/** Returns a button, whose accessible name may say more than its text. */
export function button(text, onclick, properties = {}) {
  return element("button", { type: "button", onclick, ...properties }, text);
}
