// The deck's runtime: one frame at a time, keys, questions, overview, notes, speaker's window. No library, no request.
(() => {
  "use strict";
  const root = document.documentElement, body = document.body;
  const slots = [...document.querySelectorAll(".slot:not(.answers)")];
  const frames = slots.map((slot) => slot.querySelector(".frame"));
  const facts = JSON.parse(document.getElementById("deck-facts").textContent);
  const add = (tag, cls, text) => { const e = document.createElement(tag); e.className = cls; if (text) e.textContent = text; body.append(e); return e; };
  const bar = add("div", "bar"), reader = add("div", "reader");
  reader.setAttribute("aria-live", "polite");
  let now = 0, speaker = null, since = null, typed = null;
  const isSpeaker = location.search === "?speaker";

  // ---- where we are
  const ofHash = () => {
    const word = decodeURIComponent(location.hash.slice(1));
    const at = frames.findIndex((f) => f.dataset.anchors.split(" ").includes(word));
    return at >= 0 ? at : /^\d+$/.test(word) ? Math.min(frames.length, Math.max(1, +word)) - 1 : null;
  };
  // Fonts differ from machine to machine: where a frame's words are too wide or too many for it in this one, they are set a little smaller.
  const over = (box) => Math.max(box.scrollHeight - box.clientHeight, box.scrollWidth - box.clientWidth) > 1;
  const squeeze = (slot) => {
    for (const box of slot.querySelectorAll(".column, .body, .listing")) {
      const words = box.matches(".listing") ? [...box.children] : [...box.children].filter((part) => !part.matches(".columns, .fig.drawn"));
      for (const part of words) part.style.zoom = "";
      for (let size = 0.97; size > 0.7 && over(box); size -= 0.03) for (const part of words) part.style.zoom = size;
    }
  };
  const show = (to, say = true) => {
    if (to !== now) document.querySelector(".toast")?.remove();
    now = Math.min(frames.length - 1, Math.max(0, to));
    slots.forEach((slot, i) => { slot.classList.toggle("now", i === now); slot.classList.toggle("next", i === now + 1); });
    squeeze(slots[now]);
    bar.style.width = `${(100 * (now + 1)) / frames.length}%`;
    document.title = now ? `${now + 1} · ${facts.title}` : facts.title;
    if (location.hash.slice(1) !== frames[now].id) history.replaceState(null, "", `#${frames[now].id}`);
    if (say) { reader.textContent = frames[now].getAttribute("aria-label"); if (!typing()) frames[now].focus({ preventScroll: true }); }
    if (root.classList.contains("narrow")) scrollTo(0, 0);
    if (body.classList.contains("overview")) slots[now].scrollIntoView({ block: "nearest" });
    since ??= now ? Date.now() : null;
    tick(); fit(); tell();
  };
  const tell = () => { if (speaker && !speaker.closed) speaker.postMessage({ deck: now }, "*"); };

  // ---- the window's size
  const fit = () => {
    root.classList.toggle("narrow", innerWidth < 760 && !isSpeaker);
    const high = innerHeight - (body.classList.contains("with-notes") ? 0.26 * innerHeight : 0);
    const k = Math.min(innerWidth / 1280, high / 720);
    root.style.setProperty("--k", k);
    root.style.setProperty("--x", `${(innerWidth - 1280 * k) / 2}px`);
    root.style.setProperty("--y", `${Math.max(0, (high - 720 * k) / 2)}px`);
    root.style.setProperty("--big", (0.62 * innerWidth) / 1280);
    root.style.setProperty("--small", (0.38 * innerWidth - 42) / 1280);
  };

  // ---- the animation of this frame: the first player on it
  const player = () => [...frames[now].querySelectorAll(".scene")].find((s) => s.querySelector(".scene-scrub")?.max > 0);
  const press = (key) => {
    const at = player();
    if (!at) return toast("no animation on this frame");
    at.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  };
  // Paper shows each animation at its telling step, and the screen has its own back afterwards.
  const toStep = (fig, step) => {
    const scrub = fig.querySelector(".scene-scrub");
    if (!scrub) return;
    scrub.value = step;
    scrub.dispatchEvent(new Event("input"));
  };
  addEventListener("beforeprint", () => document.querySelectorAll(".drawn").forEach((fig) => {
    fig.dataset.step = fig.querySelector(".scene-scrub")?.value ?? 0;
    toStep(fig, fig.dataset.poster);
  }));
  addEventListener("afterprint", () => document.querySelectorAll(".drawn").forEach((fig) => toStep(fig, fig.dataset.step)));

  // ---- questions
  const grade = (text) => {
    const plain = text.trim().replace(/[\s,_]/g, "").replace(/×10\^?|\*10\^/i, "e");
    const found = /^([-+]?[\d.]+(?:e[-+]?\d+)?)([kmg%]?)$/i.exec(plain);
    if (!found || Number.isNaN(+found[1])) return null;
    return +found[1] * ({ k: 1e3, m: 1e6, g: 1e9 }[found[2].toLowerCase()] ?? 1);
  };
  const finish = (quiz, right, outcome) => {
    const said = quiz.querySelector(".said");
    said.querySelector(".outcome").textContent = outcome;
    said.classList.toggle("missed", !right);
    said.classList.toggle("below", quiz.offsetTop < 200 && !quiz.closest(".column"));
    said.hidden = false;
    quiz.dataset.answered = right ? "right" : "wrong";
  };
  const mark = (choice, right) => {
    choice.classList.add(right ? "is-right" : "is-wrong");
    choice.querySelector(".verdict").textContent = right ? "✓" : "✗";
    choice.querySelector(".verdict").removeAttribute("aria-hidden");
  };
  const choose = (quiz, choice) => {
    if (!choice || quiz.dataset.answered) return;
    const all = [...quiz.querySelectorAll(".choice")];
    if (quiz.dataset.kind === "many") {
      choice.setAttribute("aria-pressed", String(choice.getAttribute("aria-pressed") !== "true"));
      quiz.querySelector(".commit").disabled = !all.some((c) => c.getAttribute("aria-pressed") === "true");
      return;
    }
    const right = choice.dataset.right === "1";
    choice.setAttribute("aria-pressed", "true");
    all.forEach((c) => { if (c === choice || c.dataset.right === "1") mark(c, c.dataset.right === "1"); c.disabled = true; });
    finish(quiz, right, right ? "Right." : "Not so.");
  };
  const commitMany = (quiz) => {
    const all = [...quiz.querySelectorAll(".choice")], wanted = all.filter((c) => c.dataset.right === "1");
    const picked = all.filter((c) => c.getAttribute("aria-pressed") === "true"), hit = picked.filter((c) => c.dataset.right === "1");
    if (quiz.dataset.answered || !picked.length) return;
    all.forEach((c) => { if (picked.includes(c) || c.dataset.right === "1") mark(c, c.dataset.right === "1"); c.disabled = true; });
    quiz.querySelector(".commit").disabled = true;
    const exact = hit.length === wanted.length && picked.length === wanted.length;
    finish(quiz, exact, exact ? `Right: all ${wanted.length}.` : `${hit.length} of the ${wanted.length} found${picked.length > hit.length ? `, and ${picked.length - hit.length} too many` : ""}.`);
  };
  const commitNumber = (quiz) => {
    const field = quiz.querySelector("input"), got = grade(field.value), want = +quiz.dataset.answer;
    if (quiz.dataset.answered) return;
    if (got === null) { toast("a number, please: 5000000, 5e6 or 5M"); field.focus(); return; }
    const off = want ? (got - want) / Math.abs(want) : got, right = Math.abs(off) <= +quiz.dataset.near + 1e-12;
    const ratio = Math.max(got / want, want / got), side = off > 0 ? "high" : "low", share = 100 * Math.abs(off);
    const much = got > 0 && want > 0 && ratio > 3 ? `${ratio < 10 ? ratio.toFixed(1) : Math.round(ratio).toLocaleString("en")} times too ${side}` : `${share.toFixed(share < 9.5 ? 1 : 0)} % too ${side}`;
    field.disabled = quiz.querySelector(".commit").disabled = true;
    field.classList.add(right ? "is-right" : "is-wrong");
    finish(quiz, right, right ? (off ? `Near enough: it is ${quiz.dataset.shown}; you were ${much}.` : `Exactly: ${quiz.dataset.shown}.`) : `It is ${quiz.dataset.shown}; your ${field.value.trim()} was ${much}.`);
  };
  const again = (quiz) => {
    delete quiz.dataset.answered;
    quiz.querySelector(".said").hidden = true;
    quiz.querySelectorAll(".choice").forEach((c) => { c.disabled = false; c.classList.remove("is-right", "is-wrong"); c.setAttribute("aria-pressed", "false"); c.querySelector(".verdict").textContent = ""; });
    quiz.querySelectorAll("input").forEach((f) => { f.disabled = false; f.value = ""; f.classList.remove("is-right", "is-wrong"); });
    const commit = quiz.querySelector(".commit");
    if (commit) commit.disabled = quiz.dataset.kind === "many";
  };
  const quizzes = () => [...frames[now].querySelectorAll(".quiz")];
  const open = () => quizzes().find((q) => !q.dataset.answered);
  document.querySelectorAll(".quiz").forEach((quiz) => {
    quiz.addEventListener("click", (e) => {
      if (body.classList.contains("overview")) return;
      const choice = e.target.closest(".choice");
      if (choice) choose(quiz, choice);
      else if (e.target.closest(".commit") && quiz.dataset.kind === "many") commitMany(quiz);
      else if (e.target.closest(".said")) quiz.querySelector(".said").hidden = true;
    });
    quiz.querySelector("form")?.addEventListener("submit", (e) => { e.preventDefault(); commitNumber(quiz); });
  });

  // ---- panels
  let toasting = 0;
  const toast = (text) => { document.querySelector(".toast")?.remove(); add("div", "toast", text); clearTimeout(toasting); toasting = setTimeout(() => document.querySelector(".toast")?.remove(), 1600); };
  const KEYS = [["→  ←", "next and previous frame (also Space, Page keys, a clicker, a swipe)"], ["↓  ↑", "step this frame's animation on and back"], ["p", "play or pause the animation"],
    ["1 … 9, 0", "answer the question on this frame; Enter commits"], ["q", "go to the question;  r  asks it again"], ["g 12 Enter", "go to frame 12"], ["Home  End", "first and last frame"],
    ["o", "overview of all frames"], ["n", "speaker notes and clock"], ["s", "speaker's own window"], ["d", "dark and light"], ["f", "full screen"],
    ["Ctrl P", "print or PDF: a frame a page, answers last; with notes if they are open"], ["Esc", "close, leave a player or a field"]];
  const help = () => {
    const shown = document.querySelector(".help");
    if (shown) return shown.remove();
    const box = add("div", "help");
    box.setAttribute("role", "dialog"); box.setAttribute("aria-label", "keys"); box.tabIndex = -1;
    const head = document.createElement("h2"), list = document.createElement("dl");
    head.textContent = "Keys";
    for (const [keys, does] of KEYS) {
      const dt = document.createElement("dt"), dd = document.createElement("dd");
      keys.split(/\s{2,}|, /).forEach((k, i) => { if (i) dt.append(" "); const kbd = document.createElement("kbd"); kbd.textContent = k; dt.append(kbd); });
      dd.textContent = does; list.append(dt, dd);
    }
    const foot = document.createElement("p");
    foot.textContent = "A picture that was clicked takes the arrow keys itself, until Esc.";
    box.append(head, list, foot); box.focus();
    box.addEventListener("click", help);
  };
  const overview = (on = !body.classList.contains("overview")) => { body.classList.toggle("overview", on); body.classList.toggle("one", !on); show(now); if (on) slots[now].scrollIntoView({ block: "center" }); };
  const notes = () => { body.classList.toggle("with-notes"); since ??= Date.now(); tick(); fit(); };
  const dark = (on) => { root.dataset.theme = (on ?? root.dataset.theme !== "dark") ? "dark" : "light"; if (speaker && !speaker.closed) speaker.postMessage({ theme: root.dataset.theme }, "*"); };
  const full = () => (document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen?.());
  const speak = () => {
    speaker = window.open(`${location.href.split(/[?#]/)[0]}?speaker#${frames[now].id}`, "speaker", "width=1200,height=860");
    if (!speaker) toast("the browser did not allow a second window");
  };
  const clock = add("div", "clock"); clock.hidden = true;
  const tick = () => {
    clock.hidden = !(body.classList.contains("with-notes") || isSpeaker);
    const planned = slots.slice(0, now + 1).reduce((sum, s) => sum + +s.querySelector(".frame").dataset.minutes, 0);
    const gone = since ? (Date.now() - since) / 60000 : 0, two = (n) => String(Math.floor(n)).padStart(2, "0");
    clock.textContent = `${now + 1}/${frames.length} · ${two(gone)}:${two((gone % 1) * 60)} gone · ${planned.toFixed(0)} of ${facts.minutes} min planned`;
  };
  setInterval(tick, 1000);

  // ---- keys
  const typing = () => /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "") && document.activeElement.type !== "range";
  const inPlayer = (e) => e.target instanceof Element && e.target.closest(".scene") && e.isTrusted;
  const turn = (by) => show(now + by);
  addEventListener("keydown", (e) => {
    if (!e.isTrusted && e.target instanceof Element && e.target.closest(".scene")) return;
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const key = e.key;
    if (key === "Escape") {
      typed = null; document.querySelector(".toast")?.remove();
      if (document.querySelector(".help")) return help();
      if (body.classList.contains("overview")) return overview(false);
      const said = frames[now].querySelector(".said:not([hidden])");
      if (said && !inPlayer(e)) said.hidden = true;
      return frames[now].focus({ preventScroll: true });
    }
    if (typing()) return;
    if (typed !== null) {
      if (/^\d$/.test(key)) typed += key;
      else if (key === "Backspace") typed = typed.slice(0, -1);
      else { if (key === "Enter" && typed) show(+typed - 1); typed = null; document.querySelector(".toast")?.remove(); e.preventDefault(); return; }
      toast(`go to frame ${typed || "…"}`); e.preventDefault(); return;
    }
    const many = open()?.dataset.kind === "many" && open().querySelector('[aria-pressed="true"]') && e.target.closest?.(".choice");
    if (key === "Enter" && many) { commitMany(open()); e.preventDefault(); return; }
    if (e.defaultPrevented || (/^( |Enter)$/.test(key) && e.target.closest?.("button, select"))) return;
    const quiz = open();
    const does = {
      ArrowRight: () => turn(1), PageDown: () => turn(1), " ": () => turn(e.shiftKey ? -1 : 1), ArrowLeft: () => turn(-1), PageUp: () => turn(-1),
      ArrowDown: () => (body.classList.contains("overview") ? turn(perRow()) : root.classList.contains("narrow") ? 0 : press("ArrowRight")),
      ArrowUp: () => (body.classList.contains("overview") ? turn(-perRow()) : root.classList.contains("narrow") ? 0 : press("ArrowLeft")),
      p: () => press(" "), Home: () => show(0), End: () => show(frames.length - 1), o: () => overview(), n: notes, s: speak, d: () => dark(), f: full, "?": help, h: help,
      g: () => { typed = ""; toast("go to frame …"); }, r: () => quizzes().forEach(again),
      q: () => quizzes()[0]?.querySelector("input:not([disabled]), .choice:not([disabled])")?.focus(),
      Enter: () => (body.classList.contains("overview") ? overview(false) : quiz?.dataset.kind === "many" ? commitMany(quiz) : quiz?.querySelector("input")?.focus()),
    }[key] ?? (/^\d$/.test(key) && quiz ? () => choose(quiz, quiz.querySelectorAll(".choice")[(+key + 9) % 10]) : null);
    if (!does) return;
    if (does() !== 0) e.preventDefault();
  });
  const perRow = () => Math.max(1, slots.filter((s) => s.offsetTop === slots[0].offsetTop).length);

  // ---- pointer and touch
  slots.forEach((slot, i) => slot.addEventListener("click", () => { if (body.classList.contains("overview")) { now = i; overview(false); } }));
  let from = null;
  addEventListener("touchstart", (e) => { from = e.touches.length === 1 && !e.target.closest(".scene, input, .listing") ? e.touches[0] : null; }, { passive: true });
  addEventListener("touchend", (e) => {
    if (!from) return;
    const dx = e.changedTouches[0].clientX - from.clientX, dy = e.changedTouches[0].clientY - from.clientY;
    if (Math.abs(dx) > 60 && Math.abs(dx) > 2 * Math.abs(dy)) turn(dx < 0 ? 1 : -1);
    from = null;
  }, { passive: true });
  const ask = add("button", "ask-help", "?");
  ask.type = "button"; ask.setAttribute("aria-label", "keys"); ask.addEventListener("click", () => { help(); ask.blur(); });

  // ---- two windows
  addEventListener("message", (e) => {
    if (isSpeaker && e.source === window.opener) { if ("deck" in e.data) show(e.data.deck, false); if ("theme" in e.data) root.dataset.theme = e.data.theme; }
    else if (e.source === speaker && e.data.turn !== undefined) show(e.data.turn);
    else if (e.source === speaker && e.data.ready) { tell(); speaker.postMessage({ theme: root.dataset.theme }, "*"); }
  });
  if (isSpeaker && window.opener) {
    addEventListener("keydown", () => setTimeout(() => window.opener.postMessage({ turn: now }, "*")));
    window.opener.postMessage({ ready: true }, "*");
  }

  // ---- start
  root.classList.add("scripted");
  body.classList.add(isSpeaker ? "speaker" : "one");
  if (matchMedia("(prefers-color-scheme: dark)").matches) dark(true);
  addEventListener("resize", fit);
  addEventListener("hashchange", () => { const at = ofHash(); if (at !== null && at !== now) show(at); });
  document.querySelectorAll('a[href^="#"]').forEach((a) => a.addEventListener("click", () => setTimeout(() => dispatchEvent(new HashChangeEvent("hashchange")))));
  show(ofHash() ?? 0);
})();
