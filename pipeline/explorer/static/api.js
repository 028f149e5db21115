// Requests to the server of the page.

/** Returns the JSON answer to a GET request; raises an Error with the message of the server. */
export function get(path, query = {}, signal = undefined) {
  const text = new URLSearchParams(query).toString();
  return answer(fetch(text ? `${path}?${text}` : path, { signal }));
}

/** Returns the JSON answer to a POST request; raises an Error with the message of the server. */
export function post(path, body, signal = undefined) {
  const headers = { "Content-Type": "application/json" };
  return answer(fetch(path, { method: "POST", headers, body: JSON.stringify(body), signal }));
}

/** Returns whether an error is that of a request that a newer one replaced. */
export function isReplaced(error) {
  return error.name === "AbortError";
}

async function answer(request) {
  let response;
  try {
    response = await request;
  } catch (error) {
    if (isReplaced(error)) throw error;
    throw new Error("The explorer does not answer. Is `twotower explore` still running?");
  }
  const document = await response.json();
  if (!response.ok) throw new Error(document.error);
  return document;
}
