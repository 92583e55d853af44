// What the page's scripts share: where it stands, its words, and the way to the server and back.
const { language, paths, words: said } = JSON.parse(document.querySelector("#given").textContent);
let words = said[language];
// Its own address says where it stands: no header, no setting and no proxy can lead its questions elsewhere.
const base = new URL(paths[language] === "/" ? "." : "..", location.href).pathname.slice(0, -1);

const $ = (selector) => document.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
const make = (name, values = {}, ...inside) => {
  const element = Object.assign(document.createElement(name), values);
  element.append(...inside);
  return element;
};

// What a post may be made of. The server escapes all that is not ours; this is the second lock.
const PARTS = new Set(`a blockquote button code details div em figcaption figure h2 h3 h4 h5 h6 hr li mark ol p pre
  section span strong summary table tbody td th thead tr ul`.split(/\s+/));
const MARKS = new Set(`aria-hidden aria-label class dir hidden href id lang open rel scope start tabindex target
  type`.split(/\s+/));
const cleaned = (html) => {
  const { body } = new DOMParser().parseFromString(html, "text/html");
  for (const part of $$("*", body)) {
    if (!PARTS.has(part.localName)) part.remove();
    for (const { name, value } of [...part.attributes]) {
      const strange = name === "href" && !/^(#|\/|https?:|tel:)/i.test(value);
      if (strange || !MARKS.has(name)) part.removeAttribute(name);
    }
  }
  return body;
};

// Gradio's own address of an event; what comes back is four texts. What goes wrong is thrown as a sentence of ours.
const tellServer = async (event, data) => {
  const how = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ data }) };
  // The server says no after half a minute at most: what takes longer got lost on its way.
  how.signal = AbortSignal.timeout?.(60000);
  const answer = await fetch(`${base}/gradio_api/run/${event}`, how).catch(() => null);
  if (answer && !answer.ok) throw [429, 503].includes(answer.status) ? words.busy : words.broken;
  const came = await answer?.json().catch(() => null);
  if (!came?.data) throw words.no_connection;
  return came.data;
};
