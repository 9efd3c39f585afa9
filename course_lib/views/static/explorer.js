// The nest explorer: a choice (order, tiles, kinds) is edited here, asked of `ask`, and the answer is drawn by the player.
globalThis.nestExplorer = (root, first, ask) => {
  const KINDS = ["serial", "unroll", "vectorize", "parallel", "spatial"];
  const KEYS = { "data-lm-suppress-shortcuts": "true" };
  const make = (tag, name, parent, attributes = {}, words = "") => {
    const made = document.createElement(tag);
    if (name) made.className = name;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (words) made.textContent = words;
    parent?.append(made);
    return made;
  };
  root.className = "scene nest";
  root.setAttribute("role", "group");
  const title = make("h2", "", root);
  const failure = make("p", "nest-error", root, { role: "alert", hidden: "" });
  const left = make("div", "nest-left", root), right = make("div", "nest-right", root);
  make("h3", "", left, { id: "nest-order" }, "Loops, outermost first");
  make("p", "nest-hint", left, {}, "Drag a loop, or focus it and press Alt with the up or down arrow.");
  const list = make("ol", "", left, { "aria-labelledby": "nest-order" });
  make("h3", "", left, {}, "Tiles");
  const tiles = make("div", "", left);
  make("h3", "", left, {}, "Held in a register").style.marginTop = "14px";
  const held = make("div", "nest-held", left, { role: "group", "aria-label": "held in a register" });
  make("h3", "", left, {}, "Figures").style.marginTop = "14px";
  const figures = make("dl", "", left, { "aria-live": "polite" });
  const button = make("button", "nest-measure", left, { type: "button", ...KEYS }, "Measure");
  const listing = make("pre", "", right, { tabindex: "0", "aria-label": "Listing" });
  const players = {};
  let choice, dims, timer = 0, dragged = -1, focusOn = null;

  const send = (measure = false, wait = 0) => {
    clearTimeout(timer);
    timer = setTimeout(() => { root.classList.add("waiting"); ask({ ...choice, measure, turn: Date.now() }); }, wait);
  };
  function move(from, to) {
    if (to < 0 || to >= choice.order.length || from === to) return;
    const order = [...choice.order], [name] = order.splice(from, 1);
    order.splice(to, 0, name);
    choice = { ...choice, order };
    focusOn = name;
    send();
  }
  function tile(dim, size) {
    const { [dim]: old = 0, ...others } = choice.tiles;
    let order = [...choice.order];
    const kinds = { ...choice.kinds };
    if (size && !old) order = order.flatMap((name) => (name === dim ? [`${dim}_t`, `${dim}_s`] : [name]));
    if (!size && old) order = order.filter((name) => name !== `${dim}_s`).map((name) => (name === `${dim}_t` ? dim : name));
    for (const name of Object.keys(kinds)) if (!order.includes(name)) delete kinds[name];
    choice = { ...choice, order, kinds, tiles: size ? { ...others, [dim]: size } : others };
    send(false, 60);
  }
  button.addEventListener("click", () => { button.disabled = true; button.textContent = "Measuring…"; send(true); });

  function drawLoops(loops) {
    const had = focusOn;
    list.replaceChildren();
    loops.forEach((loop, i) => {
      const row = make("li", "", list, { tabindex: "0", draggable: "true", "data-loop": loop.name, "aria-label": `${loop.name}, ${loop.extent} turns, ${loop.kind}, place ${i + 1} of ${loops.length}`, ...KEYS });
      make("b", "", row, {}, loop.name);
      make("span", "", row, {}, String(loop.extent));
      const kind = make("select", "", row, { "aria-label": `kind of ${loop.name}`, ...KEYS });
      for (const name of KINDS) make("option", "", kind, { value: name }, name);
      kind.value = loop.kind;
      kind.addEventListener("change", () => {
        const kinds = { ...choice.kinds };
        if (kind.value === "serial") delete kinds[loop.name]; else kinds[loop.name] = kind.value;
        choice = { ...choice, kinds };
        send();
      });
      const up = make("button", "", row, { type: "button", "aria-label": `${loop.name} outwards`, ...KEYS }, "↑");
      const down = make("button", "", row, { type: "button", "aria-label": `${loop.name} inwards`, ...KEYS }, "↓");
      up.disabled = i === 0;
      down.disabled = i === loops.length - 1;
      up.addEventListener("click", () => move(i, i - 1));
      down.addEventListener("click", () => move(i, i + 1));
      row.addEventListener("keydown", (event) => {
        const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
        if (event.target !== row || !by) return;
        event.preventDefault();
        event.stopPropagation();
        if (event.altKey) move(i, i + by);
        else list.children[i + by]?.focus();
      });
      row.addEventListener("dragstart", (event) => { dragged = i; event.dataTransfer.setData("text/plain", loop.name); });
      row.addEventListener("dragover", (event) => { event.preventDefault(); row.classList.add("over"); });
      row.addEventListener("dragleave", () => row.classList.remove("over"));
      row.addEventListener("drop", (event) => { event.preventDefault(); row.classList.remove("over"); if (dragged >= 0) move(dragged, i); dragged = -1; });
      if (loop.name === had) row.focus();
    });
    focusOn = null;
  }
  function drawTiles() {
    if (tiles.childElementCount) {
      for (const input of tiles.querySelectorAll("input")) {
        const dim = dims.find((d) => d.name === input.dataset.dim);
        input.value = String(Math.max(0, dim.sizes.indexOf(choice.tiles[dim.name] ?? 0)));
        input.dispatchEvent(new Event("said"));
      }
      return;
    }
    for (const dim of dims.filter((d) => d.sizes.length > 1)) {
      const label = make("label", "", tiles);
      make("b", "", label, {}, dim.name);
      const input = make("input", "", label, { type: "range", min: "0", max: String(dim.sizes.length - 1), step: "1", "data-dim": dim.name, "aria-label": `tile of ${dim.name}`, ...KEYS });
      const out = make("output", "", label);
      const say = () => {
        const size = dim.sizes[Number(input.value)];
        out.textContent = size ? `${size} of ${dim.extent}` : `none`;
        input.setAttribute("aria-valuetext", out.textContent);
      };
      input.value = String(Math.max(0, dim.sizes.indexOf(choice.tiles[dim.name] ?? 0)));
      say();
      input.addEventListener("said", say);
      input.addEventListener("input", () => { say(); tile(dim.name, dim.sizes[Number(input.value)]); });
    }
  }
  function drawHeld(tensors) {
    held.replaceChildren();
    for (const name of tensors) {
      const label = make("label", "", held);
      const box = make("input", "", label, { type: "checkbox", "aria-label": `hold ${name}`, ...KEYS });
      make("span", "", label, {}, name);
      box.checked = choice.hold.includes(name);
      box.addEventListener("change", () => {
        choice = { ...choice, hold: tensors.filter((other) => (other === name ? box.checked : choice.hold.includes(other))) };
        held.dataset.focus = name;
        send();
      });
      if (held.dataset.focus === name) box.focus();
    }
    delete held.dataset.focus;
  }
  let shown = first;
  function update(answer) {
    root.classList.remove("waiting");
    button.disabled = false;
    button.textContent = "Measure";
    failure.hidden = !answer.error;
    if (answer.error) {
      failure.textContent = answer.error;
      choice = structuredClone(shown.choice); // the last nest that can be stays on the page
      drawLoops(shown.loops);
      drawTiles();
      drawHeld(shown.tensors);
      return;
    }
    shown = answer;
    choice = structuredClone(answer.choice);
    dims = answer.dims;
    title.textContent = answer.title;
    listing.textContent = answer.listing;
    button.hidden = !answer.timed;
    figures.replaceChildren();
    for (const [name, value] of answer.figures) { make("dt", "", figures, {}, name); make("dd", "", figures, {}, value); }
    drawLoops(answer.loops);
    drawTiles();
    drawHeld(answer.tensors);
    for (const name of ["bound", "visits", "traffic", "loops"]) {
      const data = answer.scenes[name];
      if (!data) continue;
      if (players[name]) players[name].update(data);
      else players[name] = globalThis.scenePlayer.mount(make("figure", `scene nest-${name}`, right), data);
    }
    root.dataset.turn = String(Number(root.dataset.turn ?? -1) + 1);
  }
  update(first);
  return { update };
};
