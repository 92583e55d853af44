// The conversation: a question is shown at once and told to the server; what comes back is cleaned and moved into the
// page. Nothing is stored. Sources, paper and the sheet for the care team have files of their own, before this one.
const [chat, box, note, sign] = ["#chat", "#ask", "#note", "#working"].map($);
// What the server is told again with the next question: it keeps nothing itself.
const NOTHING = { asked: "[]", trail: "", message: "" };
let held = NOTHING;
let pending = null;
let slow = 0;

const tell = (text, loud = true) => {
  note.textContent = text;
  note.classList.toggle("vh", !loud);
  $("#undo").hidden = true;
};
const grow = () => {
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight + 2, innerHeight / 3)}px`;
};
const showTalk = () => {
  document.body.classList.toggle("talking", Boolean(chat.firstElementChild));
  $("#tools").hidden = !chat.querySelector(".said");
  // Questions to go on with stand below the last answer alone; an alarm has none, and none is left above it.
  const last = chat.lastElementChild;
  $$(".next", chat).forEach((next) => { next.hidden = Boolean(pending) || next.parentElement !== last; });
  grow();
};
const askServer = (event, asked, ...first) => {
  pending = { asked, turn: make("article", { className: "turn" }) };
  document.body.classList.add("asking");
  tell("");
  closeWord();
  sign.textContent = words.working;
  slow = setTimeout(() => { sign.textContent = words.working_long; }, 10000);
  tellServer(event, [...first, held.asked, held.trail, words.lang]).then(answered, failed);
};
const ended = () => {
  const { turn, asked } = pending;
  pending = null;
  document.body.classList.remove("asking");
  clearTimeout(slow);
  sign.textContent = "";
  return { turn, asked };
};
// No answer came: what was asked goes back into the box, and what is wrong is said above it.
const failed = (text) => {
  const { turn, asked } = ended();
  turn.remove();
  box.value ||= asked;
  showTalk();
  tell(text);
};
const answered = ([html, asked, trail, message]) => {
  const post = cleaned(html);
  const told = post.querySelector(".told").textContent;
  const from = post.querySelector(".sources");
  if (!from) return failed(told);
  held = { asked, trail, message };
  const { turn } = ended();
  $$('a[href^="/"]', post).forEach((link) => link.setAttribute("href", base + link.getAttribute("href")));
  turn.replaceChildren(...$$(":scope > :is(.asked, .said, .next)", post));
  chat.append(turn);
  if (turn.querySelector(".broken")) box.value = turn.querySelector(".asked").textContent;
  takeSources(from);
  showTalk();
  tell(told, false);
  turn.scrollIntoView();
};
const send = (text) => {
  if (pending) return;
  forget();
  askServer("ask", text.trim() && text, text);
  if (!text.trim()) return;
  pending.turn.append(make("h3", { className: "asked", textContent: text }));
  chat.append(pending.turn);
  if (box.value === text) box.value = "";
  showTalk();
  // On a phone the keyboard goes away, so that the answer has its room.
  if (matchMedia("(pointer: coarse)").matches) box.blur();
  pending.turn.scrollIntoView();
};
const vote = async (votes, choice) => {
  const [html] = await tellServer("vote", [choice, held.message, words.lang]).catch((text) => [text]);
  tell(cleaned(html).textContent);
  votes.remove();
};

// Clear, with a way back as long as nothing new is asked; it is in memory alone.
let cleared = null;
const clear = () => {
  if (pending) return;
  closeWord();
  const parts = [chat, opened].map((part) => [part, [...part.children]]);
  cleared = { held, parts, notes: emptySheet() };
  parts.forEach(([part]) => part.replaceChildren());
  held = NOTHING;
  showOnly(null);
  showTalk();
  tell(words.cleared);
  $("#undo").hidden = false;
  setTimeout(forget, 60000);
  scrollTo(0, 0);
};
const forget = () => {
  cleared = null;
  $("#undo").hidden = true;
};
const undo = () => {
  if (!cleared) return;
  held = cleared.held;
  cleared.parts.forEach(([part, children]) => part.replaceChildren(...children));
  fillSheet(cleared.notes);
  forget();
  showTalk();
  tell("");
  box.focus();
};

// Languages: in place, so that the conversation stays.
const speak = (chosen) => {
  words = said[chosen];
  document.documentElement.lang = chosen;
  document.title = `${words.title}: ${words.subtitle}`;
  $$("[data-say]").forEach((part) => { part.textContent = words[part.dataset.say]; });
  $$("[data-name]").forEach((part) => { part.ariaLabel = words[part.dataset.name]; });
  box.placeholder = words[box.dataset.hint];
  for (const part of $("#starters").children) part.hidden = part.lang !== chosen;
  $$(".languages a").forEach((link) => { link.ariaCurrent = link.lang === chosen ? "true" : null; });
  const framed = location.pathname.endsWith("embed") ? "embed" : "";
  history.replaceState(history.state, "", base + paths[chosen] + framed);
  closeWord();
};

const DOES = {
  send: () => send(box.value),
  print: () => print(),
  sheet: openSheet,
  "sheet-print": () => print(),
  "sheet-save": saveSheet,
  clear,
  undo,
};
addEventListener("click", (event) => {
  const touched = event.target.closest?.("button, .languages a");
  if (!touched) return;
  if (touched.localName === "a") event.preventDefault();
  if (touched.matches(".languages a")) speak(touched.lang);
  else if (touched.matches(".start")) send(touched.textContent);
  else if (touched.matches(".again") && !pending) askServer("again", "");
  else if (touched.matches(".vote")) vote(touched.parentElement, touched.classList[1]);
  else DOES[touched.id]?.();
});
box.addEventListener("input", grow);
box.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send(box.value);
});
addEventListener("beforeunload", (event) => { if (chat.firstElementChild) event.preventDefault(); });
// A change of language changes the address in place: what is told from there must not move with it.
$$('link[rel="icon"], .languages a').forEach((link) => { link.href = String(link.href); });
grow();
