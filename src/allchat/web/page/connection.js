// Where the page stands, and what went wrong on the way to an answer.
// Its own address says where it stands: no header, no setting and no proxy can lead its questions elsewhere.
{
  Object.assign(window, JSON.parse(document.querySelector("#given").textContent));
  const { language, paths, theme } = window.allchat;
  window.allchat.base = new URL(paths[language] === "/" ? "." : "..", location.href).pathname.slice(0, -1);
  window.gradio_config.root = new URL(".", location.href).href.replace(/\/$/, "");
  const known = document.createElement("link");
  Object.assign(known, { rel: "stylesheet", disabled: true, href: window.gradio_config.root + theme });
  document.head.append(known);
  // A change of language changes the address in place: what is told from there must not move with it.
  document.querySelectorAll('link[rel="icon"], .languages a').forEach((link) => { link.href = String(link.href); });
}
// Gradio shows a bare "Error", or nothing at all, where a question was turned away: it is said in our words. It takes
// no further question after a lost connection; so a loss is handed to it as a failed question, and it goes on.
// ``spoken`` gives the words in the page's language, and ``stop`` shows one of them in place of the sign.
window.allchat.watchConnection = ({ spoken, stop }) => {
  const fetching = window.fetch;
  let running = "";
  const join = async (request) => {
    const answer = await fetching(...request).catch(() => null);
    if (!answer) stop(spoken().no_connection);
    else if (answer.ok) running = (await answer.clone().json()).event_id;
    else stop(answer.status === 429 || answer.status === 503 ? spoken().busy : spoken().broken);
    return answer || new Response('{"detail": "no connection"}', { status: 504 });
  };
  const failed = () => {
    stop(spoken().no_connection);
    const events = [
      { msg: "process_completed", event_id: running, success: false, output: { error: "no connection" } },
      { msg: "close_stream", event_id: null },
    ];
    return new TextEncoder().encode(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(""));
  };
  const follow = async (request) => {
    // Gradio itself ends a stream that it has read: that is no loss.
    const lost = (error) => (error.name === "AbortError" ? { done: true } : { lost: true });
    const answer = await fetching(...request).then((came) => (came.ok ? came : { lost: true }), lost);
    const reader = answer.body?.getReader();
    const body = new ReadableStream({
      async pull(out) {
        const piece = reader ? await reader.read().catch(lost) : answer;
        if (piece.value) return out.enqueue(piece.value);
        if (piece.lost) out.enqueue(failed());
        return out.close();
      },
      cancel: (reason) => reader?.cancel(reason),
    });
    return new Response(body, { status: 200, headers: { "content-type": "text/event-stream" } });
  };
  window.fetch = (...request) => {
    const url = String(request[0]?.url || request[0]);
    if (url.includes("/queue/join")) return join(request);
    return url.includes("/queue/data") ? follow(request) : fetching(...request);
  };
};
