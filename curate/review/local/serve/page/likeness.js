// Two habits of our own that Argilla's pages have no setting for. It runs before their script does.
(() => {
  "use strict";

  // The sign-in link opens the queue: Argilla goes, after signing in, to where it was sent away from.
  const QUEUE = /^\/dataset\/[0-9a-f-]{36}\/annotation-mode$/;
  const queue = new URLSearchParams(location.search).get("queue");
  if (queue && QUEUE.test(queue)) {
    let kept = {};
    try {
      kept = JSON.parse(localStorage.getItem("argilla")) || {};
    } catch {
      // what cannot be read is made anew
    }
    localStorage.setItem("argilla", JSON.stringify({ ...kept, redirectTo: queue }));
  }

  // Leaving a pair out without a reason asks why, once for each pair: the reasons are what the next build learns from.
  const WHY = "Why? Tick a reason, or submit again to leave it out without one.";
  let asked = null;
  let note = null;

  const ticked = (question) => document.querySelector(`input[type=checkbox][id^="${question}_"]:checked`);
  const shown = () => [...document.querySelectorAll(".fields, .record")].map((field) => field.innerText).join("\n");
  const hide = () => {
    note?.remove();
    note = null;
  };

  function ask(event) {
    hide();
    if (ticked("verdict")?.id !== "verdict_reject" || ticked("reasons") || asked === shown()) return;
    asked = shown();
    event.preventDefault();
    event.stopImmediatePropagation();
    note = document.createElement("div");
    note.className = "likeness-why";
    note.setAttribute("role", "alert");
    note.textContent = WHY;
    document.body.append(note);
  }

  const writes = (element) => element?.isContentEditable || element?.matches?.("textarea, input:not([type=checkbox])");
  addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !writes(event.target)) ask(event);
    else hide();
  }, true);
  addEventListener("click", (event) => {
    if (event.target.closest?.(".button--submit")) ask(event);
    else hide();
  }, true);
})();
